import { expect, test } from "bun:test";
import type { PublicKey } from "../core/encoding.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLog } from "../core/log.ts";
import { seededRandom } from "../core/random.ts";
import { createSigner } from "../identity/ed25519.ts";
import { sampleTitle } from "./sample-title.ts";
import { TicketDesk, type TicketSource } from "./ticket-desk.ts";

const signal = new AbortController().signal;
const box = (digit: string) => digit.repeat(64) as PublicKey;

function desk(tickets: TicketSource["tickets"] = async () => ({ boxes: [] })) {
  const clock = new FakeClock();
  const asked: Parameters<TicketSource["tickets"]>[0][] = [];
  const desk = new TicketDesk({
    title: sampleTitle([["a", 10]]).sealed,
    tickets: {
      tickets: (request) => {
        asked.push(request);
        return tickets(request);
      },
    },
    signer: createSigner(new Uint8Array(32).fill(1)),
    environment: "dev",
    clock,
    random: seededRandom(1),
    log: silentLog,
  });
  return { desk, clock, asked };
}

test("while nothing new comes it asks ever more rarely: to a minute with boxes, to 8 s without", async () => {
  for (const [usable, longest] of [
    [1, 60_000],
    [0, 8_000],
  ] as const) {
    const { desk: it, clock } = desk();
    const times: number[] = [];
    while (times.length < 9) {
      if (await it.ask(8, usable, signal)) {
        times.push(clock.monotonicMs());
        it.brought(0, usable);
      }
      await clock.advance(500);
    }
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    expect(gaps[0]).toBe(4_000);
    expect(gaps.at(-1)).toBe(longest);
  }
});

test("a box that was given up is asked for no more, its reason told, and another one asked for at once", async () => {
  const { desk: it, asked } = desk();
  await it.ask(8, 1, signal);
  it.brought(1, 1);
  expect(await it.ask(8, 1, signal)).toBeUndefined();
  it.gaveUp(box("a"), "garbled");
  it.gaveUp(box("b"), undefined);
  expect(it.fresh).toBe(true);
  expect([it.avoids(box("a")), it.avoids(box("b"))]).toEqual([true, false]);
  expect(await it.ask(8, 0, signal)).toBeDefined();
  expect(asked.at(-1)?.body.avoid).toEqual([{ box: box("a"), reason: "garbled" }]);
});

test("however many were given up, the newest sixteen are named", async () => {
  const { desk: it, asked } = desk();
  for (let n = 0; n < 40; n++) it.gaveUp(n.toString(16).padStart(64, "0") as PublicKey, "slow");
  await it.ask(8, 0, signal);
  expect(asked[0]?.body.avoid).toHaveLength(16);
  expect(asked[0]?.body.avoid.at(-1)?.box).toBe((39).toString(16).padStart(64, "0") as PublicKey);
});

test("a coordinator that does not answer is a fault to tell, until it does", async () => {
  let down = true;
  const { desk: it, clock } = desk(async () => {
    if (down) throw new Error("nobody there");
    return { boxes: [] };
  });
  expect(await it.ask(8, 0, signal)).toBeUndefined();
  expect(it.fault).toBe("nobody there");
  down = false;
  await clock.advance(8_000);
  expect(await it.ask(8, 0, signal)).toBeDefined();
  expect(it.fault).toBeUndefined();
});
