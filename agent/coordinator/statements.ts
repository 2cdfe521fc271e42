/**
 * Statements: at the end of each epoch a signed Merkle root over all ledger lines since the first,
 * so that nobody, the operator included, can change or drop a line that was ever shown.
 */
import { open, seal } from "../accounting/envelope.ts";
import { lineLeaf } from "../accounting/ledger-line.ts";
import {
  consistencyProof,
  EMPTY_ROOT,
  inclusionProof,
  type MerkleNodes,
  nodesForNext,
  rootOf,
} from "../accounting/merkle.ts";
import type { Environment, Sealed } from "../accounting/messages.ts";
import type { Clock } from "../core/clock.ts";
import type { Hash } from "../core/encoding.ts";
import type { Log } from "../core/log.ts";
import { microTokens, toUnixSeconds } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";
import type { StatementRow } from "./store/statement-rows.ts";
import type { Store } from "./store/store.ts";

export interface StatementOfficeOptions {
  readonly store: Store;
  readonly signer: Signer;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly log: Log;
}

/** Lines read at once while an epoch closes. */
const LINES_AT_ONCE = 10_000;

export type StatementOffice = ReturnType<typeof createStatementOffice>;

export function createStatementOffice(options: StatementOfficeOptions) {
  const { store, environment, signer, clock, log } = options;
  const nodes: MerkleNodes = {
    node(level, position) {
      const hash = store.statements.node(level, position);
      if (!hash) throw new Error(`the statement tree lacks node ${position} of level ${level}`);
      return hash;
    },
  };

  return {
    /**
     * Closes the epoch: every line so far is under the new root. Returns undefined when nothing was
     * posted since the last one. Safe beside other workers: the write lock is held throughout.
     */
    close: (): Sealed<"statement"> | undefined =>
      store.transaction(() => {
        const last = store.statements.latest();
        const size = store.ledger.size();
        const before = last?.tree_size ?? 0;
        if (last && size === before) return undefined;
        append(before, size);
        return publish(last, size);
      }),
    latest: () => store.statements.latest(),
    get: (epoch: number) => store.statements.get(epoch),
    /** Path from a line to the root over the first `size` lines. */
    inclusionProof: (line: number, size: number) => inclusionProof(nodes, line, size),
    /** That the later statement only added lines to the earlier one. */
    consistencyProof: (earlier: StatementRow, later: StatementRow): readonly Hash[] =>
      consistencyProof(nodes, earlier.tree_size, later.tree_size),
    opened(row: StatementRow): Sealed<"statement"> {
      const signers = new Set([signer.publicKey, ...store.trust.retiredKeys().keys()]);
      const opened = open("statement", row.bytes, { environment, signer: signers });
      if (!opened.ok) throw new Error(`statement ${row.epoch} in the store: ${opened.detail}`);
      return opened.message;
    },
  };

  function append(from: number, to: number) {
    for (let start = from; start < to; start += LINES_AT_ONCE) {
      const lines = store.ledger.lines(start, Math.min(to, start + LINES_AT_ONCE));
      for (const line of lines) {
        for (const { level, position, hash } of nodesForNext(nodes, line.line, lineLeaf(line))) {
          store.statements.addNode(level, position, hash);
        }
      }
    }
  }

  function publish(last: StatementRow | undefined, treeSize: number): Sealed<"statement"> {
    const now = toUnixSeconds(clock.wallMs());
    const root = rootOf(nodes, treeSize);
    const epoch = (last?.epoch ?? 0) + 1;
    const statement = seal(
      "statement",
      {
        epoch,
        root,
        previousRoot: last?.root ?? EMPTY_ROOT,
        treeSize,
        credited: microTokens(-(store.ledger.sums().get("payer") ?? 0n)),
        closedAt: now,
      },
      signer,
      environment,
    );
    const { bytes } = statement;
    store.statements.add({ epoch, tree_size: treeSize, root, bytes, closed_at: now });
    log.info("statement closed", { epoch, lines: treeSize });
    return statement;
  }
}
