/**
 * Keeps what goes to peers below what the governor allows: sockets are paced where they can be, and
 * traffic control holds the sum, as the only means or as the net below. Reports what is in force
 * by the kernel's counters, never what was asked for.
 */
import type { Nic } from "../../hardware/nic.ts";
import type { ShapingInForce, TrafficControl } from "../../hardware/traffic-control.ts";
import type { Clock } from "../core/clock.ts";
import { assertNever } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { every, type Part } from "../core/part.ts";
import {
  type BitsPerSecond,
  type Bytes,
  bitsPerSecond,
  bytes,
  type Milliseconds,
  milliseconds,
} from "../core/units.ts";
import type { VerdictSource } from "../governor/verdict.ts";
import { type Breach, type CountedSample, findBreach, measuredRate, withSample } from "./breach.ts";
import type { Pacer, PacerState } from "./pacer.ts";
import { Peak } from "./peak.ts";
import { allowedRate, decideAction } from "./plan.ts";

export interface Enforcement {
  /** What holds the rate now; `nothing` must not share. */
  readonly by: "traffic-control" | "pacing" | "both" | "nothing";
  readonly trafficControl: ShapingInForce;
  readonly pacing: PacerState;
  /** What the verdict allows. */
  readonly allowed: BitsPerSecond;
  /** The rate that is in force: the sockets' where they are paced, else the class's; undefined without either. */
  readonly limit?: BitsPerSecond;
  /** What went to peers over the last seconds, by counters; undefined until two of them are known. */
  readonly measured?: BitsPerSecond;
  readonly breach?: Breach;
}

export interface ShaperOptions {
  readonly verdict: VerdictSource;
  readonly nic: Nic;
  readonly trafficControl: TrafficControl;
  /** Local ports of the peer server; empty until it listens. */
  readonly ports: () => readonly number[];
  readonly pacer?: Pacer;
  /** Cumulative bytes to peers by another count than the class's, for when there is no class. */
  readonly sentToPeers?: () => Bytes | undefined;
  /**
   * The household's ceiling while sharing, Infinity for none: what a breach is measured against. The
   * governor's own rate, which moves twenty times a second, is no promise to anybody; it is the
   * measure only where there is no such ceiling to ask for.
   */
  readonly ceiling?: () => BitsPerSecond;
  /** Called once when more went out than was allowed, and again only after it was good in between. */
  readonly onBreach?: (breach: Breach) => void;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Shaper extends Part {
  readonly enforcement: Enforcement;
}

/**
 * How fast a new verdict is followed. No process unless the ceiling has to move, but each wake-up
 * costs: 20 a second are 0.3 % of a core, and paced sockets follow at once anyway.
 */
const FOLLOW = milliseconds(100);
/** How often the interface is looked up. */
const LOOK_UP = milliseconds(1000);
/** How often the kernel is asked what is in force and how much went through. */
const INSPECT = milliseconds(5000);
const never = milliseconds(Number.NEGATIVE_INFINITY);
const NO_PACER: PacerState = { state: "unavailable", reason: "sockets are not paced" };

export function createShaper(options: ShaperOptions): Shaper {
  return new FollowingShaper(options);
}

class FollowingShaper implements Shaper {
  readonly name = "shaper";
  readonly #options: ShaperOptions;
  readonly #peak = new Peak();
  #inForce: ShapingInForce = { state: "none" };
  #device: string | undefined;
  #samples: readonly CountedSample[] = [];
  /** Which counter the samples are of; two counters do not make one series. */
  #source: "class" | "peers" = "peers";
  #breach: Breach | undefined;
  /** Highest rate allowed since the last sample. */
  #allowedSince = bitsPerSecond(0);
  #lookedUp = never;
  #inspected = never;
  #changed = never;
  #refused = never;

  constructor(options: ShaperOptions) {
    this.#options = options;
  }

