import { expect, test } from "bun:test";
import { addressKind } from "./reach-address.ts";

test.each([
  ["45.45.45.45", "public"],
  ["100.63.255.255", "public"],
  ["100.64.0.1", "carrier"],
  ["100.127.255.254", "carrier"],
  ["100.128.0.1", "public"],
  ["192.0.0.2", "carrier"],
  ["192.0.0.9", "private"],
  ["192.168.178.1", "private"],
  ["172.16.0.1", "private"],
  ["172.32.0.1", "public"],
  ["10.0.0.1", "private"],
  ["169.254.1.1", "private"],
  ["0.0.0.0", "private"],
  ["224.0.0.1", "private"],
  ["255.255.255.255", "private"],
] as const)("%s is %s", (address, kind) => {
  expect(addressKind(address)).toBe(kind);
});
