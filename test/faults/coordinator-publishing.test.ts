/** Splits, plays and statements: what creators are paid, and what nobody can change afterwards. */
import { describe, expect, test } from "bun:test";
import { seal } from "../../agent/accounting/envelope.ts";
import { lineLeaf } from "../../agent/accounting/ledger-line.ts";
import { verifyConsistency, verifyInclusion } from "../../agent/accounting/merkle.ts";
import type { Sealed, Statement } from "../../agent/accounting/messages.ts";
import {
  createWorld,
  makeSplit,
  newSigner,
  type World,
} from "../../agent/coordinator/coordinator-testing.ts";
import { createPlayOffice } from "../../agent/coordinator/plays.ts";
import { createStatementOffice } from "../../agent/coordinator/statements.ts";
import {
  createTitleOffice,
  type OriginStore,
  type TitleOfficeOptions,
} from "../../agent/coordinator/titles.ts";
import { createWalletOffice } from "../../agent/coordinator/wallet.ts";
import { fromBase64Url, type Hash, type Id, sha256, toHex } from "../../agent/core/encoding.ts";
import { bytes, milliseconds, seconds, unixSeconds } from "../../agent/core/units.ts";
import type { Signer } from "../../agent/identity/ed25519.ts";

const MIB = 1024 * 1024;
const origin: OriginStore = {
  addManifest: async () => "added",
  putChunk: async () => "stored",
  complete: () => true,
  missing: () => [],
  refuse: async () => {},
};

function studio(world = createWorld(), rules: Partial<TitleOfficeOptions> = {}) {
  const titles = createTitleOffice({ ...world, origin, ...rules });
  const plays = createPlayOffice(world);
  const statements = createStatementOffice(world);
  const wallet = createWalletOffice({ ...world, statements });
  const creator = newSigner(world.random);
  const label = newSigner(world.random);
  const split = makeSplit([creator, label]);
  const manifest = seal(
    "manifest",
    {
      creator: creator.publicKey,
      slug: "song",
      name: "Song",
      kind: "music",
      delivery: "receipted",
      chunkSize: bytes(MIB),
      files: [
        {
          path: "song.mp3",
          size: bytes(4 * MIB),
          mediaType: "audio/mpeg",
          chunks: [1, 2, 3, 4].map((n) => sha256(Buffer.from([n]))),
        },
      ],
      split: split.id,
      createdAt: world.now(),
    },
    creator,
    "dev",
  );
  const signed = split.signed.map((part) => part.bytes);
  return { world, titles, plays, statements, wallet, creator, label, split, manifest, signed };
}

function played(world: World, viewer: Signer, title: Hash, forMs = 120_000) {
  const body = {
    id: toHex(world.random.bytes(16)) as Id,
    viewer: viewer.publicKey,
    title,
    startedAt: world.now(),
    played: milliseconds(forMs),
  };
  return seal("play", body, viewer, "dev").bytes;
}

const creatorBalance = (world: World, { publicKey }: Signer): bigint =>
  world.store.ledger.balance({ kind: "creator", key: publicKey });

async function deliver(
  { world, manifest, split }: ReturnType<typeof studio>,
  viewer: Signer,
  mib = 4,
) {
  const box = world.addBox();
  const ticket = world.issue(box, viewer, { title: manifest.hash, split: split.id });
  world.send(box, [box.record({ ticket, viewer, proven: mib * MIB })]);
  return box;
}