  get enforcement(): Enforcement {
    const pacing = this.#options.pacer?.state ?? NO_PACER;
    const allowed = allowedRate(this.#options.verdict.current);
    const limit = limitInForce(this.#inForce, pacing, allowed);
    const measured = measuredRate(this.#samples);
    return {
      by: enforcedBy(this.#inForce, pacing),
      trafficControl: this.#inForce,
      pacing,
      allowed,
      ...(limit !== undefined && { limit }),
      ...(measured !== undefined && { measured }),
      ...(this.#breach && { breach: this.#breach }),
    };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    try {
      await every(FOLLOW, () => this.#tick(), { clock, log, signal, name: this.name });
    } finally {
      if (this.#device) await this.#options.trafficControl.remove(this.#device);
    }
  }

  async #tick(): Promise<void> {
    const { verdict, pacer } = this.#options;
    const rate = allowedRate(verdict.current);
    this.#allowedSince = bitsPerSecond(Math.max(this.#allowedSince, this.#promised));
    pacer?.setRate?.(rate);
    await this.#lookUpDevice();
    await this.#inspect();
    await this.#act(rate);
  }

  async #lookUpDevice(): Promise<void> {
    if (!this.#isDue(this.#lookedUp, LOOK_UP)) return;
    this.#lookedUp = this.#now();
    const reading = await this.#options.nic.read();
    if (reading?.name === this.#device) return;
    this.#device = reading?.name;
    this.#refused = never;
  }

  async #inspect(): Promise<void> {
    if (!this.#isDue(this.#inspected, INSPECT)) return;
    this.#inspected = this.#now();
    if (this.#inForce.state === "shaped") {
      this.#note(await this.#options.trafficControl.read(this.#inForce.device));
    }
    this.#count();
  }

  async #act(rate: BitsPerSecond): Promise<void> {
    const { trafficControl, pacer, ports } = this.#options;
    const action = decideAction({
      wanted: this.#device ? { device: this.#device, ports: ports(), rate } : undefined,
      inForce: this.#inForce,
      paced: pacer?.state.state === "pacing",
      peak: this.#peak.note(rate, this.#now()),
      sinceChange: this.#since(this.#changed),
      sinceRefusal: this.#since(this.#refused),
    });
    switch (action.kind) {
      case "none":
        return;
      case "apply":
        this.#changed = this.#now();
        this.#note(await trafficControl.apply(action.plan));
        return;
      case "remove":
        await trafficControl.remove(action.device);
        this.#note({ state: "none" });
        return;
      default:
        assertNever(action);
    }
  }

  #note(inForce: ShapingInForce): void {
    const { log } = this.#options;
    const before = this.#inForce;
    this.#inForce = inForce;
    if (inForce.state === "foreign" || inForce.state === "unavailable") this.#refused = this.#now();
    if (inForce.state === before.state) return;
    if (inForce.state === "unavailable") {
      log.warning("traffic control unavailable", { reason: inForce.reason });
    } else if (inForce.state === "foreign") {
      log.warning("queue of somebody else left alone", inForce);
    } else {
      log.notice("traffic control changed", { state: inForce.state, device: this.#device });
    }
  }

  /** Takes a sample of what went out and judges the window. */
  #count(): void {
    const { sentToPeers, onBreach, log } = this.#options;
    const inForce = this.#inForce;
    const source = inForce.state === "shaped" ? "class" : "peers";
    const sent = source === "class" ? shapedBytes(inForce) : sentToPeers?.();
    if (sent === undefined || source !== this.#source) this.#samples = [];
    this.#source = source;
    if (sent === undefined) return;
    const sample = { at: this.#now(), sent, allowed: this.#allowedSince };
    this.#samples = withSample(this.#samples, sample);
    this.#allowedSince = this.#promised;
    const breach = findBreach(this.#samples);
    if (breach && !this.#breach) {
      log.error("sent more than allowed", { ...breach });
      onBreach?.(breach);
    }
    this.#breach = breach;
  }

  /** The most that may go out now without breaking the household's word. */
  get #promised(): BitsPerSecond {
    const { verdict, ceiling } = this.#options;
    const sharing = verdict.current.state === "sharing";
    return sharing && ceiling ? ceiling() : allowedRate(verdict.current);
  }

  #now(): Milliseconds {
    return this.#options.clock.monotonicMs();
  }

  #since(moment: Milliseconds): Milliseconds {
    return milliseconds(this.#now() - moment);
  }

  #isDue(last: Milliseconds, period: Milliseconds): boolean {
    return this.#since(last) >= period;
  }
}

const shapedBytes = (inForce: ShapingInForce) =>
  inForce.state === "shaped" ? bytes(inForce.sent) : undefined;

function enforcedBy(inForce: ShapingInForce, pacing: PacerState): Enforcement["by"] {
  const shaped = inForce.state === "shaped";
  const paced = pacing.state === "pacing";
  if (shaped && paced) return "both";
  if (shaped) return "traffic-control";
  return paced ? "pacing" : "nothing";
}

function limitInForce(
  inForce: ShapingInForce,
  pacing: PacerState,
  allowed: BitsPerSecond,
): BitsPerSecond | undefined {
  const ceiling = inForce.state === "shaped" ? inForce.rate : undefined;
  if (pacing.state !== "pacing") return ceiling;
  return bitsPerSecond(Math.min(allowed, ceiling ?? allowed));
}
