/** Who may publish, and how a split is agreed to and changed. */
import { describe, expect, test } from "bun:test";
import { createWorld, makeSplit, newSigner } from "../../agent/coordinator/coordinator-testing.ts";
import { bytes } from "../../agent/core/units.ts";
import { creatorBalance, deliver, MIB, played, studio } from "./studio.ts";

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
