import { expect, test } from "bun:test";
import type { PeerFlow } from "../../hardware/sockets.ts";
import { bytes, milliseconds } from "../core/units.ts";
import { oneFlow } from "./one-flow.ts";
import { takeSample } from "./sampling.ts";

const flow = oneFlow({ notSent: bytes(8192), quiet: milliseconds(100) });
const shut = { ...flow, id: "2", quiet: milliseconds(1500) };

function sampleOf(flows: readonly PeerFlow[]) {
  const at = milliseconds(5000);
  const sums = { sent: bytes(1e6), acknowledged: bytes(1e6), retransmitted: 0, marked: 0 };
  return takeSample(at, { at, flows, ...sums }, [], [], false).peers;
}

test("what a peer does not take waits for it and not for us, but is demand", () => {
  expect(sampleOf([shut])).toMatchObject({ busy: 1, waiting: 0 });
  expect(sampleOf([shut, flow])).toMatchObject({ busy: 2, waiting: 8192 });
});

test("a line that stands still holds what is on its way: that waits for us", () => {
  expect(sampleOf([{ ...shut, inFlight: 3 }])).toMatchObject({ busy: 1, waiting: 8192 });
});
