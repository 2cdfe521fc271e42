import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PublicKey } from "../../core/encoding.ts";
import { unixSeconds } from "../../core/units.ts";
import { schema } from "./schema.ts";
import { openDatabase } from "./sqlite.ts";
import { openStore } from "./store.ts";

const box = "b".repeat(64) as PublicKey;

test("a database of an earlier version is brought up to date, and opens again", () => {
  const directory = mkdtempSync(join(tmpdir(), "coordinator-store-"));
  const path = join(directory, "coordinator.sqlite");
  const old = openDatabase(path);
  old.exec(schema.replace(/,\s*tls_key TEXT/, ""));
  old.exec("PRAGMA user_version = 1");
  old.prepare("INSERT INTO boxes (key, wallet, enrolled_at) VALUES (?, ?, 1)").run(box, box);
  old.close();
  for (const online of [true, false]) {
    using store = openStore(path, openDatabase);
    store.boxes.setOnline(box, online, unixSeconds(2));
    expect(store.boxes.get(box)).toMatchObject({ key: box, tls_key: null });
  }
  rmSync(directory, { recursive: true });
});