describe("who may publish", () => {
  const publish = ({ titles, manifest, signed }: ReturnType<typeof studio>) =>
    titles.publish(manifest.bytes, signed);

  test("a creator that the operator did not admit is told whom to ask, and nothing is kept", async () => {
    const s = studio(createWorld(), { creators: () => false });
    expect(await publish(s)).toMatchObject({
      notAdmitted: "creator-not-admitted",
      text: expect.stringContaining(`admit the key ${s.creator.publicKey}`),
    });
    expect(s.world.store.titles.get(s.manifest.hash)).toBeUndefined();
  });

  test("a title over the creator's quota is refused; one that is here may be sent again", async () => {
    const room = 4 * MIB + studio().manifest.bytes.length;
    const small = studio(createWorld(), { creatorQuota: bytes(room - 1) });
    expect(await publish(small)).toMatchObject({ notAdmitted: "creator-over-quota" });
    const fits = studio(createWorld(), { creatorQuota: bytes(room) });
    expect(await publish(fits)).toMatchObject({ ok: true });
    expect(await publish(fits)).toMatchObject({ ok: true });
  });

  test("what was taken down leaves room for something else", async () => {
    const s = studio();
    await publish(s);
    const { titles } = s.world.store;
    expect(titles.publishedBy(s.creator.publicKey)).toBeGreaterThan(4 * MIB);
    await s.titles.takeDown(s.manifest.hash, "asked by its creator");
    expect(titles.publishedBy(s.creator.publicKey)).toBe(bytes(0));
  });
});

describe("plays", () => {
  test("a play that receipts back is paid once, to the split's parties", async () => {
    const s = studio();
    await s.titles.publish(s.manifest.bytes, s.signed);
    const viewer = s.world.addViewer();
    await deliver(s, viewer);
    const play = played(s.world, viewer, s.manifest.hash);
    await s.world.clock.advance(120_000);
    expect(s.plays.receive(play)).toEqual({ ok: true, qualified: true });
    expect(s.plays.receive(play)).toEqual({ ok: true, qualified: true });
    expect(creatorBalance(s.world, s.creator)).toBe(2_500n);
    expect(creatorBalance(s.world, s.label)).toBe(2_500n);
  });

  test("a play before its receipts waits, and is paid when they come", async () => {
    const s = studio();
    await s.titles.publish(s.manifest.bytes, s.signed);
    const viewer = s.world.addViewer();
    const play = played(s.world, viewer, s.manifest.hash);
    await s.world.clock.advance(120_000);
    expect(s.plays.receive(play)).toMatchObject({ qualified: false, code: "play-not-served" });
    expect(s.plays.settlePending()).toBe(0);
    await deliver(s, viewer);
    expect(s.plays.settlePending()).toBe(1);
    expect(creatorBalance(s.world, s.creator)).toBe(2_500n);
  });

  test("what the origin delivered backs a play, though nobody is paid for the bytes", async () => {
    const s = studio();
    const { world } = s;
    await s.titles.publish(s.manifest.bytes, s.signed);
    const viewer = world.addViewer();
    const origin = { key: world.signer.publicKey } as Parameters<World["issue"]>[0];
    const ticket = world.issue(origin, viewer, { title: s.manifest.hash, split: s.split.id });
    const play = played(world, viewer, s.manifest.hash);
    await world.clock.advance(120_000);
    expect(s.plays.receive(play)).toMatchObject({ qualified: false });
    world.store.tickets.raiseProven(ticket.hash, world.addBox().key, 4 * MIB);
    expect(s.plays.settlePending()).toBe(0);
    world.store.tickets.raiseProven(ticket.hash, world.signer.publicKey, 4 * MIB);
    expect(s.plays.settlePending()).toBe(1);
    expect(world.store.ledger.sums().get("household")).toBeUndefined();
  });

  test("short plays, plays of the future and more plays than bytes are not paid", async () => {
    const s = studio();
    await s.titles.publish(s.manifest.bytes, s.signed);
    const viewer = s.world.addViewer();
    await deliver(s, viewer, 2);
    const at = (forMs: number) => s.plays.receive(played(s.world, viewer, s.manifest.hash, forMs));
    expect(at(29_999)).toMatchObject({ qualified: false, code: "play-too-short" });
    expect(at(3_600_000)).toMatchObject({ qualified: false, code: "stale" });
    const outcomes: boolean[] = [];
    for (let turn = 0; turn < 4; turn++) {
      const play = played(s.world, viewer, s.manifest.hash, 120_000);
      await s.world.clock.advance(130_000);
      const answer = s.plays.receive(play);
      outcomes.push(answer.ok && answer.qualified);
    }
    expect(outcomes).toEqual([true, true, false, false]);
  });

  test("the day's limit holds for plays that waited for their receipts, too", async () => {
    const s = studio(createWorld({ policy: { maxPlaysPerTitleAndDay: 2 } }));
    await s.titles.publish(s.manifest.bytes, s.signed);
    const viewer = s.world.addViewer();
    const box = s.world.addBox();
    const terms = { title: s.manifest.hash, split: s.split.id };
    const ticket = s.world.issue(box, viewer, terms);
    for (let turn = 0; turn < 3; turn++) {
      const play = played(s.world, viewer, s.manifest.hash, 30_000);
      await s.world.clock.advance(31_000);
      expect(s.plays.receive(play)).toMatchObject({ qualified: false, code: "play-not-served" });
    }
    s.world.send(box, [box.record({ ticket, viewer, proven: 4 * MIB })]);
    expect(s.plays.settlePending()).toBe(2);
    expect(s.world.store.plays.count("refused")).toBe(1);
  });

  test("plays that are never backed hold nobody else's back", async () => {
    const s = studio();
    await s.titles.publish(s.manifest.bytes, s.signed);
    for (let viewers = 0; viewers < 5; viewers++) {
      const idler = s.world.addViewer();
      s.plays.receive(played(s.world, idler, s.manifest.hash, 30_000));
    }
    const viewer = s.world.addViewer();
    s.plays.receive(played(s.world, viewer, s.manifest.hash, 30_000));
    await deliver(s, viewer);
    const settled = [1, 2, 3, 4].map(() => s.plays.settlePending(2));
    expect(settled).toEqual([0, 0, 1, 0]);
  });

  test("a title without a byte in it earns nothing", async () => {
    const s = studio();
    const empty = { path: "empty.mp3", size: bytes(0), mediaType: "audio/mpeg", chunks: [] };
    const { body } = s.manifest;
    const manifest = seal("manifest", { ...body, slug: "empty", files: [empty] }, s.creator, "dev");
    expect(await s.titles.publish(manifest.bytes, s.signed)).toMatchObject({ ok: true });
    const play = played(s.world, s.world.addViewer(), manifest.hash, 30_000);
    await s.world.clock.advance(31_000);
    expect(s.plays.receive(play)).toMatchObject({ qualified: false, code: "play-not-served" });
    expect(s.plays.settlePending()).toBe(0);
  });
});

