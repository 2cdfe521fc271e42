/**
 * How much was shared today and this month. Only time that surely passed frees quota: a wall clock
 * that jumps renames the period it jumps into, but what was counted stays counted. Consoles without a
 * battery start with a wrong clock each time; there the days between two synchronised moments are sure.
 */
import { type Bytes, bytes, type Milliseconds } from "../core/units.ts";

export interface Period {
  /** Local date, "2026-11-21" or "2026-11". */
  readonly name: string;
  readonly sent: Bytes;
}

/** The last moment at which the wall clock was synchronised. */
export interface Sure {
  readonly wall: Milliseconds;
  /** Absent when it was before a restart. */
  readonly monotonic?: Milliseconds;
  /** What was sent since. */
  readonly sent: Bytes;
}

export interface Moment {
  readonly monotonic: Milliseconds;
  readonly wall: Milliseconds;
  /** The kernel says that a time source keeps the wall clock right. */
  readonly synchronised?: boolean;
}

export interface Volume {
  readonly day: Period;
  readonly month: Period;
  /** When it was last true, by both clocks; the monotonic one means nothing after a restart. */
  readonly wall: Milliseconds;
  readonly monotonic: Milliseconds;
  readonly sure?: Sure;
}

/** More than clocks drift apart between two ticks, less than a person would notice. */
const JUMP_MS = 60_000;
/** A box that was off for longer than this more likely has a wrong clock. */
const LONGEST_OFF_MS = 40 * 86_400_000;

export function startVolume(wall: Milliseconds, monotonic: Milliseconds): Volume {
  return {
    day: { name: namesAt(wall).day, sent: bytes(0) },
    month: { name: namesAt(wall).month, sent: bytes(0) },
    wall,
    monotonic,
  };
}

/** Goes on after a restart: the box may have been off, or its clock may be wrong. */
export function resumeVolume(saved: Volume, wall: Milliseconds, monotonic: Milliseconds): Volume {
  const off = wall - saved.wall;
  return roll(saved, off >= 0 && off < LONGEST_OFF_MS, wall, monotonic);
}

/** Counts what was sent since the last call. */
export function addVolume(volume: Volume, sent: Bytes, now: Moment): Volume {
  const { wall, monotonic, synchronised } = now;
  const drift = Math.abs(wall - volume.wall - (monotonic - volume.monotonic));
  const rolled = roll(volume, drift < JUMP_MS, wall, monotonic);
  const add = <T extends { readonly sent: Bytes }>(counted: T): T => ({
    ...counted,
    sent: bytes(counted.sent + sent),
  });
  const { sure } = rolled;
  const counted: Volume = {
    ...rolled,
    day: add(rolled.day),
    month: add(rolled.month),
    ...(sure && { sure: add(sure) }),
  };
  return synchronised ? synchronise(counted, now) : counted;
}

/** Of a period that began since the last sure moment only what was sent since then counts. */
function synchronise(volume: Volume, now: Moment): Volume {
  const { wall, monotonic } = now;
  const sure: Sure = { wall, monotonic, sent: bytes(0) };
  const last = volume.sure;
  if (!last || !hasPassed(last, now)) return { ...volume, sure };
  const then = namesAt(last.wall);
  const since = (period: Period, name: string): Period =>
    period.name > name ? { ...period, sent: bytes(Math.min(period.sent, last.sent)) } : period;
  return {
    ...volume,
    day: since(volume.day, then.day),
    month: since(volume.month, then.month),
    sure,
  };
}

/** Two synchronised moments disagree only where one of the two was not. */
function hasPassed(last: Sure, { wall, monotonic }: Moment): boolean {
  const passed = wall - last.wall;
  if (last.monotonic === undefined) return passed >= 0 && passed < LONGEST_OFF_MS;
  return Math.abs(passed - (monotonic - last.monotonic)) < JUMP_MS;
}

function roll(
  volume: Volume,
  passed: boolean,
  wall: Milliseconds,
  monotonic: Milliseconds,
): Volume {
  const names = namesAt(wall);
  const next = (period: Period, name: string): Period => {
    if (name === period.name) return period;
    return { name, sent: passed && name > period.name ? bytes(0) : period.sent };
  };
  return {
    ...volume,
    day: next(volume.day, names.day),
    month: next(volume.month, names.month),
    wall,
    monotonic,
  };
}

const two = (value: number) => String(value).padStart(2, "0");

/** Both change with the minute at the soonest, and this is asked at every tick. */
let lately = { minute: Number.NaN, day: "", month: "" };

function namesAt(wall: number): { readonly day: string; readonly month: string } {
  const minute = Math.floor(wall / 60_000);
  if (minute !== lately.minute) {
    const date = new Date(wall);
    // Four digits and no sign, so that names compare as their dates do.
    const year = String(Math.max(0, date.getFullYear())).padStart(4, "0");
    const month = `${year}-${two(date.getMonth() + 1)}`;
    lately = { minute, month, day: `${month}-${two(date.getDate())}` };
  }
  return lately;
}
