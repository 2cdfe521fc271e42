import { expect, test } from "bun:test";
import { ipv6Groups, networkPrefix } from "./network-prefix.ts";

test.each([
  ["2001:db8::1", "2001:db8:0:0/64"],
  ["2001:db8::2", "2001:db8:0:0/64"],
  ["2001:DB8:0:0:1:2:3:4", "2001:db8:0:0/64"],
  ["2001:0db8:0000:0001::", "2001:db8:0:1/64"],
  ["2001:db8:1:2ff::9", "2001:db8:1:2ff/64"],
  ["2001:db8:1:2ff:1:2:192.0.2.1", "2001:db8:1:2ff/64"],
  ["fe80::1%eth0", "fe80:0:0:0/64"],
  ["fe80::2%wlan0", "fe80:0:0:0/64"],
  ["::1", "0:0:0:0/64"],
  ["::", "0:0:0:0/64"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::FFFF:c000:201", "192.0.2.1"],
  ["0:0:0:0:0:ffff:127.0.0.1", "127.0.0.1"],
  ["192.0.2.1", "192.0.2.1"],
  ["127.0.0.1", "127.0.0.1"],
])("%s is in the network %s", (address, network) => {
  expect(networkPrefix(address, 64)).toBe(network);
});

test.each([
  [32, "2001:dbf/32"],
  [48, "2001:dbf:ffff/48"],
  [56, "2001:dbf:ffff:fe00/56"],
  [60, "2001:dbf:ffff:fef0/60"],
])("of %i bits the prefix is %s", (bits, network) => {
  expect(networkPrefix("2001:dbf:ffff:feff::9", bits)).toBe(network);
});

test.each(["", "gone", "localhost", "192.0.2", "2001:db8::1::2", "12345::", ":", "%eth0"])(
  "'%s' is no address",
  (text) => {
    expect(networkPrefix(text, 64)).toBeUndefined();
  },
);

test("an address has eight groups however it is written", () => {
  expect(ipv6Groups("1::8")).toEqual([1, 0, 0, 0, 0, 0, 0, 8]);
  expect(ipv6Groups("1:2:3:4:5:6:7:8")).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(ipv6Groups("::ffff:192.0.2.1")).toEqual([0, 0, 0, 0, 0, 0xffff, 0xc000, 0x201]);
  expect(ipv6Groups("fe80::1%eth0")).toBeUndefined();
  expect(ipv6Groups("192.0.2.1")).toBeUndefined();
});
