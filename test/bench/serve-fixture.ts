/**
 * The benchmarked box and its viewer. The same keys come out in every process, so that one can sign
 * what a viewer sends while another, that is measured, has done nothing but serve.
 */
import { systemClock } from "../../agent/core/system-clock.ts";
import { mebibytes } from "../../agent/core/units.ts";
import { PeerFixture } from "../peer/peer-fixture.ts";

export function benchmarkedBox(size: number, delivery: "open" | "receipted") {
  const peer = new PeerFixture({ size, clock: systemClock, delivery });
  const viewer = peer.viewer();
  // A viewer that has signed before, with the largest window.
  peer.journal.noteViewer(viewer.publicKey, { window: mebibytes(8), strikes: 0 });
  return { peer, viewer };
}
