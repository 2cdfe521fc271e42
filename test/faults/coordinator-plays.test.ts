/** What plays pay to creators: only what receipts back, once, within limits. */
import { describe, expect, test } from "bun:test";
import { seal } from "../../agent/accounting/envelope.ts";
import { verifyExport } from "../../agent/accounting/verify-export.ts";
import { walletEntries } from "../../agent/accounting/wallet-entries.ts";
import { writeExport } from "../../agent/accounting/write-export.ts";
import { createWorld, type World } from "../../agent/coordinator/coordinator-testing.ts";
import { defaultPriceList } from "../../agent/coordinator/price-list.ts";
import { type Id, toHex } from "../../agent/core/encoding.ts";
import { bytes } from "../../agent/core/units.ts";
import { creatorBalance, deliver, MIB, played, studio } from "./studio.ts";

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

  test("a creator is told by which split and prices each play was paid, and can work it out", async () => {
    const s = studio();
    const { world, creator } = s;
    await s.titles.publish(s.manifest.bytes, s.signed);
    const viewer = world.addViewer();
    await deliver(s, viewer);
    const play = played(world, viewer, s.manifest.hash);
    await world.clock.advance(120_000);
    s.plays.receive(play);
    s.statements.close();
    const request = {
      wallet: creator.publicKey,
      nonce: toHex(world.random.bytes(16)) as Id,
      at: world.now(),
    };
    const told = s.wallet.answer(seal("wallet-request", request, creator, "dev").bytes, 0);
    expect(told).toMatchObject({
      lines: [{ kind: "creator", amount: "2500", split: s.split.id, priceList: 1 }],
    });
    const account = walletEntries(told);
    if (!account.ok) throw new Error(account.detail);
    const signed = s.signed.map((bytes) => ({ kind: "message", bytes }) as const);
    const prices = { kind: "prices", prices: defaultPriceList } as const;
    const header = { environment: "dev", subject: creator.publicKey, at: world.now() } as const;
    const items = [...writeExport(header, [prices, ...signed, ...account.entries])];
    const coordinators = new Set([world.signer.publicKey]);
    const content = Buffer.concat(items.map(({ cbor }) => cbor));
    expect(verifyExport(content, { environment: "dev", coordinators })).toMatchObject({
      ok: true,
      provenTokens: 2_500n,
      notes: [],
    });
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

  test("bytes that a later play stands on carry no earlier one that is sent after it", async () => {
    const s = studio();
    await s.titles.publish(s.manifest.bytes, s.signed);
    const viewer = s.world.addViewer();
    const box = s.world.addBox();
    const terms = { title: s.manifest.hash, split: s.split.id };
    const ticket = s.world.issue(box, viewer, terms);
    s.world.send(box, [box.record({ ticket, viewer, proven: 240_000 })]);
    const plays: Uint8Array[] = [];
    for (let turn = 0; turn < 3; turn++) {
      plays.push(played(s.world, viewer, s.manifest.hash, 30_000));
      await s.world.clock.advance(31_000);
    }
    const answers = plays.toReversed().map((play) => s.plays.receive(play));
    expect(answers.map((answer) => answer.ok && answer.qualified)).toEqual([true, false, false]);
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
