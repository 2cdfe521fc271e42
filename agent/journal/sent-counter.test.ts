import { describe, expect, test } from "bun:test";
import type { ClockQuality } from "../accounting/messages.ts";
import { bytes, milliseconds } from "../core/units.ts";
import { nothingSent, SentCounter } from "./sent-counter.ts";

const DAY = 86_400_000;
const NOON = new Date(2026, 2, 10, 12).getTime();

/** A counter on clocks that the test sets; `pass` moves both, `jump` only the wall clock. */
function counter(quality: ClockQuality = "synchronised", sent = nothingSent) {
  const clock = { wall: NOON, monotonic: 0, quality };
  const sends = new SentCounter(sent, true, () => ({
    wall: milliseconds(clock.wall),
    monotonic: milliseconds(clock.monotonic),
    quality: clock.quality,
  }));
  return {
    clock,
    add: (amount: number) => sends.add(bytes(amount)),
    pass(duration: number, step = 60_000) {
      for (let done = 0; done < duration; done += step) {
        clock.wall += step;
        clock.monotonic += step;
        sends.add(bytes(0));
      }
    },
    jump: (to: number) => {
      clock.wall = to;
    },
    today: () => sends.add(bytes(0)).dayBytes as number,
    month: () => sends.add(bytes(0)).monthBytes as number,
  };
}

describe.each(["synchronised", "rtc", "untrusted"] as const)("on a %s clock", (quality) => {
  test("a midnight that goes by starts a new day, and the month goes on", () => {
    const box = counter(quality);
    box.add(100);
    box.pass(DAY);
    box.add(5);
    expect([box.today(), box.month()]).toEqual([5, 105]);
  });
});

test("a month's end starts a new month", () => {
  const box = counter();
  box.add(100);
  box.pass(25 * DAY, 3_600_000);
  expect([box.today(), box.month()]).toEqual([0, 0]);
});

describe("a jump", () => {
  test("of a clock that nobody vouches for resets nothing, either way", () => {
    for (const quality of ["rtc", "untrusted"] as const) {
      const box = counter(quality);
      box.add(100);
      box.jump(NOON + 400 * DAY);
      expect([box.today(), box.month()]).toEqual([100, 100]);
      box.jump(0);
      expect([box.today(), box.month()]).toEqual([100, 100]);
    }
  });

  test("back, by a clock that was wrong before, carries the count to the right date", () => {
    const box = counter();
    box.jump(NOON + 400 * DAY);
    box.add(100);
    box.jump(NOON);
    expect([box.today(), box.month()]).toEqual([100, 100]);
    box.pass(DAY);
    expect(box.today()).toBe(0);
  });

  test("to the next day, once the clock is synchronised, starts a new day", () => {
    const box = counter("untrusted");
    box.add(100);
    box.clock.quality = "synchronised";
    box.jump(NOON + DAY);
    expect([box.today(), box.month()]).toEqual([0, 100]);
  });
});

test("a boot at 1970 keeps the count, and the right date of the same day does too", () => {
  const before = counter();
  const sent = before.add(100);
  const box = counter("untrusted", sent);
  box.jump(3_600_000);
  expect(box.today()).toBe(100);
  box.clock.quality = "synchronised";
  box.jump(NOON + 3_600_000);
  expect(box.today()).toBe(100);
});
