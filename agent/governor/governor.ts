/**
 * The governor's loop: reads sockets, probes and board, asks `decide`, and paces the peers'
 * connections by the answer. Everything it does between two sleeps is a few system calls.
 */

import type { DelayProbe } from "../../hardware/probe.ts";
import type { PeerReading, PeerSockets, SocketAbility } from "../../hardware/sockets.ts";
import type { Clock } from "../core/clock.ts";
import { reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { every, type Part } from "../core/part.ts";
import {
  type BitsPerSecond,
  type Bytes,
  bitsPerSecond,
  bytes,
  milliseconds,
} from "../core/units.ts";
import { BOARD_PERIOD, type BoardDevices, BoardReader, type BoardReading } from "./board-reader.ts";
import {
  type Decision,
  decide,
  type GovernorState,
  type Now,
  type Samples,
  startGovernor,
} from "./decide.ts";
import type { Neighbourhood } from "./neighbourhood.ts";
import type { Neighbours } from "./neighbours.ts";
import { PeerPacer } from "./peer-pacer.ts";
import type { Policy } from "./policy.ts";
import { type ProbePlaces, ProbeRounds } from "./probe-rounds.ts";
import { onCard, takeSample } from "./sampling.ts";
import type { Signal } from "./signals.ts";
import { type Look, Looks } from "./uneventful.ts";
import type { Verdict, VerdictSource } from "./verdict.ts";
import type { Volume } from "./volume.ts";
import { type TextStore, VolumeKeeper } from "./volume-store.ts";

/** Late answers are looked for again after this, so often. */
const AGAIN_AFTER = milliseconds(9);
const AGAIN_TIMES = 2;
/** A timer may go off so much early: what is left then is not worth waking once more. */
const LEAST_SLEEP = milliseconds(1);
/** Turns pass so many times between two looks, and so many milliseconds from one another and from these. */
const MOST_PASSES = 2;
const LEAST_PASS = 6;

export interface GovernorOptions extends ProbePlaces {
  readonly clock: Clock;
  readonly log: Log;
  readonly sockets: PeerSockets;
  readonly probe: DelayProbe;
  readonly device: BoardDevices;
  /** Where other boxes of this home are met; absent where there can be none. */
  readonly neighbourhood?: Neighbourhood;
  readonly policy: () => Policy;
  /** What others at home send by the router's counters, where these have proven true. */
  readonly householdUpload?: () => BitsPerSecond | undefined;
  /** Whether a time source keeps the wall clock right. Asked about once a second; never when absent. */
  readonly synchronised?: () => boolean;
  /** Keeps the day's and the month's volume. */
  readonly store: TextStore;
  /** Gets what `decide` got and gave, tick by tick, to be replayed later. */
  readonly record?: (samples: Samples, policy: Policy, now: Now, decision: Decision) => void;
}

export interface LineReport {
  /** What the line is believed to carry; undefined until learned. */
  readonly capacity?: BitsPerSecond;
  readonly missing: readonly Signal[];
  readonly pacing: SocketAbility;
  readonly volume: Volume;
}

export interface Governor extends Part, VerdictSource {
  readonly report: LineReport;
  /** Bytes to peers since the start as the network card counts them, closed connections included. */
  sentToPeers(): Bytes;
}

export function createGovernor(options: GovernorOptions): Governor {
  return new PacingGovernor(options);
}

class PacingGovernor implements Governor {
  readonly name = "governor";
  readonly #options: GovernorOptions;
  readonly #volume: VolumeKeeper;
  readonly #board: BoardReader;
  readonly #pacer: PeerPacer;
  readonly #probes: ProbeRounds;
  readonly #looks = new Looks();
  #state: GovernorState;
  #decision: Decision;
  #boardReading: (BoardReading & { readonly neighbours?: Neighbours }) | undefined;
  #reading: PeerReading | undefined;
  #sent = 0;
  #synchronised = false;
  #failing = false;

  constructor(options: GovernorOptions) {
    this.#options = options;
    const { wall, monotonic } = this.#now();
    this.#volume = new VolumeKeeper(options.store, wall, monotonic);
    this.#board = new BoardReader(options.device);
    this.#pacer = new PeerPacer(options.sockets);
    this.#probes = new ProbeRounds(options.probe, options, monotonic);
    this.#state = startGovernor(this.#volume.volume, { wall, monotonic });
    this.#decision = {
      state: this.#state,
      verdict: { state: "held", reason: "line-unknown" },
      calm: false,
      probes: false,
      probeEvery: milliseconds(25),
      lookAfter: milliseconds(25),
      lookAgain: false,
      inTurn: false,
      train: 0,
      congestionControl: "reno",
      missing: [],
    };
  }

  get current(): Verdict {
    return this.#decision.verdict;
  }

  get report(): LineReport {
    const { capacity } = this.#state.line;
    return {
      ...(capacity !== undefined && { capacity: bitsPerSecond(capacity) }),
      missing: this.#decision.missing,
      pacing: this.#options.sockets.ability,
      volume: this.#state.volume,
    };
  }

  sentToPeers(): Bytes {
    return onCard(this.#sent);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    try {
      await Promise.all([
        every(BOARD_PERIOD, () => this.#readBoard(), { clock, log, signal, name: "board" }),
        this.#follow(signal),
      ]);
    } finally {
      this.#options.probe.close();
      this.#options.neighbourhood?.close();
      this.#volume.close();
    }
  }

  async #readBoard(): Promise<void> {
    this.#synchronised = this.#options.synchronised?.() ?? false;
    const { neighbourhood, clock } = this.#options;
    const neighbours = neighbourhood?.meet(this.#decision, clock.monotonicMs());
    this.#boardReading = { ...(await this.#board.read()), ...(neighbours && { neighbours }) };
  }

  /** Round after round, at the pace that the decision says. One that fails holds sharing. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      const begun = clock.monotonicMs();
      const { probeEvery } = this.#decision;
      try {
        await this.#round(begun, signal);
        if (this.#failing) log.notice("governor works again");
        this.#failing = false;
      } catch (fault) {
        if (!this.#failing) log.error("governor fails", { reason: reasonOf(fault) });
        this.#failing = true;
        this.#holdAll();
      }
      // Something has happened: the next probes leave at once.
      if (this.#decision.probeEvery < probeEvery) continue;
      await this.#turnUntil(begun + probeEvery, signal);
    }
  }

  /** Probes, and looks when the decision says. */
  async #round(begun: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const { probes, probeEvery, lookAfter, inTurn } = this.#decision;
    if (probes) this.#probes.send(begun, inTurn);
    if (lookAfter < probeEvery && this.#pacer.isTurning(begun)) await this.#passTurns();
    await this.#turnUntil(begun + lookAfter, signal);
    await this.#look();
    for (let times = 0; this.#decision.lookAgain && times < AGAIN_TIMES; times++) {
      await clock.sleep(AGAIN_AFTER, signal);
      await this.#look();
    }
  }

  /** By what was read last, for reading may be what fails. Where not even this works the part ends. */
  #holdAll(): void {
    const verdict = { state: "held", reason: "signals-missing" } as const;
    this.#decision = { ...this.#decision, verdict };
    if (this.#reading) this.#pace(this.#reading, this.#options.clock.monotonicMs());
  }

  async #sleepUntil(at: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const rest = at - clock.monotonicMs();
    if (rest > LEAST_SLEEP) await clock.sleep(milliseconds(rest), signal);
  }

  /** Where turns pass often, they do between two looks too: when one of them ends, and not long after. */
  async #turnUntil(at: number, signal: AbortSignal): Promise<void> {
    const { clock, sockets } = this.#options;
    const most = sockets.ability === "paced" ? MOST_PASSES : 0;
    for (let times = 0; times < most; times++) {
      const passes = Math.max(this.#pacer.passesAt, clock.monotonicMs() + LEAST_PASS);
      if (passes > at - LEAST_PASS || signal.aborted) break;
      await this.#sleepUntil(passes, signal);
      await this.#passTurns();
    }
    await this.#sleepUntil(at, signal);
  }

  async #passTurns(): Promise<void> {
    const { sockets, clock } = this.#options;
    if (sockets.ability === "paced") this.#pace(await sockets.read(), clock.monotonicMs());
  }

  async #look(): Promise<void> {
    const { sockets, policy } = this.#options;
    const now = this.#now();
    const reading = sockets.ability === "blind" ? undefined : await sockets.read();
    this.#reading = reading;
    const { places, replies, unanswered, train, silent } = this.#probes.answers(now.monotonic);
    const householdUpload = this.#options.householdUpload?.();
    const samples: Samples = {
      line: {
        ...takeSample(now.monotonic, reading, replies, places, silent, train),
        ...(unanswered !== undefined && { unanswered }),
        ...(householdUpload !== undefined && { householdUpload }),
      },
      sent: this.#sentSince(reading),
      ...this.#boardReading,
    };
    this.#boardReading = undefined;
    const look = { samples, policy: policy(), now };
    for (const each of this.#looks.take(look, this.#decision)) this.#decide(each);
    if (reading) this.#pace(reading, now.monotonic);
  }

  #decide(look: Look): void {
    const { samples, policy, now } = look;
    const decision = decide(samples, policy, this.#state, now);
    this.#options.record?.(samples, policy, now, decision);
    this.#looks.decided(look, this.#state, decision.state);
    this.#settle(decision, policy);
    if (decision.train > 0) this.#probes.sendTrain(now.monotonic, decision.train);
  }

  #settle(decision: Decision, policy: Policy): void {
    const before = this.#decision.verdict;
    this.#decision = decision;
    this.#state = decision.state;
    const caps = [policy.dailyCap, policy.monthlyCap].filter((cap) => cap !== undefined);
    this.#volume.update(decision.state.volume, Math.min(...caps, Number.POSITIVE_INFINITY));
    const { verdict } = decision;
    if (verdict.state === before.state && verdict.reason === before.reason) return;
    this.#options.log.info("sharing changed", { state: verdict.state, reason: verdict.reason });
  }

  #sentSince(reading: PeerReading | undefined): Bytes {
    const more = Math.max(0, (reading?.sent ?? 0) - this.#sent);
    this.#sent += more;
    return bytes(onCard(more) + this.#probes.takeSent());
  }

  #pace(reading: PeerReading, at: number): void {
    const { verdict, congestionControl } = this.#decision;
    this.#options.sockets.control(congestionControl);
    this.#pacer.pace(reading, verdict, this.#makesRoom(), at);
  }

  #makesRoom(): boolean {
    const { rate, available } = this.#state.line;
    return rate < 0.1 * (available ?? Number.POSITIVE_INFINITY);
  }

  #now(): Now {
    const { clock } = this.#options;
    const now = { monotonic: clock.monotonicMs(), wall: clock.wallMs() };
    return this.#synchronised ? { ...now, synchronised: true } : now;
  }
}
