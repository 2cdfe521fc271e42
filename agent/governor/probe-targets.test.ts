import { expect, test } from "bun:test";
import { probeTargets } from "./probe-targets.ts";

test("reflectors come before the gateway, and only literal addresses count", () => {
  const reflectors = ["203.0.113.7:7402", "[2001:db8::7]:7402", "example.org:7402", "203.0.113.8"];
  expect(probeTargets(reflectors, { v4: "192.168.1.1" })).toEqual([
    { kind: "reflector", address: "203.0.113.7", port: 7402 },
    { kind: "reflector", address: "2001:db8::7", port: 7402 },
    { kind: "echo", address: "192.168.1.1" },
  ]);
});

test("without a gateway or a reflector there is no place to measure", () => {
  expect(probeTargets([], undefined)).toEqual([]);
});
