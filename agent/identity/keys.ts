/**
 * The key that is a box's (or a coordinator's, or a viewer's) identity, as one file. A key that was
 * there once and is gone is never replaced in silence: whoever lost it has to enrol again, or two
 * boxes would be paid as one and one as two.
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import {
  fromHex,
  type Hash,
  isHash,
  isPublicKey,
  type PublicKey,
  toHex,
} from "../core/encoding.ts";
import { errnoOf, exitCode, OperatorError, reasonOf } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { writeDurably } from "../core/write-durably.ts";
import { createSigner, type Signer } from "./ed25519.ts";

export type HeldReason = "key-missing" | "key-unreadable" | "key-garbled" | "key-not-enrolled";

export type KeyOutcome =
  | {
      readonly state: "ready";
      readonly signer: Signer;
      /** True when this call made the key. */
      readonly created: boolean;
      /** `changed`: the key was made on other hardware, so its storage was moved or copied. */
      readonly device: "same" | "changed" | "unknown";
    }
  /** No key to sign with until someone enrols this device again (`reenrol`). */
  | { readonly state: "held"; readonly reason: HeldReason; readonly text: string };

export interface KeyOptions {
  /** File name without extension: "box", "coordinator", "viewer". */
  readonly name: string;
  /** False where other state (a journal) proves that a key must have existed. */
  readonly mayCreate: boolean;
  readonly random: Random;
  /** See `deviceFingerprint`; undefined where the device has nothing to tell it by. */
  readonly fingerprint?: Hash | undefined;
}

const KEY_HEADER = "spareband-ed25519-seed";
const MARKER_HEADER = "spareband-enrolled";

/** Loads `<dir>/<name>.key`, or makes it on a directory that never had one. Throws only on IO faults. */
export function loadOrCreateKey(dir: string, options: KeyOptions): KeyOutcome {
  const keyPath = join(dir, `${options.name}.key`);
  const marker = readMarker(join(dir, `${options.name}.enrolled`));
  const stored = readStored(keyPath);
  switch (stored.state) {
    case "unreadable":
      return held("key-unreadable", dir, options.name, stored.why);
    case "garbled":
      return held("key-garbled", dir, options.name, "it is not a spareband key");
    case "absent":
      if (marker !== "none" || !options.mayCreate) {
        const why = marker === "none" ? "it is not there" : "it is gone";
        return held("key-missing", dir, options.name, why);
      }
      return create(dir, options);
    case "present": {
      const signer = createSigner(stored.seed);
      if (marker === "garbled" || (marker !== "none" && marker.publicKey !== signer.publicKey)) {
        const why = "it is not the key this device was enrolled with";
        return held("key-not-enrolled", dir, options.name, why);
      }
      if (marker === "none") writeMarker(dir, options, signer.publicKey);
      const known = marker === "none" ? options.fingerprint : marker.fingerprint;
      return {
        state: "ready",
        signer,
        created: false,
        device: compare(known, options.fingerprint),
      };
    }
  }
}

/** Makes a new key whatever was there before: what the household or the maker does by hand. */
export function reenrol(dir: string, options: Omit<KeyOptions, "mayCreate">): KeyOutcome {
  return create(dir, { ...options, mayCreate: true });
}

/**
 * Makes the key `from` the one under the name `to`, in place of whatever was there. Done again after a
 * crash it ends where it should; the marker goes first, and a key without one loads.
 */
export function promoteKey(dir: string, from: string, to: string): void {
  rmSync(join(dir, `${to}.enrolled`), { force: true });
  const source = join(dir, `${from}.key`);
  if (existsSync(source)) renameSync(source, join(dir, `${to}.key`));
  rmSync(join(dir, `${from}.enrolled`), { force: true });
}

/**
 * Destroys a key and the memory of it, for a factory reset: the next start makes a new identity. The
 * file is written over first, though flash may keep old blocks until it reuses them.
 */
