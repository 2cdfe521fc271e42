import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSuccessions, trustedKeys } from "../accounting/succession.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { seededRandom } from "../core/random.ts";
import { type CoordinatorKeyOptions, coordinatorSigner, rotateKey } from "./key-rotation.ts";
import { openDatabase } from "./store/sqlite.ts";
import { openStore } from "./store/store.ts";

let base: string;
let options: CoordinatorKeyOptions;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "spareband-rotation-"));
  options = {
    directory: join(base, "identity"),
    environment: "dev",
    random: seededRandom(4),
    clock: new FakeClock(),
    openStore: () => openStore(join(base, "coordinator.sqlite"), openDatabase),
  };
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function published() {
  using store = options.openStore();
  return {
    successions: openSuccessions(store.published.successions(32), "dev"),
    retired: [...store.trust.retiredKeys().keys()],
  };
}

describe("a rotation", () => {
  test("hands over by both signatures, and retires the key before", () => {
    const first = coordinatorSigner(options).publicKey;
    const keys = rotateKey(options);
    expect(keys.previous).toBe(first);
    expect(coordinatorSigner(options).publicKey).toBe(keys.next);
    const { successions, retired } = published();
    expect(retired).toEqual([first]);
    for (const known of [first, keys.next]) {
      expect(trustedKeys([known], successions)).toEqual(new Set([first, keys.next]));
    }
  });

  test("may be followed by others: the first key leads to the last, and the last to the first", () => {
    const first = coordinatorSigner(options).publicKey;
    const last = [1, 2, 3].map(() => rotateKey(options).next).at(-1) ?? first;
    const { successions, retired } = published();
    expect(retired).toHaveLength(3);
    expect(trustedKeys([first], successions).has(last)).toBe(true);
    expect(trustedKeys([last], successions).has(first)).toBe(true);
  });

  test("that was cut off before it was published never happened", () => {
    const first = coordinatorSigner(options).publicKey;
    const broken = () => {
      throw new Error("the disk is gone");
    };
    expect(() => rotateKey({ ...options, openStore: broken })).toThrow("the disk is gone");
    expect(existsSync(join(options.directory, "coordinator-next.key"))).toBe(true);
    expect(coordinatorSigner(options).publicKey).toBe(first);
    const keys = rotateKey(options);
    expect(keys.previous).toBe(first);
    expect(coordinatorSigner(options).publicKey).toBe(keys.next);
  });

  test("that was cut off after it was published is finished by the next start", () => {
    coordinatorSigner(options);
    const nothing = () => {
      throw new Error("not yet");
    };
    expect(() => rotateKey({ ...options, openStore: nothing })).toThrow("not yet");
    const before = join(base, "before");
    cpSync(options.directory, before, { recursive: true });
    const keys = rotateKey(options);
    rmSync(options.directory, { recursive: true });
    cpSync(before, options.directory, { recursive: true });
    expect(coordinatorSigner(options).publicKey).toBe(keys.next);
    expect(existsSync(join(options.directory, "coordinator-next.key"))).toBe(false);
  });
});
