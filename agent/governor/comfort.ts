/**
 * The console comes first: sharing ends before the processor, the heat or the picture suffer, and
 * comes back only when they are well clear again. What a board does not tell bounds the load instead.
 */
import type { PlaybackState } from "../../hardware/playback.ts";
import type { ThermalZone } from "../../hardware/thermal.ts";
import { type BitsPerSecond, megabitsPerSecond } from "../core/units.ts";
import type { Reason } from "./verdict.ts";

/** What the board tells, about once a second. */
export interface BoardSample {
  /** Busy share of all cores since the last sample, 0 to 1; absent when the kernel does not tell. */
  readonly busy?: number;
  /** PSI "some" of the last 10 s in per cent, where the kernel has it. */
  readonly cpuPressure?: number;
  readonly ioPressure?: number;
  readonly memoryPressure?: number;
  /** Empty when no zone answers. */
  readonly zones: readonly ThermalZone[];
  readonly playback: PlaybackState;
}

export interface ComfortState {
  /** Smoothed busy share; absent until known. */
  readonly busy?: number;
  readonly strained: boolean;
  /** Names of the zones that are warm, and samples since each answered last. */
  readonly warm: ReadonlyMap<string, number>;
}

export const atEase: ComfortState = { strained: false, warm: new Map() };

export type Comfort =
  | { readonly fine: true; readonly ceiling: BitsPerSecond; readonly reason?: Reason }
  | { readonly fine: false; readonly reason: Reason };

const BUSY = { enter: 0.85, leave: 0.7 };
const CPU_PRESSURE = { enter: 40, leave: 15 };
const IO_PRESSURE = { enter: 60, leave: 30 };
const MEMORY_PRESSURE = { enter: 20, leave: 5 };
/** Sharing stops this far below the point where the board would throttle itself. */
const BELOW_TRIP = 5;
const COOL_DOWN = 5;
/** A zone that was warm and no longer answers has not cooled down for so many samples, about ten minutes. */
const GONE_SAMPLES = 600;
/** Where the maker set no trip point. */
const WARM_BY_DEFAULT = 80;
/** Work that a console does in passing: what it can't measure, it does no more of than this. */
const UNMEASURED_HEAT = megabitsPerSecond(100);
const UNMEASURED_LOAD = megabitsPerSecond(100);
const UNKNOWN_PLAYBACK = megabitsPerSecond(50);

export function observeBoard(state: ComfortState, sample: BoardSample): ComfortState {
  const busy =
    sample.busy === undefined
      ? undefined
      : (state.busy ?? sample.busy) + 0.3 * (sample.busy - (state.busy ?? sample.busy));
  const over = (value: number | undefined, bound: { enter: number; leave: number }) =>
    value !== undefined && value > (state.strained ? bound.leave : bound.enter);
  const strained =
    over(busy, BUSY) ||
    over(sample.cpuPressure, CPU_PRESSURE) ||
    over(sample.ioPressure, IO_PRESSURE) ||
    over(sample.memoryPressure, MEMORY_PRESSURE);
  const margin = (name: string) => (state.warm.has(name) ? COOL_DOWN : 0);
  const warm = new Map<string, number>();
  for (const [name, samples] of state.warm) {
    const answers = sample.zones.some((zone) => zone.name === name);
    if (!answers && samples < GONE_SAMPLES) warm.set(name, samples + 1);
  }
  for (const zone of sample.zones) {
    if (zone.temperature > warmFrom(zone) - margin(zone.name)) warm.set(zone.name, 0);
  }
  return { ...(busy !== undefined && { busy }), strained, warm };
}

/** undefined for a sample: nothing was ever read of the board. */
export function checkComfort(state: ComfortState, sample: BoardSample | undefined): Comfort {
  if (sample?.playback === "playing") return { fine: false, reason: "playback" };
  if (state.warm.size > 0) return { fine: false, reason: "warm" };
  if (state.strained) return { fine: false, reason: "cpu-busy" };
  const bounds: readonly (readonly [boolean, BitsPerSecond, Reason])[] = [
    [sample === undefined || sample.playback === "unknown", UNKNOWN_PLAYBACK, "playback-unknown"],
    [sample === undefined || sample.zones.length === 0, UNMEASURED_HEAT, "heat-unknown"],
    [sample?.busy === undefined, UNMEASURED_LOAD, "signals-missing"],
  ];
  const first = bounds.find(([missing]) => missing);
  if (!first) return { fine: true, ceiling: megabitsPerSecond(Number.POSITIVE_INFINITY) };
  return { fine: true, ceiling: first[1], reason: first[2] };
}

/** The lowest trip point at which the board starts to act, less a margin. */
function warmFrom(zone: ThermalZone): number {
  const trips = zone.trips.filter((trip) => trip.type !== "active" && trip.temperature > 40);
  const first = trips.map((trip) => trip.temperature).sort((a, b) => a - b)[0];
  return Math.min(WARM_BY_DEFAULT, (first ?? WARM_BY_DEFAULT + BELOW_TRIP) - BELOW_TRIP);
}
