/**
 * A home's uplink in numbers, for tests of the law: one queue, our own traffic, the family's, and
 * two places that answer probes. No packets: rates hold for a tick of 25 ms.
 */
import { bitsPerSecond, bytes, celsius, milliseconds } from "../core/units.ts";
import { type Decision, decide, type GovernorState, startGovernor } from "./decide.ts";
import { inFairQueues, inOneQueue, leftForOneMore, type Pair } from "./fluid-share.ts";
import type { Neighbours } from "./neighbours.ts";
import { everythingAllowed, type Policy } from "./policy.ts";
import { TRAIN_PACKET } from "./probing.ts";
import { type LineSample, PEERS_TARGET } from "./sample.ts";
import { startVolume } from "./volume.ts";

export const TICK_MS = 25;
const OWN_FLOWS = 2;
/** Ticks. */
const ROUTER_LATE = 80;
/** Seconds of our own that fair queueing lets stand before it drops. */
const FAIR_BUFFER = 0.003;

export interface FluidSettings {
  capacity: number;
  /** Longest queue, in milliseconds at the capacity. */
  buffer: number;
  rtt: number;
  /** What the family wants to send; a greedy flow is a number far above the capacity. */
  family: number;
  demand: boolean;
  probes: boolean;
  peers: boolean;
  board: boolean;
  /** A router that queues each flow by itself; a train then tells what one more flow gets. */
  fair: boolean;
  /** The router's counters, two seconds late. */
  router: boolean;
  policy: Policy;
  /** What other boxes of this home say. */
  neighbours: Neighbours;
}

export class FluidLine {
  readonly settings: FluidSettings;
  at = 0;
  decision: Decision;
  /** What the family got in the last tick, bits per second. */
  familyGot = 0;
  #state: GovernorState;
  /** Milliseconds. */
  #queue = 0;
  #ownQueue = 0;
  /** What the family got, tick by tick, that the router has not told yet. */
  readonly #passed: number[] = [];
  #train: { due: number; sentAt: number; rate: number; spread: number } | undefined;
  #acknowledged = 0;
  #sent = 0;
  #lost = 0;
  /** Bits of ours and of the family's. */
  #queued: Pair = [0, 0];
  #known = 0;
  /** What is on its way back: the queue that a probe met, and own deliveries. */
  readonly #flying: { due: number; queue: number; sentAt: number }[] = [];
  readonly #acks: { due: number; acknowledged: number }[] = [];

  constructor(settings: Partial<FluidSettings> = {}) {
    this.settings = {
      capacity: 20e6,
      buffer: 250,
      rtt: 20,
      family: 0,
      demand: true,
      probes: true,
      peers: true,
      board: true,
      fair: false,
      router: false,
      policy: everythingAllowed,
      neighbours: { line: 0, wanted: [] },
      ...settings,
    };
    this.#state = startGovernor(startVolume(milliseconds(1.8e12), milliseconds(0)), this.#now());
    this.decision = this.#decide({ at: milliseconds(0), delays: [] });
  }

  get queue(): number {
    return this.#queue;
  }

  get rate(): number {
    const { verdict } = this.decision;
    return verdict.state === "sharing" ? verdict.rate : 0;
  }

