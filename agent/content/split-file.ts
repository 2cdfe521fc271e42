/**
 * A split as creators agree on it: a `split.toml` that names the parties and their shares, and
 * beside it one `split.toml.<first 8 digits of the key>.signed` from every other party.
 */
import { readdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { parse, TomlError } from "smol-toml";
import * as v from "valibot";
import { open, seal, splitId } from "../accounting/envelope.ts";
import type { Environment, Split } from "../accounting/messages.ts";
import { type AgreedSplit, openSplit } from "../accounting/split.ts";
import { fromBase64Url, isPublicKey, type PublicKey, toBase64Url } from "../core/encoding.ts";
import { errnoOf, exitCode, OperatorError, reasonOf } from "../core/errors.ts";
import { PipeForFile, readTextFile } from "../core/read-text-file.ts";
import { basisPoints, type UnixSeconds, unixSeconds } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";

const LONGEST_FILE = 64 * 1024;

/** What a message's fields hold (docs/protocol.md): a version, and seconds since 1970. */
const MOST = 0xffff_ffff;

const toBasisPoints = (perCent: number) => basisPoints(Math.round(perCent * 100));

const splitFile = v.strictObject({
  version: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MOST)), 1),
  valid_from: v.optional(
    v.pipe(
      v.date(),
      v.minValue(new Date(0), "it lies before 1970"),
      v.maxValue(new Date(MOST * 1000), "it lies after 2105"),
    ),
  ),
  party: v.pipe(
    v.array(
      v.strictObject({
        key: v.custom<PublicKey>(
          (key) => typeof key === "string" && isPublicKey(key),
          "a key has 64 hexadecimal digits",
        ),
        name: v.optional(v.string()),
        /** Per cent, two decimals at most. */
        share: v.pipe(
          v.number(),
          v.minValue(0.01),
          v.maxValue(100),
          v.check((share) => share === toBasisPoints(share) / 100, "more than two decimals"),
        ),
      }),
    ),
    v.minLength(1, "it names no [[party]]"),
    v.maxLength(64),
  ),
});

/** All to the creator: what holds when nobody agreed on anything else. */
export const wholeTo = (key: PublicKey, validFrom: UnixSeconds): Split => ({
  version: 1,
  parties: [{ key, share: basisPoints(10_000) }],
  validFrom,
});

function wordsOf(issue: v.InferIssue<typeof splitFile>): string {
  const path = v.getDotPath(issue) ?? "file";
  if (issue.type !== "strict_object") return `${path}: ${issue.message}`;
  return issue.expected === "never" ? `${path} is unknown` : `${path} is missing`;
}

/** Throws an OperatorError that names the file and what is wrong with it. */
export async function readSplit(path: string): Promise<Split> {
  const parsed = v.safeParse(splitFile, await readToml(path));
  if (!parsed.success) throw bad(path, parsed.issues.map(wordsOf).join("; "));
  const parties = parsed.output.party.map(({ key, share }) => ({
    key,
    share: toBasisPoints(share),
  }));
  const total = parties.reduce((sum, party) => sum + party.share, 0);
  if (total !== 10_000) throw bad(path, `the shares sum to ${total / 100} per cent, not 100`);
  if (new Set(parties.map((party) => party.key)).size < parties.length)
    throw bad(path, "a party is named twice");
  const from = parsed.output.valid_from?.getTime() ?? 0;
  return {
    version: parsed.output.version,
    parties,
    validFrom: unixSeconds(Math.floor(from / 1000)),
  };
}

/** What another party does with the file it was sent; returns the file to send back. */
export async function signSplit(path: string, signer: Signer, environment: Environment) {
  const split = await readSplit(path);
  if (!split.parties.some((party) => party.key === signer.publicKey))
    throw bad(path, `it does not name your key ${signer.publicKey}`);
  const signed = `${path}.${signer.publicKey.slice(0, 8)}.signed`;
  const { bytes } = seal("split", split, signer, environment);
  try {
    await writeFile(signed, `${toBase64Url(bytes)}\n`);
  } catch (cause) {
    throw new OperatorError(
      exitCode.ioError,
      `Your signature could not be written to ${signed} (${errnoOf(cause) ?? reasonOf(cause)}): make room or the folder writable, and sign again.`,
      { cause },
    );
  }
  return signed;
}

/** The split with everybody's signature: ours, where we are a party, and those found beside the file. */
export async function collectSplit(
  path: string,
  signer: Signer,
  environment: Environment,
): Promise<AgreedSplit> {
  const split = await readSplit(path);
  const id = splitId(split);
  const bySigner = new Map<PublicKey, Uint8Array>();
  if (split.parties.some((party) => party.key === signer.publicKey))
    bySigner.set(signer.publicKey, seal("split", split, signer, environment).bytes);
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(`${basename(path)}.`) || !name.endsWith(".signed")) continue;
    const file = join(dirname(path), name);
    const data = fromBase64Url(readSigned(file).trim());
    const opened = data && open("split", data, { environment });
    if (!opened?.ok)
      throw bad(file, `it is no signed split (${opened?.detail ?? "not base64url"})`);
    if (splitId(opened.message.body) !== id)
      throw bad(file, `it signs another split than ${basename(path)} says now`);
    bySigner.set(opened.message.signer, opened.message.bytes);
  }
  const missing = split.parties.filter((party) => !bySigner.has(party.key));
  if (missing.length > 0)
    throw bad(path, `not yet signed by ${missing.map((party) => party.key).join(", ")}`);
  return agreed([...bySigner.values()], environment, path);
}

function readSigned(file: string): string {
  try {
    return readTextFile(file, LONGEST_FILE);
  } catch (cause) {
    throw bad(file, errnoOf(cause) ?? reasonOf(cause), cause);
  }
}

export function agreed(
  signed: readonly Uint8Array[],
  environment: Environment,
  path: string,
): AgreedSplit {
  const opened = openSplit(signed, { environment });
  if (!opened.ok) throw bad(path, opened.detail);
  return opened.split;
}

async function readToml(path: string): Promise<unknown> {
  try {
    return parse(readTextFile(path, LONGEST_FILE));
  } catch (cause) {
    if (cause instanceof RangeError) throw bad(path, "it is larger than 64 KiB");
    if (cause instanceof PipeForFile) throw bad(path, "it is a pipe, not a file");
    if (errnoOf(cause) !== undefined)
      throw new OperatorError(
        exitCode.noInput,
        `Cannot read the split file ${path} (${errnoOf(cause)}): check its name and rights.`,
        { cause },
      );
    const where = cause instanceof TomlError ? `line ${cause.line}: ` : "";
    throw bad(path, `${where}${reasonOf(cause).split("\n")[0]}`, cause);
  }
}

const bad = (path: string, why: string, cause?: unknown) =>
  new OperatorError(exitCode.configuration, `The split file ${path} cannot be used: ${why}.`, {
    cause,
  });
