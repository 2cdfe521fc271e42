/**
 * A home's uplink in numbers, for tests of the law: one queue, our own traffic, the family's, and
 * two places that answer probes. No packets: rates hold for a tick of 25 ms.
 */
import { bytes, celsius, milliseconds } from "../core/units.ts";
import { type Decision, decide, type GovernorState, startGovernor } from "./decide.ts";
import type { Policy } from "./policy.ts";
import { type LineSample, PEERS_TARGET } from "./sample.ts";
import { startVolume } from "./volume.ts";

export const TICK_MS = 25;

export const everythingAllowed: Policy = {
  consented: true,
  paused: false,
  metered: false,
  allowMetered: false,
  share: 100,
  quietHours: [],
  holds: [],
};

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
  policy: Policy;
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
  #acknowledged = 0;
  #sent = 0;
  #lost = 0;
  /** Bits of ours and of the family's. */
  #queued: readonly number[] = [0, 0];
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
      policy: everythingAllowed,
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
    const { capacity, buffer, family, rtt, demand } = this.settings;
    this.at += TICK_MS;
    const own = demand ? this.rate : 0;
    const arrivals = [own, family].map((rate) => (rate * TICK_MS) / 1000);
    const queued = arrivals.map((bits, i) => bits + (this.#queued[i] ?? 0));
    const all = queued.reduce((sum, bits) => sum + bits, 0);
    const carried = Math.min(all, (capacity * TICK_MS) / 1000);
    const over = Math.max(0, all - carried - (capacity * buffer) / 1000);
    const kept = all > 0 ? (all - carried - over) / all : 0;
    const [got = 0, familyGot = 0] = queued.map((bits) => (all > 0 ? (bits * carried) / all : 0));
    const lost = all > 0 ? (over * (queued[0] ?? 0)) / all : 0;
    this.#queued = queued.map((bits) => bits * kept);
    this.#queue = ((all - carried - over) / capacity) * 1000;
    this.familyGot = (familyGot * 1000) / TICK_MS;
    this.#sent += (own * TICK_MS) / 8000;
    this.#acknowledged += got / 8;
    this.#lost += lost / 12_000;
    this.#flying.push({ due: this.at + rtt + this.#queue, queue: this.#queue, sentAt: this.at });
    this.#acks.push({ due: this.at + rtt, acknowledged: this.#acknowledged });
    this.#learn();
    return (got * 1000) / TICK_MS;
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
    const sample: LineSample = {
      at: milliseconds(this.at),
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
          ...(demand && { excess: milliseconds(queue), rtt: milliseconds(rtt) }),
        },
      }),
    };
    this.decision = this.#decide(sample, board);
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

const COOL = { name: "soc", type: "soc", temperature: celsius(40), trips: [] };
