import { describe, expect, test } from "bun:test";
import type { MappingOutcome, PortMapping } from "../../hardware/port-mapping.ts";
import { milliseconds, seconds } from "../core/units.ts";
import {
  afterAttempt,
  atOnce,
  type Circumstances,
  externalPorts,
  LIFETIME,
  outsideOf,
  whyNoMapping,
} from "./reach-state.ts";

const home: Circumstances = {
  consented: true,
  wanted: true,
  configured: false,
  host: "::",
  port: 7411,
  pagePort: 7410,
  ownV4: ["192.168.1.20"],
};

describe("a mapping is wanted", () => {
  test("in a home behind a router", () => {
    expect(whyNoMapping(home)).toBeUndefined();
  });

  test.each([
    ["no-consent", { consented: false }],
    ["switched-off", { wanted: false }],
    ["configured", { configured: true }],
    ["loopback", { host: "127.0.0.1" }],
    ["loopback", { host: "::1" }],
    ["household-page", { pagePort: 7411 }],
    ["public-address", { ownV4: ["192.168.1.20", "45.45.45.7"] }],
  ] as const)("and not with %s", (why, change) => {
    expect(whyNoMapping({ ...home, ...change })).toBe(why);
  });
});

const mapping: PortMapping = {
  protocol: "pcp",
  gateway: "192.168.1.1",
  internalAddress: "192.168.1.20",
  internalPort: 7411,
  externalAddress: "45.45.45.45",
  externalPort: 7411,
  lifetime: LIFETIME,
};
const mapped = (change: Partial<PortMapping> = {}): MappingOutcome => ({
  state: "mapped",
  mapping: { ...mapping, ...change },
});
const silent: MappingOutcome = { state: "failed", reason: "silent" };
const now = milliseconds(1_000_000);
const wait = (state: { nextAt: number }) => state.nextAt - now;

describe("the router is asked again", () => {
  test("after two minutes, and within half of a short lease", () => {
    expect(wait(afterAttempt(atOnce, mapped(), now))).toBe(120_000);
    expect(wait(afterAttempt(atOnce, mapped({ lifetime: seconds(60) }), now))).toBe(30_000);
    expect(wait(afterAttempt(atOnce, mapped({ lifetime: undefined }), now))).toBe(120_000);
    expect(wait(afterAttempt(atOnce, mapped({ lifetime: seconds(0) }), now))).toBe(1_000);
  });

  test("ever later while it maps nothing, up to half an hour", () => {
    let state = atOnce;
    const waits = Array.from({ length: 8 }, () => {
      state = afterAttempt(state, silent, now);
      return wait(state) / 60_000;
    });
    expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30, 30]);
  });

  test("soon when it falls silent, and the mapping is given up at the third time", () => {
    const first = afterAttempt(afterAttempt(atOnce, mapped(), now), silent, now);
    const second = afterAttempt(first, silent, now);
    const third = afterAttempt(second, silent, now);
    expect([first, second].map((state) => [outsideOf(state)?.port, wait(state)])).toEqual([
      [7411, 15_000],
      [7411, 15_000],
    ]);
    expect(third).toMatchObject({ mapping: undefined, failure: "silent", failures: 3 });
    expect(afterAttempt(third, mapped(), now).failures).toBe(0);
  });

  test("a refusal ends the mapping at once", () => {
    const held = afterAttempt(atOnce, mapped(), now);
    const refused = afterAttempt(held, { state: "failed", reason: "refused" }, now);
    expect(refused.mapping).toBeUndefined();
  });
});

test("only a public address outside is announced", () => {
  const at = (externalAddress: string) =>
    outsideOf(afterAttempt(atOnce, mapped({ externalAddress, externalPort: 8411 }), now));
  expect(at("45.45.45.45")).toEqual({ address: "45.45.45.45", port: 8411 });
  expect(at("100.64.1.2")).toBeUndefined();
  expect(at("192.168.0.2")).toBeUndefined();
  expect(outsideOf(atOnce)).toBeUndefined();
});

test("the port that worked comes first, then our own, then chance", () => {
  expect(externalPorts(7411, undefined, () => 0.5)).toEqual([7411, 40_000]);
  expect(externalPorts(7411, 8411, () => 0)).toEqual([8411, 7411, 20_000]);
  expect(externalPorts(7411, 7411, () => 0.999_999).at(-1)).toBe(59_999);
});
