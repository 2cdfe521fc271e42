import { expect, test } from "bun:test";
import { reachElsewhere, reflectorAddresses } from "./reflector-addresses.ts";

const at = (host: string) => ({ host, port: 7402 });

test("what the operator says holds; without a word it is where the reflector listens", () => {
  expect(reflectorAddresses(["203.0.113.7:7402"], at("0.0.0.0"))).toEqual(["203.0.113.7:7402"]);
  expect(reflectorAddresses([], at("203.0.113.7"))).toEqual(["203.0.113.7:7402"]);
  expect(reflectorAddresses([], at("2001:db8::7"))).toEqual(["[2001:db8::7]:7402"]);
});

test("no box is sent to its own loopback by a reflector that listens at every address", () => {
  for (const host of ["0.0.0.0", "::"]) expect(reflectorAddresses([], at(host))).toEqual([]);
});

test("loopback is reached from nowhere else", () => {
  expect(reachElsewhere([])).toBe(false);
  expect(reachElsewhere(["127.0.0.1:7402", "[::1]:7402", "localhost"])).toBe(false);
  expect(reachElsewhere(["localhost.example.org"])).toBe(true);
  expect(reachElsewhere(["127.0.0.1:7402", "[2001:db8::7]:7402"])).toBe(true);
});
