import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { milliseconds, seconds } from "../../../agent/core/units.ts";
import { encodeAddressRequest, encodeMap, parseAddress, parseMap } from "./nat-pmp.ts";

const request = { internalPort: 7411, externalPort: 8411, lifetime: seconds(1800) };
const hex = (text: string) => Buffer.from(text, "hex");

test("requests are what RFC 6886 draws", () => {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
  expect(text(encodeAddressRequest())).toBe("0000");
  expect(text(encodeMap(request))).toBe("000200001cf320db00000708");
  const gone = { internalPort: 7411, externalPort: 0, lifetime: milliseconds(0) };
  expect(text(encodeMap(gone))).toBe("000200001cf3000000000000");
});

describe("an answer", () => {
  test("tells the address, and the mapping", () => {
    expect(parseAddress(hex("008000000000002a2d2d2d2d"))).toEqual({
      kind: "done",
      value: "45.45.45.45",
    });
    expect(parseMap(hex("008200000000002a1cf320db00000708"), request)).toEqual({
      kind: "done",
      value: { externalPort: 8411, lifetime: seconds(1800) },
    });
  });

  test("for another port, opcode or version, or of another length, is none", () => {
    for (const text of [
      "008200000000002a1cf420db00000708",
      "008100000000002a1cf320db00000708",
      "018200000000002a1cf320db00000708",
      "008200000000002a1cf320db0000070800",
      "008200000000002a1cf320db000007",
      "",
    ]) {
      expect(parseMap(hex(text), request)).toBeUndefined();
    }
    expect(parseAddress(hex("008000000000002a2d2d2d"))).toBeUndefined();
  });

  test("says why not", () => {
    expect(parseMap(hex("008200020000002a"), request)).toEqual({ kind: "refused", code: 2 });
    expect(parseAddress(hex("008000030000002a00000000"))).toEqual({ kind: "refused", code: 3 });
  });

  test("that is random is never a mapping by chance of length", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 15 }), (bytes) => {
        expect(parseMap(bytes, request)?.kind).not.toBe("done");
      }),
    );
  });
});
