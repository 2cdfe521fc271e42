import { expect, test } from "bun:test";
import { formatAuthority, hostInUrl, parseListenAddress } from "./listen-address.ts";

test.each([
  ["127.0.0.1:7410", "127.0.0.1", 7410],
  ["[::1]:7411", "::1", 7411],
  ["[fe80::1%2]:80", "fe80::1%2", 80],
  ["box.local:0", "box.local", 0],
])("%s names a host and a port", (text, host, port) => {
  expect(parseListenAddress(text)).toEqual({ host, port });
});

test.each(["127.0.0.1", ":7410", "::1:7411", "[::1]", "box:65536", "box:-1", "", 7410, undefined])(
  "%p names none",
  (text) => {
    expect(parseListenAddress(text)).toBeUndefined();
  },
);

test("an IPv6 address stands in brackets, and a wildcard is reached over loopback", () => {
  expect([hostInUrl("::1"), hostInUrl("192.0.2.1")]).toEqual(["[::1]", "192.0.2.1"]);
  expect(formatAuthority("2001:db8::1", 80)).toBe("[2001:db8::1]:80");
  expect(formatAuthority("0.0.0.0", 80)).toBe("127.0.0.1:80");
  expect(formatAuthority("::", 80)).toBe("[::1]:80");
});
