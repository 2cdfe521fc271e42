import { expect, test } from "bun:test";
import { addressKind } from "./reach-address.ts";
import { atOnce, type NoMapping, type ReachState } from "./reach-state.ts";
import { whyUnreachable } from "./reach-text.ts";

const mapping = {
  protocol: "pcp",
  gateway: "192.168.1.1",
  internalAddress: "192.168.1.20",
  internalPort: 7411,
  externalPort: 8411,
  lifetime: undefined,
} as const;
const through = (externalAddress: string): ReachState => ({
  ...atOnce,
  mapping: { ...mapping, externalAddress },
});
const failures = [undefined, "no-gateway", "silent", "refused", "no-address", "no-port"] as const;
const obstacles: readonly NoMapping[] = [
  "no-consent",
  "switched-off",
  "configured",
  "loopback",
  "household-page",
  "public-address",
];

test("every reason names the port and says another thing, and none an address", () => {
  const texts = [
    ...failures.map((failure) => whyUnreachable(7411, undefined, { ...atOnce, failure })),
    ...obstacles.map((no) => whyUnreachable(7411, no, atOnce)),
    ...["45.45.45.45", "100.64.0.9", "192.168.0.3"].map((outside) =>
      whyUnreachable(7411, undefined, through(outside)),
    ),
  ];
  expect(new Set(texts).size).toBe(texts.length);
  for (const text of texts) {
    expect(text).toContain("7411");
    expect(text).not.toMatch(/\d+\.\d+\.\d+\.\d+/);
  }
});

test("double NAT and a provider's NAT are told apart", () => {
  expect(addressKind("100.64.0.9")).toBe("carrier");
  expect(whyUnreachable(7411, undefined, through("100.64.0.9"))).toContain("your provider shares");
  expect(whyUnreachable(7411, undefined, through("192.168.0.3"))).toContain("a second router");
  expect(whyUnreachable(7411, undefined, through("45.45.45.45"))).toContain("TCP port 8411");
});