describe("splits", () => {
  test("fault 34: a split changed in the middle of a session applies to later tickets only", async () => {
    const s = studio();
    await s.titles.publish(s.manifest.bytes, s.signed);
    const viewer = s.world.addViewer();
    await deliver(s, viewer);
    const newcomer = newSigner(s.world.random);
    const next = makeSplit([newcomer, s.creator, s.label], 2);
    const replaced = s.titles.replaceSplit(
      s.manifest.hash,
      next.signed.map((p) => p.bytes),
      [],
    );
    expect(replaced.ok).toBe(true);
    const play = played(s.world, viewer, s.manifest.hash);
    await s.world.clock.advance(120_000);
    s.plays.receive(play);
    expect(creatorBalance(s.world, newcomer)).toBe(0n);
    expect(creatorBalance(s.world, s.label)).toBe(2_500n);
    expect(s.world.store.titles.get(s.manifest.hash)?.split).toBe(next.id);
  });

  test("fault 35: a split without everyone's signature, or of another title, is refused", async () => {
    const s = studio();
    const thief = newSigner(s.world.random);
    const other = makeSplit([thief]);
    expect(
      await s.titles.publish(s.manifest.bytes, [other.signed[0]?.bytes ?? new Uint8Array()]),
    ).toMatchObject({
      ok: false,
      code: "split-mismatch",
    });
    expect(await s.titles.publish(s.manifest.bytes, s.signed.slice(0, 1))).toMatchObject({
      ok: false,
      code: "split-unsigned",
    });
    await s.titles.publish(s.manifest.bytes, s.signed);
    for (const parties of [[thief], [thief, s.label], [thief, s.creator]]) {
      const claim = makeSplit(parties, 2);
      const answer = s.titles.replaceSplit(
        s.manifest.hash,
        claim.signed.map((p) => p.bytes),
        [],
      );
      expect(answer).toMatchObject({ ok: false, code: "split-mismatch" });
    }
    expect(s.world.store.titles.get(s.manifest.hash)?.split).toBe(s.split.id);
  });
});

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