export function destroyKey(dir: string, name: string): void {
  const keyPath = join(dir, `${name}.key`);
  rmSync(join(dir, `${name}.enrolled`), { force: true });
  if (!existsSync(keyPath)) return;
  const file = openSync(keyPath, "r+");
  try {
    writeSync(file, "0".repeat(fstatSync(file).size));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  rmSync(keyPath);
}

function create(dir: string, options: KeyOptions): KeyOutcome {
  const seed = options.random.bytes(32);
  const signer = createSigner(seed);
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    chmodSync(dir, 0o700);
    // The old marker goes first: a power cut in between leaves a key without a marker, which loads.
    rmSync(join(dir, `${options.name}.enrolled`), { force: true });
    writeDurably(join(dir, `${options.name}.key`), `${KEY_HEADER} ${toHex(seed)}\n`, 0o600);
    writeMarker(dir, options, signer.publicKey);
  } catch (cause) {
    throw new OperatorError(
      exitCode.ioError,
      `Cannot store a new key in ${dir} (${reasonOf(cause)}): make the directory writable for spareband's user.`,
      { cause },
    );
  } finally {
    seed.fill(0);
  }
  return {
    state: "ready",
    signer,
    created: true,
    device: compare(options.fingerprint, options.fingerprint),
  };
}

type Stored =
  | { readonly state: "present"; readonly seed: Uint8Array }
  | { readonly state: "absent" | "garbled" }
  | { readonly state: "unreadable"; readonly why: string };

function readStored(path: string): Stored {
  let text: string;
  try {
    text = readFileSync(path, "latin1");
  } catch (fault) {
    if (errnoOf(fault) === "ENOENT") return { state: "absent" };
    return { state: "unreadable", why: reasonOf(fault) };
  }
  const match = /^spareband-ed25519-seed ([0-9a-f]{64})\n$/.exec(text);
  return match?.[1] ? { state: "present", seed: fromHex(match[1]) } : { state: "garbled" };
}

interface Marker {
  readonly publicKey: PublicKey;
  readonly fingerprint: Hash | undefined;
}

function readMarker(path: string): Marker | "none" | "garbled" {
  let text: string;
  try {
    text = readFileSync(path, "latin1");
  } catch (fault) {
    return errnoOf(fault) === "ENOENT" ? "none" : "garbled";
  }
  const [header, publicKey = "", fingerprint = "", ...rest] = text.trimEnd().split(" ");
  const known = fingerprint === "-" ? undefined : fingerprint;
  if (header !== MARKER_HEADER || !isPublicKey(publicKey) || rest.length > 0) return "garbled";
  if (known !== undefined && !isHash(known)) return "garbled";
  return { publicKey, fingerprint: known };
}

const writeMarker = (dir: string, options: KeyOptions, publicKey: PublicKey) =>
  writeDurably(
    join(dir, `${options.name}.enrolled`),
    `${MARKER_HEADER} ${publicKey} ${options.fingerprint ?? "-"}\n`,
    0o600,
  );

const compare = (stored: Hash | undefined, now: Hash | undefined) =>
  stored === undefined || now === undefined ? "unknown" : stored === now ? "same" : "changed";

const held = (reason: HeldReason, dir: string, name: string, why: string): KeyOutcome => {
  const unusable = `key ${join(dir, `${name}.key`)} cannot be used (${why})`;
  return { state: "held", reason, text: adviceOn(unusable, dir, name) };
};

/** What is lost with a key, and so what to do about it, depends on whose it is. */
function adviceOn(unusable: string, dir: string, name: string): string {
  if (name === "box")
    return `This device's ${unusable}: put the old file back, or enrol the device again with a new key.`;
  if (name.startsWith("coordinator"))
    return `The coordinator's ${unusable}: put the backup of it back, without which nobody can follow what it signed.`;
  return `Your ${unusable}: put the old file back, or delete ${dir} to begin with a new key.`;
}
