import { expect, test } from "bun:test";
import type { Medium, NicReading } from "../../hardware/nic.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLog } from "../core/log.ts";
import { bytes } from "../core/units.ts";
import { createPaidLine } from "./paid-line.ts";

test("a box that falls back to its own modem is on a line that is paid for by volume", async () => {
  const clock = new FakeClock();
  let medium: Medium | undefined = "ethernet";
  const read = async (): Promise<NicReading | undefined> =>
    medium && {
      at: clock.monotonicMs(),
      name: medium,
      medium,
      sent: bytes(0),
      received: bytes(0),
    };
  const line = createPaidLine({ nic: { read }, clock, log: silentLog });
  const stop = new AbortController();
  const running = line.run(stop.signal);
  const after = async (now: Medium | undefined) => {
    medium = now;
    await clock.advance(1000);
    return line.cellular;
  };
  expect(await after("ethernet")).toBe(false);
  expect(await after("cellular")).toBe(true);
  expect(await after(undefined)).toBe(true);
  expect(await after("wifi")).toBe(false);
  expect(await after("unknown")).toBe(false);
  stop.abort();
  await running;
});
