/** Whether what a box would report now differs enough from what it last said. Pure. */
import type { Reported } from "../accounting/messages.ts";

export type Report = Omit<Reported, "box" | "at">;

/** A spare rate moves all the time; the coordinator needs it to about this precision. */
const RATE_STEP = 0.25;

export function isWorthTelling(before: Report, now: Report): boolean {
  if (before.sharing !== now.sharing) return true;
  if (Math.abs(now.rate - before.rate) > RATE_STEP * Math.max(before.rate, now.rate)) return true;
  return key(before) !== key(now);
}

const key = ({ titles, blocked }: Report) =>
  JSON.stringify([titles.map(({ title, permille }) => [title, permille]), blocked]);
