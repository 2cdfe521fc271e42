import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hash } from "../core/encoding.ts";
import { seededRandom } from "../core/random.ts";
import { deviceFingerprint } from "./device-fingerprint.ts";
import { destroyKey, type KeyOptions, loadOrCreateKey, reenrol } from "./keys.ts";

const fingerprint = "a".repeat(64) as Hash;
const other = "b".repeat(64) as Hash;
let dir = "";
let options: KeyOptions;

beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), "spareband-keys-")), "identity");
  options = { name: "box", mayCreate: true, random: seededRandom(1), fingerprint };
});
afterEach(() => rmSync(join(dir, ".."), { recursive: true, force: true }));

function ready(outcome = loadOrCreateKey(dir, options)) {
  if (outcome.state !== "ready") throw new Error(outcome.text);
  return outcome;
}
const heldReason = (outcome = loadOrCreateKey(dir, options)) =>
  outcome.state === "held" ? outcome.reason : "ready";

test("the first start makes a key that only its owner can read, the second finds it", () => {
  const made = ready();
  expect(made).toMatchObject({ created: true, device: "same" });
  expect(statSync(join(dir, "box.key")).mode & 0o777).toBe(0o600);
  expect(statSync(dir).mode & 0o777).toBe(0o700);
  expect(ready()).toMatchObject({ created: false, device: "same" });
  expect(ready().signer.publicKey).toBe(made.signer.publicKey);
  expect(readdirSync(dir).sort()).toEqual(["box.enrolled", "box.key"]);
});

test("a key that is gone is never replaced in silence (fault 45)", () => {
  const old = ready().signer.publicKey;
  rmSync(join(dir, "box.key"));
  expect(heldReason()).toBe("key-missing");
  expect(readdirSync(dir)).toEqual(["box.enrolled"]);
  const again = ready(reenrol(dir, options));
  expect(again.signer.publicKey).not.toBe(old);
  expect(ready().signer.publicKey).toBe(again.signer.publicKey);
});

test("a directory that never had a key gets none when a journal proves there was one (fault 45)", () => {
  expect(heldReason(loadOrCreateKey(dir, { ...options, mayCreate: false }))).toBe("key-missing");
});

test("whose key it is decides what is to be done about it", () => {
  const told = (name: string) => {
    const outcome = loadOrCreateKey(dir, { ...options, name, mayCreate: false });
    return outcome.state === "held" ? outcome.text : "ready";
  };
  expect(told("box")).toContain("enrol the device again");
  expect(told("coordinator")).toContain("put the backup of it back");
  expect(told("viewer")).toContain(`(it is not there): put the old file back, or delete ${dir}`);
});

test("a key that cannot be read is held, not replaced (fault 45)", () => {
  ready();
  rmSync(join(dir, "box.key"));
  // A directory in the key's place fails to read for root too, which mode bits do not.
  mkdirSync(join(dir, "box.key"));
  expect(heldReason()).toBe("key-unreadable");
});

test.each([
  "",
  "spareband-ed25519-seed",
  "x".repeat(88),
  `spareband-ed25519-seed ${"0".repeat(63)}g\n`,
])("garbled key %# is held and stays as it was (fault 45)", (content) => {
  ready();
  writeFileSync(join(dir, "box.key"), content);
  expect(heldReason()).toBe("key-garbled");
  expect(readFileSync(join(dir, "box.key"), "utf8")).toBe(content);
});

test("any one flipped bit of the key file is noticed (fault 45)", () => {
  ready();
  const whole = readFileSync(join(dir, "box.key"));
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const at = bit >> 3;
    writeFileSync(join(dir, "box.key"), whole.with(at, (whole[at] ?? 0) ^ (1 << (bit & 7))));
    expect(heldReason()).not.toBe("ready");
  }
});

test("a key from another installation is not used for this enrolment", () => {
  ready();
  const stranger = { ...options, name: "stranger" };
  ready(loadOrCreateKey(dir, stranger));
  writeFileSync(join(dir, "box.key"), readFileSync(join(dir, "stranger.key")));
  expect(heldReason()).toBe("key-not-enrolled");
});

test("storage that woke up on other hardware says so", () => {
  ready();
  expect(ready(loadOrCreateKey(dir, { ...options, fingerprint: other })).device).toBe("changed");
  expect(ready(loadOrCreateKey(dir, { ...options, fingerprint: undefined })).device).toBe(
    "unknown",
  );
  expect(ready().device).toBe("same");
});

test("what is left of a write that was cut off does no harm", () => {
  ready();
  writeFileSync(join(dir, "box.key.new"), "spareband-ed2");
  rmSync(join(dir, "box.enrolled"));
  expect(ready().created).toBe(false);
  expect(readdirSync(dir)).toContain("box.enrolled");
});

test("a factory reset destroys the key, and the next start is someone new (fault 61)", () => {
  const old = ready().signer.publicKey;
  destroyKey(dir, "box");
  expect(readdirSync(dir)).toEqual([]);
  expect(ready()).toMatchObject({ created: true });
  expect(ready().signer.publicKey).not.toBe(old);
  destroyKey(dir, "never-there");
});

test("a device is known by the first source that says something", () => {
  const [empty, placeholder, serial, missing] = ["1", "2", "3", "4"].map((n) => join(dir, "..", n));
  if (!empty || !placeholder || !serial || !missing) throw new Error("four paths");
  writeFileSync(empty, "\0\n");
  writeFileSync(placeholder, "To be filled by O.E.M.\n");
  writeFileSync(serial, "100000001234abcd\0");
  expect(deviceFingerprint([missing, empty, placeholder])).toBeUndefined();
  const known = deviceFingerprint([missing, empty, placeholder, serial]);
  expect(known).toBe(deviceFingerprint([serial]) as Hash);
  writeFileSync(serial, "100000001234abce\0");
  expect(deviceFingerprint([serial])).not.toBe(known as Hash);
});
