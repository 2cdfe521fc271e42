import { expect, test } from "bun:test";
import { probeTargets } from "./probe-targets.ts";

test("reflectors with literal addresses are places, names and half addresses are not", () => {
  const reflectors = ["203.0.113.7:7402", "[2001:db8::7]:7402", "example.org:7402", "203.0.113.8"];
  expect(probeTargets(reflectors)).toEqual([
    { kind: "reflector", address: "203.0.113.7", port: 7402 },
    { kind: "reflector", address: "2001:db8::7", port: 7402 },
  ]);
});
