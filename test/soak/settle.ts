/** The end of a run: everybody gets the time to say what he knows, and then the books are compared. */
import { isDeepStrictEqual } from "node:util";
import type { Deployment } from "./deployment.ts";
import { chainOf, counts } from "./invariant.ts";
import { journalOf } from "./journal-of.ts";

const QUIET_MS = 3_000;
const PATIENCE_MS = 90_000;

/**
 * Ends every session, starts everything afresh, and waits until nothing new comes to the coordinator;
 * the boxes have stopped when it resolves.
 */
export async function settle(
  { coordinator, boxes, database }: Deployment,
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  await coordinator.stop();
  await coordinator.start();
  for (const { daemon } of boxes) {
    await daemon.stop();
    await daemon.start(environment);
  }
  let last = "";
  let since = performance.now();
  const until = since + PATIENCE_MS;
  while (performance.now() < until && performance.now() - since < QUIET_MS) {
    await Bun.sleep(250);
    const chains = boxes.map(({ signer }) => chainOf(database, signer.publicKey));
    const now = JSON.stringify([counts(database), chains]);
    if (now !== last) since = performance.now();
    last = now;
  }
  for (const { daemon } of boxes) await daemon.stop();
}

/** The boxes' own journals, read when they have stopped, say what the coordinator says. */
export async function boxesAgree({ boxes, database }: Deployment): Promise<readonly string[]> {
  return boxes.flatMap(({ daemon, signer, state }) => {
    using journal = journalOf(state, signer);
    const { chain } = journal;
    const theirs = chainOf(database, signer.publicKey);
    const ours = { generation: chain.generation, sequence: chain.acked, head: chain.ackedHead };
    // A box that made no record yet has no chain there.
    const same = isDeepStrictEqual(theirs, chain.sequence === 0 ? undefined : ours);
    return [
      ...(same
        ? []
        : [
            `${daemon.name} says ${JSON.stringify(ours)}, the coordinator ${JSON.stringify(theirs)}`,
          ]),
      ...(chain.sequence === chain.acked
        ? []
        : [`${daemon.name} has ${chain.sequence - chain.acked} records without an answer`]),
      ...(journal.putAside ? [`${daemon.name}: journal put aside, ${journal.putAside.why}`] : []),
      ...(chain.generation === 1 ? [] : [`${daemon.name} began generation ${chain.generation}`]),
    ];
  });
}
