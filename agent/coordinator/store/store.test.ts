import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hash, PublicKey } from "../../core/encoding.ts";
import { bytes, microTokens, unixSeconds } from "../../core/units.ts";
import type { Account } from "../ledger.ts";
import { schema } from "./schema.ts";
import { openDatabase } from "./sqlite.ts";
import { openStore } from "./store.ts";

const box = "b".repeat(64) as PublicKey;
const account = (kind: Account["kind"], key: string): Account => ({ kind, key });

test("a database of an earlier version is brought up to date, and opens again", () => {
  const directory = mkdtempSync(join(tmpdir(), "coordinator-store-"));
  const path = join(directory, "coordinator.sqlite");
  const old = openDatabase(path);
  const first = schema
    .replace(/tls_key TEXT/, "proven_uplink INTEGER")
    .replace(/,\s+taken_at INTEGER/, "")
    .replace(/,\s+split TEXT,\s+price_list INTEGER(?=\s+\))/, "")
    .replace(/CREATE INDEX titles_by_(takedown|creator).*\n/g, "")
    .replace(/CREATE TABLE price_lists[\s\S]*/, "");
  old.exec(first);
  old.exec("PRAGMA user_version = 1");
  old.prepare("INSERT INTO boxes (key, wallet, enrolled_at) VALUES (?, ?, 1)").run(box, box);
  old
    .prepare(
      `INSERT INTO titles (title, slug, name, kind, creator, manifest, size, split, takedown, created_at)
       VALUES (?, 'film', 'Film', 'video', ?, x'', 1, ?, 'court order', 7)`,
    )
    .run(box, box, box);
  old.close();
  for (const online of [true, false]) {
    using store = openStore(path, openDatabase);
    store.boxes.setOnline(box, online, unixSeconds(2));
    expect(store.boxes.get(box)).toMatchObject({ key: box, tls_key: null });
    expect(store.titles.takedowns(10, 0)).toEqual([
      { title: box as string as Hash, reason: "court order", at: unixSeconds(7) },
    ]);
  }
  rmSync(directory, { recursive: true });
});

test("an account made in a transaction that was undone is made anew by the next one", () => {
  using store = openStore(":memory:", openDatabase);
  const [lost, kept] = [account("household", "lost"), account("household", "kept")];
  const post = (to: Account) => {
    const ledger = store.ledger.appender(unixSeconds(1));
    const amount = microTokens(5n);
    const payer = { account: account("payer", "fleet"), amount: microTokens(-5n) };
    ledger.add([payer, { account: to, amount }], "0".repeat(64) as Hash);
    ledger.finish();
  };
  const failing = () =>
    store.transaction(() => {
      post(lost);
      throw new Error("the disk is full");
    });
  expect(failing).toThrow("the disk is full");
  store.transaction(() => post(kept));
  store.transaction(() => post(lost));
  expect(store.ledger.balance(kept)).toBe(microTokens(5n));
  expect(store.ledger.balance(lost)).toBe(microTokens(5n));
  expect(store.ledger.audit()).toEqual({ total: 0n, balances: 0n, unbalanced: 0n, drifted: 0n });
});

test("a short name stays with the creator who used it first, and means their newest title", () => {
  using store = openStore(":memory:", openDatabase);
  const add = (title: string, creator: string, at: number) =>
    store.titles.add({
      title: title.repeat(64) as Hash,
      slug: "film",
      name: "Film",
      kind: "video",
      creator: creator.repeat(64) as PublicKey,
      manifest: new Uint8Array(),
      size: bytes(1),
      split: "0".repeat(64) as Hash,
      created_at: unixSeconds(at),
    });
  add("1", "a", 10);
  add("2", "b", 20);
  expect(store.titles.bySlug("film")?.title).toBe("1".repeat(64) as Hash);
  add("3", "a", 30);
  expect(store.titles.bySlug("film")?.title).toBe("3".repeat(64) as Hash);
  for (const title of ["1", "3"])
    store.titles.takeDown(title.repeat(64) as Hash, "court order", unixSeconds(40));
  expect(store.titles.bySlug("film")?.title).toBe("2".repeat(64) as Hash);
});

test("what is no database, or a folder in its place, is one sentence with the path", () => {
  const directory = mkdtempSync(join(tmpdir(), "coordinator-store-"));
  const file = join(directory, "file");
  writeFileSync(file, "not a database".repeat(400));
  const folder = join(directory, "folder");
  mkdirSync(folder);
  for (const path of [file, folder])
    expect(() => openStore(path, openDatabase)).toThrow(
      `The coordinator's database ${path} cannot be used (`,
    );
  rmSync(directory, { recursive: true });
});
