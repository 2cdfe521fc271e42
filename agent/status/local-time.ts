/** Times and minutes of the day as the household reads them. Pure. */
import type { UnixSeconds } from "../core/units.ts";

const shifted = (at: UnixSeconds, utcOffsetMinutes: number) =>
  new Date((at + utcOffsetMinutes * 60) * 1000);

export function formatTime(at: UnixSeconds, utcOffsetMinutes: number, language: string): string {
  return new Intl.DateTimeFormat(language, {
    dateStyle: "medium",
    timeStyle: "short",
    timeZone: "UTC",
  }).format(shifted(at, utcOffsetMinutes));
}

/** "22:05" for 1325, as `<input type="time">` takes it. */
export function formatMinute(minute: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

/** undefined for what is no time of day. */
export function parseMinute(text: string): number | undefined {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  return match ? Number(match[1]) * 60 + Number(match[2]) : undefined;
}
