import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { milliseconds, seconds } from "../../../agent/core/units.ts";
import { encodeMap, parseMap } from "./pcp.ts";

const nonce = Uint8Array.from({ length: 12 }, (_, at) => at + 1);
const request = {
  client: "192.168.1.20",
  nonce,
  internalPort: 7411,
  externalPort: 8411,
  lifetime: seconds(1800),
};
/** As miniupnpd 2.3 answers it, taken from the wire but for port, lifetime and addresses. */
const answer = (change: (bytes: Buffer) => void = () => {}) => {
  const bytes = Buffer.from(
    `02810000${"00000708"}0000002a${"00".repeat(12)}${Buffer.from(nonce).toString("hex")}06000000` +
      `1cf3${"20db"}00000000000000000000ffff2d2d2d2d`,
    "hex",
  );
  change(bytes);
  return bytes;
};

test("a request is what RFC 6887 draws", () => {
  expect(Buffer.from(encodeMap(request)).toString("hex")).toBe(
    "0201000000000708" +
      "00000000000000000000ffffc0a80114" +
      "0102030405060708090a0b0c" +
      "060000001cf320db" +
      "00000000000000000000ffff00000000",
  );
  expect(Buffer.from(encodeMap({ ...request, lifetime: milliseconds(0) })).readUInt32BE(4)).toBe(0);
});

describe("an answer", () => {
  test("tells port, address and lease", () => {
    expect(parseMap(answer(), request)).toEqual({
      kind: "mapped",
      externalPort: 8411,
      externalAddress: "45.45.45.45",
      lifetime: seconds(1800),
    });
  });

  test.each([
    ["to another nonce", (bytes: Buffer) => bytes.fill(0, 24, 36)],
    ["for UDP", (bytes: Buffer) => bytes.fill(17, 36, 37)],
    ["for another port", (bytes: Buffer) => bytes.fill(1, 40, 42)],
    ["with an IPv6 address", (bytes: Buffer) => bytes.fill(0x20, 44, 46)],
    ["that is a request", (bytes: Buffer) => bytes.fill(1, 1, 2)],
    ["to another opcode", (bytes: Buffer) => bytes.fill(0x82, 1, 2)],
  ] as const)("%s is none", (_, change) => {
    expect(parseMap(answer(change), request)).toBeUndefined();
  });

  test("says why not, with or without the rest", () => {
    const refused = answer((bytes) => bytes.fill(2, 3, 4));
    expect(parseMap(refused, request)).toEqual({ kind: "refused", code: 2 });
    expect(parseMap(refused.subarray(0, 24), request)).toEqual({ kind: "refused", code: 2 });
  });

  test("of a router that speaks NAT-PMP only sends us there", () => {
    const other = Buffer.from("0080000100000000", "hex");
    expect(parseMap(other, request)).toEqual({ kind: "other-version" });
  });

  test("cut short, too long or random is nothing and no fault", () => {
    for (let length = 0; length < 60; length++) {
      const cut = parseMap(answer().subarray(0, length), request);
      expect(cut?.kind).not.toBe("mapped");
    }
    expect(parseMap(Buffer.concat([answer(), Buffer.alloc(1100)]), request)).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1200 }), (bytes) => {
        expect(parseMap(bytes, request)?.kind).not.toBe("mapped");
      }),
    );
  });
});
