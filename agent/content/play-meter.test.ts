import { expect, test } from "bun:test";
import fc from "fast-check";
import { FakeClock } from "../core/fake-clock.ts";
import { milliseconds } from "../core/units.ts";
import { PlayMeter } from "./play-meter.ts";

const meter = (duration: number) => new PlayMeter(duration, new FakeClock());

test("the same seconds count once, however often they are delivered", () => {
  const play = meter(180);
  for (let time = 0; time < 5; time++) play.delivered({ start: 8, seconds: 4 });
  expect(play.played).toBe(milliseconds(4_000));
});

test("nothing beyond the end counts", () => {
  const play = meter(10);
  play.delivered({ start: 8, seconds: 100 });
  expect(play.played).toBe(milliseconds(2_000));
  expect(play.complete).toBe(false);
});

test("a player that downloads faster than it plays has played no more than time has passed", () => {
  const play = meter(180);
  play.delivered({ start: 0, seconds: 180 });
  expect(play.playedBy(milliseconds(20_000))).toBe(milliseconds(20_000));
  expect(play.playedBy(milliseconds(500_000))).toBe(milliseconds(180_000));
});

test("however a title is cut into pieces, all of them together are the whole", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.01, max: 20, noNaN: true }), { minLength: 1 }),
      (cuts) => {
        const total = cuts.reduce((sum, cut) => sum + cut, 0);
        const play = meter(total);
        let start = 0;
        for (const seconds of cuts) {
          play.delivered({ start, seconds });
          start += seconds;
        }
        expect(Math.abs(play.played / 1000 - total)).toBeLessThanOrEqual(1);
        expect(play.complete).toBe(true);
      },
    ),
  );
});
