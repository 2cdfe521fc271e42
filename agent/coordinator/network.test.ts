import { expect, test } from "bun:test";
import { clientOf, hideNetwork, networkOf } from "./network.ts";

test.each([
  ["203.0.113.7", "203.0.113.7"],
  ["::ffff:203.0.113.7", "203.0.113.7"],
  ["::ffff:cb00:7107", "203.0.113.7"],
  ["2001:db8:1:2ff::9", "2001:db8:1:200/56"],
  ["2001:db8:1:2ab:1:2:3:4", "2001:db8:1:200/56"],
  ["2001:db8::1", "2001:db8:0:0/56"],
])("%s belongs to the network %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test.each([
  "127.0.0.1",
  "10.1.2.3",
  "192.168.1.1",
  "172.20.0.1",
  "100.64.0.1",
  "169.254.0.1",
  "192.0.0.8",
  "198.18.0.1",
  "240.0.0.1",
  "::1",
  "::ffff:127.0.0.1",
  "fe80::1%eth0",
  "fd00::1",
  "::ffff:7f00:1",
  "::ffff:c0a8:101",
  "0:0:0:0:0:ffff:7f00:1",
  "64:ff9b::7f00:1",
  "2002:7f00:1::",
  "2001:0:4136:e378:8000:63bf:3fff:fdd2",
  "2001::1",
  "not an address",
  "",
])("%s says nothing about a household", (address) => {
  expect(networkOf(address)).toBeUndefined();
});

test.each([
  ["2001:db8::1", "2001:db8::2"],
  ["2001:db8:0:7::1", "2001:db8:0:0:1::"],
  ["fd00::1", "fd00::2:3"],
  ["::ffff:10.0.0.1", "10.0.0.1"],
])("%s and %s are one client", (one, other) => {
  expect(clientOf(one)).toBe(clientOf(other));
});

test("addresses of two homes are two clients", () => {
  const homes = ["10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8:0:100::1", "no address"];
  expect(new Set(homes.map(clientOf)).size).toBe(homes.length);
});

test("what is kept of a network depends on the coordinator's secret", () => {
  const [one, two] = [new Uint8Array(32), new Uint8Array(32).fill(1)];
  expect(hideNetwork("203.0.113.7", one)).toBe(hideNetwork("203.0.113.7", one));
  expect(hideNetwork("203.0.113.7", one)).not.toBe(hideNetwork("203.0.113.7", two));
});
