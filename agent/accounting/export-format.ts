/**
 * The export of a household's or a creator's account: a CBOR sequence (RFC 8742) of numbered items,
 * each with a check of its own so that damage can be told apart, beside JSON Lines that say the same
 * in words. What the items prove is checked in `verify-export.ts`.
 */
import { fromHex, type Hash, type PublicKey, sha256, toHex } from "../core/encoding.ts";
import type { BasisPoints, MicroTokens, UnixSeconds } from "../core/units.ts";
import { CborReader, DecodeFault, major } from "./cbor-reader.ts";
import { CborWriter } from "./cbor-writer.ts";
import { type Codec, choice, hash, list, publicKey, tokens, uint } from "./codec.ts";
import { peek, type Refused } from "./envelope.ts";
import { decodeLine } from "./ledger-line.ts";
import type { Environment } from "./messages.ts";
import { type Json, toReadable } from "./readable.ts";
import { schemas } from "./schema.ts";
import { required, structure } from "./structure.ts";

export interface ExportHeader {
  readonly version: 1;
  readonly environment: Environment;
  /** Whose account it is: a box, a wallet, or a creator. */
  readonly subject: PublicKey;
  readonly at: UnixSeconds;
}

/** That a ledger line is in an epoch's statement. */
export interface InclusionProof {
  readonly line: number;
  readonly epoch: number;
  readonly path: readonly Hash[];
}

/** That an epoch's tree only adds lines to an earlier one's. */
export interface ConsistencyProof {
  readonly oldEpoch: number;
  readonly epoch: number;
  readonly path: readonly Hash[];
}

/** Prices as the coordinator publishes them. */
export interface PublishedPrices {
  readonly id: number;
  readonly householdPerMebibyte: MicroTokens;
  readonly creatorsPerPlay: MicroTokens;
  readonly platformFee: BasisPoints;
}

/** What the coordinator says that a play was paid by: the terms of the ticket that brought its bytes. */
export interface PlayTerms {
  readonly play: Hash;
  readonly split: Hash;
  readonly priceList: number;
}

export interface ExportEnd {
  /** Items before this one. */
  readonly items: number;
  /** sha-256 of all bytes before this item. */
  readonly digest: Hash;
}

const epoch = uint(0xffff_ffff);
const path = list(hash, 64);

export const exportSchemas = {
  header: structure<ExportHeader>("export-header", {
    version: required(1, uint<1>(1, 1) as Codec<1>),
    environment: required(2, choice<Environment>("dev", "prod")),
    subject: required(3, publicKey),
    at: required(4, uint<UnixSeconds>(0xffff_ffff)),
  }),
  inclusion: structure<InclusionProof>("inclusion-proof", {
    line: required(1, uint()),
    epoch: required(2, epoch),
    path: required(3, path),
  }),
  consistency: structure<ConsistencyProof>("consistency-proof", {
    oldEpoch: required(1, epoch),
    epoch: required(2, epoch),
    path: required(3, path),
  }),
  prices: structure<PublishedPrices>("price-list", {
    id: required(1, uint(0xffff_ffff)),
    householdPerMebibyte: required(2, tokens),
    creatorsPerPlay: required(3, tokens),
    platformFee: required(4, uint<BasisPoints>(10_000)),
  }),
  end: structure<ExportEnd>("export-end", {
    items: required(1, uint()),
    digest: required(2, hash),
  }),
  terms: structure<PlayTerms>("play-terms", {
    play: required(1, hash),
    split: required(2, hash),
    priceList: required(3, uint(0xffff_ffff)),
  }),
} as const;

/** In the order of their numbers in the file. `message` and `line` hold the bytes that are proven. */
const ITEM_KINDS = [
  "header",
  "message",
  "line",
  "inclusion",
  "consistency",
  "prices",
  "end",
  "terms",
] as const;
export type ItemKind = (typeof ITEM_KINDS)[number];

export interface ExportItem {
  /** From 0, without gaps. */
  readonly index: number;
  readonly kind: ItemKind;
  readonly content: Uint8Array;
}

const MAX_CONTENT = schemas.manifest.maxSize;
const CHECK_SIZE = 8;

/** The first bytes of sha-256 over the item's encoding up to its check. */
const checkOf = (encoded: Uint8Array) => fromHex(sha256(encoded)).subarray(0, CHECK_SIZE);

/** [index, kind, content, check] */
export function encodeItem({ index, kind, content }: ExportItem): Uint8Array {
  const writer = new CborWriter(content.length + 32);
  writer.head(major.array, 4);
  writer.head(major.uint, index);
  writer.head(major.uint, ITEM_KINDS.indexOf(kind));
  writer.byteString(content);
  writer.byteString(checkOf(writer.result()));
  return writer.result();
}

export interface ReadItem extends ExportItem {
  /** Where the next item starts. */
  readonly end: number;
  /** False when the check does not fit: something in the item is damaged. */
  readonly sound: boolean;
}

/** Reads the item at an offset; undefined when there is nothing that looks like one. */
export function readItem(bytes: Uint8Array, offset: number): ReadItem | undefined {
  if (bytes[offset] !== ARRAY_OF_4) return undefined;
  try {
    const reader = new CborReader(bytes, "item", offset + 1);
    const index = reader.head(major.uint);
    const kind = ITEM_KINDS[reader.head(major.uint)];
    const content = reader.string(major.bytes, 0, MAX_CONTENT);
    const contentEnd = reader.at;
    const check = reader.string(major.bytes, CHECK_SIZE, CHECK_SIZE);
    if (kind === undefined) return undefined;
    const sound = Buffer.compare(
      checkOf(bytes.subarray(offset, contentEnd)),
      bytes.subarray(check, reader.at),
    );
    return {
      index,
      kind,
      content: bytes.slice(content, contentEnd),
      end: reader.at,
      sound: sound === 0,
    };
  } catch (fault) {
    if (fault instanceof DecodeFault) return undefined;
    throw fault;
  }
}

const ARRAY_OF_4 = 0x84;

export function encodeStructure<T>(schema: Codec<T>, value: T): Uint8Array {
  const writer = new CborWriter();
  schema.write(writer, value);
  return writer.result();
}

export function decodeStructure<T>(
  schema: Codec<T>,
  content: Uint8Array,
): { readonly ok: true; readonly value: T } | Refused {
  try {
    const reader = new CborReader(content, schema.cddl);
    const value = schema.read(reader);
    reader.finish();
    return { ok: true, value };
  } catch (fault) {
    if (!(fault instanceof DecodeFault)) throw fault;
    return { ok: false, code: fault.code, detail: fault.message };
  }
}

/** The item in words: its line in the JSON copy. What cannot be decoded stands as hex. */
export function readableItem({ index, kind, content }: ExportItem): {
  readonly [name: string]: Json;
} {
  const raw = { item: index, kind, bytes: toHex(content) };
  if (kind === "message") {
    const seen = peek(content);
    if (!seen) return raw;
    const { type, environment, signer, body, signature } = seen;
    return { item: index, kind: type, environment, signer, body: toReadable(body), signature };
  }
  if (kind === "line") {
    const decoded = decodeLine(content);
    return decoded.ok ? { item: index, kind, body: toReadable(decoded.line) } : raw;
  }
  const decoded = decodeStructure<unknown>(exportSchemas[kind], content);
  return decoded.ok ? { item: index, kind, body: toReadable(decoded.value) } : raw;
}
