/** What statements prove, and what nobody can leave out or change afterwards. */
import { describe, expect, test } from "bun:test";
import { seal } from "../../agent/accounting/envelope.ts";
import { lineLeaf } from "../../agent/accounting/ledger-line.ts";
import { verifyConsistency, verifyInclusion } from "../../agent/accounting/merkle.ts";
import type { Sealed, Statement } from "../../agent/accounting/messages.ts";
import { fromBase64Url, type Id, sha256, toHex } from "../../agent/core/encoding.ts";
import { seconds, unixSeconds } from "../../agent/core/units.ts";
import { deliver, MIB, studio } from "./studio.ts";

describe("statements", () => {
  test("each line is proven under the root, each root under the next", async () => {
    const s = studio();
    const { world, statements } = s;
    const seen: Sealed<"statement">[] = [];
    for (let epoch = 0; epoch < 5; epoch++) {
      for (let n = 0; n <= epoch; n++) await deliver(s, world.addViewer(), n + 1);
      const closed = statements.close();
      if (!closed) throw new Error("lines were posted, so the epoch closes");
      seen.push(closed);
      await world.clock.advance(seconds(60));
    }
    expect(statements.close()).toBeUndefined();
    const last = seen.at(-1)?.body as Statement;
    for (const line of world.store.ledger.lines(0, last.treeSize)) {
      const proof = statements.inclusionProof(line.line, last.treeSize);
      expect(verifyInclusion(lineLeaf(line), line.line, last.treeSize, proof, last.root)).toBe(
        true,
      );
      const forged = { ...line, amount: (line.amount + 1n) as typeof line.amount };
      expect(verifyInclusion(lineLeaf(forged), line.line, last.treeSize, proof, last.root)).toBe(
        false,
      );
    }
    for (const { body } of seen) {
      const [earlier, later] = [statements.get(body.epoch), statements.latest()];
      if (!earlier || !later) throw new Error("closed statements are kept");
      const proof = statements.consistencyProof(earlier, later);
      expect(verifyConsistency(body.treeSize, last.treeSize, proof, body.root, last.root)).toBe(
        true,
      );
    }
    expect(last.credited).toBe(
      -(world.store.ledger.sums().get("payer") ?? 0n) as typeof last.credited,
    );
  });

  test("fault 36: a line left out is seen by the wallet, and the signed ack proves it", async () => {
    const s = studio();
    const { world } = s;
    const viewer = world.addViewer();
    const box = world.addBox();
    const ticket = world.issue(box, viewer, { title: s.manifest.hash });
    const records = [8, 20].map((mib) => box.record({ ticket, viewer, proven: mib * MIB }));
    const acks = records.map((record) => world.send(box, [record]).acks[0]);
    s.statements.close();
    const request = () => {
      const body = {
        wallet: box.key,
        nonce: toHex(world.random.bytes(16)) as Id,
        at: unixSeconds(world.now()),
      };
      return seal("wallet-request", body, box.signer, "dev").bytes;
    };
    const told = s.wallet.answer(request(), 0);
    if (!told.ok) throw new Error(told.code);
    const shown = told.lines.reduce((sum, { amount }) => sum + BigInt(amount), 0n);
    expect(shown).toBe(acks[1]?.body.creditedTotal as bigint);
    expect(told.lines.map(({ source }) => source)).toEqual(records.map(({ hash }) => hash));
    const withoutOne = told.lines.slice(1).reduce((sum, { amount }) => sum + BigInt(amount), 0n);
    expect(withoutOne).toBeLessThan(acks[1]?.body.creditedTotal as bigint);
    expect(fromBase64Url(told.statement ?? "")).toEqual(
      new Uint8Array(s.statements.latest()?.bytes ?? []),
    );
  });

  test("fault 37: two roots for one epoch are two signed statements that contradict one another", async () => {
    const s = studio();
    await deliver(s, s.world.addViewer());
    const honest = s.statements.close();
    if (!honest) throw new Error("a line was posted, so the epoch closes");
    const shownToOthers = seal(
      "statement",
      { ...honest.body, root: sha256(Buffer.from("other books")) },
      s.world.signer,
      "dev",
    );
    const opened = s.statements.latest();
    expect(opened && s.statements.opened(opened).hash).toBe(honest.hash);
    expect(shownToOthers.signer).toBe(honest.signer);
    expect(shownToOthers.body.epoch).toBe(honest.body.epoch);
    expect(shownToOthers.body.root).not.toBe(honest.body.root);
    const latest = s.statements.latest();
    if (!latest) throw new Error("a statement was closed");
    const proof = s.statements.consistencyProof(latest, latest);
    const { treeSize, root } = honest.body;
    expect(verifyConsistency(treeSize, treeSize, proof, shownToOthers.body.root, root)).toBe(false);
  });
});
