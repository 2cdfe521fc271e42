/**
 * How much was shared today and this month. Only time that surely passed frees quota: a wall clock
 * that jumps renames the period it jumps into, but what was counted stays counted.
 */
import { type Bytes, bytes, type Milliseconds } from "../core/units.ts";

export interface Period {
  /** Local date, "2026-11-21" or "2026-11". */
  readonly name: string;
  readonly sent: Bytes;
}

export interface Volume {
  readonly day: Period;
  readonly month: Period;
  /** When it was last true, by both clocks; the monotonic one means nothing after a restart. */
  readonly wall: Milliseconds;
  readonly monotonic: Milliseconds;
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
export function addVolume(
  volume: Volume,
  sent: Bytes,
  wall: Milliseconds,
  monotonic: Milliseconds,
): Volume {
  const drift = Math.abs(wall - volume.wall - (monotonic - volume.monotonic));
  const { day, month } = roll(volume, drift < JUMP_MS, wall, monotonic);
  const add = (period: Period): Period => ({ ...period, sent: bytes(period.sent + sent) });
  return { day: add(day), month: add(month), wall, monotonic };
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
