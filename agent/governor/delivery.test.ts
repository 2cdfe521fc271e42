import { expect, test } from "bun:test";
import { bytes } from "../core/units.ts";
import {
  type Delivery,
  deliveredRate,
  leastSent,
  mostAsked,
  mostDelivered,
  observeDelivery,
  unsentPart,
} from "./delivery.ts";

const RATE = 8e6;

/** Ticks of 25 ms at 8 Mbit/s in which nothing leaves between two times; all arrives 20 ms later. */
function sending(duration: number, pause: readonly [from: number, to: number]): Delivery {
  const left = (at: number) => {
    const idle = Math.max(0, Math.min(at, pause[1]) - pause[0]);
    return bytes((Math.max(0, at - idle) * RATE) / 8000);
  };
  let points: Delivery = [];
  for (let at = 25; at <= duration; at += 25) {
    const counted = { retransmitted: 0, marked: 0, busy: 1, inFlight: bytes(0), waiting: bytes(0) };
    const peers = { ...counted, sent: left(at), acknowledged: left(at - 20) };
    points = observeDelivery(points, at, peers, RATE);
  }
  return points;
}

test("what arrives, over a window", () => {
  expect(deliveredRate(sending(1000, [0, 0]), 1000, 100)).toBeCloseTo(RATE, -3);
});

test("the most that arrived is found wherever it was, but not before a time", () => {
  const points = sending(1000, [400, 700]);
  expect(mostDelivered(points, 0, 50)).toBeCloseTo(RATE, -3);
  expect(mostDelivered(points, 430, 50)).toBeCloseTo(RATE, -3);
  expect(
    mostDelivered(
      points.filter(({ at }) => at <= 700),
      430,
      50,
    ),
  ).toBe(0);
  expect(mostDelivered([], 0, 50)).toBe(0);
});

test("what did not leave is known not to have been kept by anybody", () => {
  const points = sending(1000, [930, 960]);
  expect(deliveredRate(points, 1000, 50)).toBeLessThan(0.5 * RATE);
  expect(leastSent(points, 1000, 120, 20, 50)).toBeLessThan(0.5 * RATE);
  expect(leastSent(sending(1000, [500, 560]), 1000, 120, 20, 50)).toBeCloseTo(RATE, -3);
  expect(leastSent([], 1000, 120, 20, 50)).toBeUndefined();
});

test("what is idle between two turns is the part of what was asked for that never left", () => {
  expect(unsentPart(sending(1000, [500, 560]), 1000, 800)).toBeCloseTo(60 / 800, 1);
  expect(unsentPart(sending(1000, [0, 0]), 1000, 800)).toBeCloseTo(0, 2);
  expect(unsentPart([], 1000, 800)).toBe(0);
});

test("what was asked for is what was said last, however far apart looks are", () => {
  const points = sending(1000, [0, 0]);
  expect(mostAsked(points, 1000, 30, 12)).toBe(RATE);
  expect(mostAsked(points, 1000, 22, 12)).toBe(RATE);
  expect(mostAsked([], 1000, 22, 12)).toBe(0);
});
