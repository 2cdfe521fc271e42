import { expect, test } from "bun:test";
import { examineCapabilities, examineProgram, examineServiceManager } from "./program.ts";

test("what the executable stands on works here", () => {
  expect(examineProgram().map(({ name, outcome }) => `${name}: ${outcome}`)).toEqual([
    "version: good",
    "sqlite: good",
    "ed25519: good",
    "C library: good",
  ]);
});

test.each([
  ["CapInh:\t0\nCapEff:\t0000000000001000\n", "good"],
  ["CapEff:\t000001ffffffffff\n", "good"],
  ["CapEff:\t0000000000000000\n", "attention"],
  ["CapEff:\t0000000000002000\n", "attention"],
  ["Name:\tbun\n", "attention"],
  [undefined, "attention"],
])("capabilities %p are %s", (status, outcome) => {
  expect(examineCapabilities(status).outcome).toBe(outcome as "good" | "attention");
});

test("the service manager's socket and watchdog are shown", () => {
  expect(examineServiceManager("/run/systemd/notify", 45_000).detail).toBe(
    "listens at /run/systemd/notify, watchdog after 45 s",
  );
  expect(examineServiceManager(undefined).detail).toContain("NOTIFY_SOCKET");
});
