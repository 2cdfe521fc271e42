import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseForwarder } from "./line-path.ts";

/** cmsghdr (48 bytes, IPPROTO_IP, IP_RECVERR), sock_extended_err, sockaddr_in of 45.45.45.1. */
function control(change: Readonly<Record<number, number>> = {}): Uint8Array {
  const data = new Uint8Array(48);
  const view = new DataView(data.buffer);
  view.setBigUint64(0, 48n, true);
  view.setInt32(12, 11, true);
  data[20] = 2;
  data[21] = 11;
  view.setUint16(32, 2, true);
  data.set([45, 45, 45, 1], 36);
  for (const [at, value] of Object.entries(change)) data[Number(at)] = value;
  return data;
}

describe("who forwarded a packet", () => {
  test("is the sender of the time-exceeded message", () => {
    expect(parseForwarder(control())).toBe("45.45.45.1");
  });

  test("stands behind other control messages, too", () => {
    const other = new Uint8Array(24);
    new DataView(other.buffer).setBigUint64(0, 20n, true);
    expect(parseForwarder(new Uint8Array([...other, ...control()]))).toBe("45.45.45.1");
  });

  test.each([
    ["an unreachable port", { 21: 3 }],
    ["an error of this machine", { 20: 1 }],
    ["a length beyond the end", { 0: 200 }],
    ["a length beyond all numbers", { 7: 255 }],
    ["no length", { 0: 0 }],
  ])("is nobody for %s", (_, change) => {
    expect(parseForwarder(control(change))).toBeUndefined();
  });

  test("is never read beyond the end", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 256 }), (data) => {
        expect(() => parseForwarder(data)).not.toThrow();
      }),
    );
    for (let length = 0; length < 48; length++) {
      expect(parseForwarder(control().subarray(0, length))).toBeUndefined();
    }
  });
});