  /** Runs the line for so long; returns the means over the time and the longest queue. */
  run(duration: number) {
    let own = 0;
    let family = 0;
    let longest = 0;
    const ticks = Math.round(duration / TICK_MS);
    for (let i = 0; i < ticks; i++) {
      own += this.#tick();
      family += this.familyGot;
      longest = Math.max(longest, this.#queue);
    }
    return { own: own / ticks, family: family / ticks, longest };
  }

  /** Milliseconds until a condition holds, looked at after each tick; `limit` when it never does. */
  until(condition: (line: FluidLine) => boolean, limit = 20_000): number {
    const from = this.at;
    while (this.at - from < limit && !condition(this)) this.#tick();
    return this.at - from;
  }

  #tick(): number {
    const { capacity, buffer, family, rtt, demand, fair } = this.settings;
    this.at += TICK_MS;
    const own = demand ? this.rate : 0;
    const tick = TICK_MS / 1000;
    const queued: Pair = [own * tick + this.#queued[0], family * tick + this.#queued[1]];
    const carried = fair
      ? inFairQueues(queued, capacity * tick, capacity * FAIR_BUFFER, OWN_FLOWS)
      : inOneQueue(queued, capacity * tick, (capacity * buffer) / 1000);
    this.#queued = carried.kept;
    this.#queue = (carried.before.probe / capacity) * 1000;
    this.#ownQueue = (carried.before.own / capacity) * 1000;
    this.familyGot = carried.got[1] / tick;
    this.#sent += (own * tick) / 8;
    this.#acknowledged += carried.got[0] / 8;
    this.#lost += carried.lost / 12_000;
    this.#flying.push({ due: this.at + rtt + this.#queue, queue: this.#queue, sentAt: this.at });
    this.#acks.push({ due: this.at + rtt, acknowledged: this.#acknowledged });
    this.#learn();
    return carried.got[0] / tick;
  }

  #learn(): void {
    const { rtt, demand, probes, peers, board } = this.settings;
    const due = this.#flying.filter((probe) => probe.due <= this.at);
    this.#flying.splice(0, due.length);
    const acks = this.#acks.filter((ack) => ack.due <= this.at);
    this.#acks.splice(0, acks.length);
    this.#known = acks.at(-1)?.acknowledged ?? this.#known;
    const delays = due.flatMap(({ queue, sentAt }) =>
      ["reflector-0", "reflector-1"].map((target) => ({
        target,
        sentAt: milliseconds(sentAt),
        rtt: milliseconds(rtt + queue),
        outward: milliseconds(5000 + rtt / 2 + queue),
      })),
    );
    const queue = due.at(-1)?.queue ?? 0;
    const unanswered = this.#flying[0]?.sentAt;
    const sample: LineSample = {
      at: milliseconds(this.at),
      ...(this.settings.router && { householdUpload: bitsPerSecond(this.#counted()) }),
      ...(probes && unanswered !== undefined && { unanswered: milliseconds(unanswered) }),
      delays: probes ? delays : peers && demand ? this.#peersInstead(queue) : [],
      ...(peers && {
        peers: {
          acknowledged: bytes(this.#known),
          sent: bytes(this.#sent),
          retransmitted: Math.floor(this.#lost),
          marked: 0,
          busy: demand ? 3 : 0,
          inFlight: bytes(Math.max(3000, this.#sent - this.#known)),
          waiting: bytes(demand ? 65_536 : 0),
          ...(demand && { excess: milliseconds(this.#ownQueue), rtt: milliseconds(rtt) }),
        },
      }),
    };
    const train = this.#train && this.#train.due <= this.at ? this.#train : undefined;
    if (train) this.#train = undefined;
    this.decision = this.#decide({ ...sample, ...(train && { train: trainSample(train) }) }, board);
    if (this.decision.train > 0) this.#sendTrain();
  }

  #counted(): number {
    this.#passed.push(this.familyGot);
    return this.#passed.length > ROUTER_LATE ? (this.#passed.shift() ?? 0) : 0;
  }

  #sendTrain(): void {
    const { capacity, family, demand, rtt, fair } = this.settings;
    const own = Array.from({ length: OWN_FLOWS }, () => (demand ? this.rate / OWN_FLOWS : 0));
    // In one queue a train stays together, whoever else has packets before and after it.
    const rate = fair ? leftForOneMore(capacity, [...own, family]) : capacity;
    const spread = (this.decision.train * TRAIN_PACKET * 1000) / rate;
    this.#train = { due: this.at + rtt + this.#queue, sentAt: this.at, rate, spread };
  }

  /** As the governor does when no probe answers. */
  #peersInstead(queue: number) {
    const rtt = milliseconds(this.settings.rtt + queue);
    return [{ target: PEERS_TARGET, sentAt: milliseconds(this.at - rtt), rtt }];
  }

  #decide(line: LineSample, board = this.settings.board): Decision {
    const decision = decide(
      {
        line,
        sent: bytes(0),
        ...(board && { board: { busy: 0.1, zones: [COOL], playback: "idle" as const } }),
        online: true,
        neighbours: this.settings.neighbours,
      },
      this.settings.policy,
      this.#state,
      this.#now(),
    );
    this.#state = decision.state;
    return decision;
  }

  #now() {
    return { monotonic: milliseconds(this.at), wall: milliseconds(1.8e12 + this.at) };
  }
}

const trainSample = ({ sentAt, rate, spread }: Record<"sentAt" | "rate" | "spread", number>) => ({
  sentAt: milliseconds(sentAt),
  rate: bitsPerSecond(rate),
  spread: milliseconds(spread),
});

const COOL = { name: "soc", type: "soc", temperature: celsius(40), trips: [] };
