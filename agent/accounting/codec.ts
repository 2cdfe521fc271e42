/**
 * Field codecs: each knows its bounds, how to read and write itself, and its CDDL (RFC 8610), so
 * that decoder, encoder and specification cannot drift apart.
 */

import type { Hash, Id, PublicKey } from "../core/encoding.ts";
import { type Brand, type MicroTokens, microTokens } from "../core/units.ts";
import { type CborReader, major } from "./cbor-reader.ts";
import type { CborWriter } from "./cbor-writer.ts";

export interface Codec<T> {
  /** CDDL type, on one line. */
  readonly cddl: string;
  /** What the name in `cddl` stands for, for a codec that has a name of its own. */
  readonly rule?: { readonly name: string; readonly cddl: string };
  /** Codecs that this one is made of, whose rules the specification has to give too. */
  readonly parts?: readonly Codec<unknown>[];
  read(reader: CborReader): T;
  /** Throws RangeError for a value the reader would refuse: that is a fault of the caller. */
  write(writer: CborWriter, value: T): void;
}

export const MAX_UINT = Number.MAX_SAFE_INTEGER;

/** An unsigned integer with an inclusive bound. */
export function uint<T extends number = number>(max = MAX_UINT, min = 0): Codec<T> {
  return {
    cddl: `${min}..${max}`,
    read(reader) {
      const value = reader.head(major.uint);
      if (value > max || value < min)
        throw reader.fault("out-of-range", `${value} is not ${min} to ${max}`);
      return value as T;
    },
    write(writer, value) {
      if (!Number.isSafeInteger(value) || value < min || value > max) {
        throw new RangeError(`${value} is not a whole number from ${min} to ${max}`);
      }
      writer.head(major.uint, value);
    },
  };
}

/** The same codec under a name in the specification. */
export const named = <T>(name: string, codec: Codec<T>): Codec<T> => ({
  ...codec,
  cddl: name,
  rule: { name, cddl: codec.cddl },
});

/** A measured quantity: as `uint`, and writing rounds a fraction down. */
export function measured<T extends number = number>(max = MAX_UINT): Codec<T> {
  const whole = uint<T>(max);
  return { ...whole, write: (writer, value) => whole.write(writer, Math.floor(value) as T) };
}

const MAX_U64 = 2n ** 64n - 1n;

export const tokens: Codec<MicroTokens> = named("micro-tokens", {
  cddl: "0..18446744073709551615",
  read: (reader) => microTokens(reader.bigUint()),
  write(writer, value) {
    if (value < 0n || value > MAX_U64) throw new RangeError(`${value} is not 0 to 2^64 - 1`);
    writer.bigUint(value);
  },
});

function hex<T extends Brand<string, string>>(length: number): Codec<T> {
  const pattern = new RegExp(`^[0-9a-f]{${length * 2}}$`);
  return {
    cddl: `bstr .size ${length}`,
    read: (reader) => reader.hex(length) as T,
    write(writer, value) {
      if (!pattern.test(value)) throw new RangeError(`"${value}" is not ${length} bytes in hex`);
      writer.byteString(Buffer.from(value, "hex"));
    },
  };
}

export const hash: Codec<Hash> = named("hash", hex<Hash>(32));
export const publicKey: Codec<PublicKey> = named("key", hex<PublicKey>(32));
export const id: Codec<Id> = named("id", hex<Id>(16));

export function byteString(max: number, min = 1): Codec<Uint8Array> {
  return {
    cddl: `bstr .size (${min}..${max})`,
    read: (reader) => reader.byteString(min, max),
    write(writer, value) {
      if (value.length < min || value.length > max) {
        throw new RangeError(`has ${value.length} bytes, allowed are ${min} to ${max}`);
      }
      writer.byteString(value);
    },
  };
}

/** UTF-8 text of 1 to `max` bytes in all, matching the pattern where there is one. */
export function text<T extends string = string>(max: number, pattern?: RegExp): Codec<T> {
  const rule = pattern ?? PRINTABLE;
  return {
    cddl: `(tstr .size (1..${max})) .and (tstr .regexp ${quoted(rule)})`,
    read(reader) {
      const value = reader.text(max);
      if (!rule.test(value))
        throw reader.fault("out-of-range", "text has characters that are not allowed");
      return value as T;
    },
    write(writer, value) {
      if (Buffer.byteLength(value) > max || !value.isWellFormed() || !rule.test(value)) {
        throw new RangeError(
          `"${value.slice(0, 80)}" is not an allowed text of up to ${max} bytes`,
        );
      }
      writer.text(value);
    },
  };
}

/** Not empty, and no control characters: names end up on terminals and pages. */
const PRINTABLE = /^[^\p{Cc}\p{Zl}\p{Zp}]+$/u;

/** A pattern as a CDDL string; `.regexp` is anchored at both ends by itself (RFC 8610 §3.8.3). */
const quoted = (pattern: RegExp) =>
  JSON.stringify(pattern.source.slice(1, -1).replaceAll("\\/", "/"));

/** One of a list of words, as its place in the list; words are only ever added at the end. */
export function choice<T extends string>(...words: readonly T[]): Codec<T> {
  const index = uint(words.length - 1);
  return {
    cddl: `&(${words.map((word, place) => `${word}: ${place}`).join(", ")})`,
    read: (reader) => words[index.read(reader)] as T,
    write: (writer, value) => index.write(writer, words.indexOf(value)),
  };
}

export const flag: Codec<boolean> = {
  cddl: "&(no: 0, yes: 1)",
  read: (reader) => uint(1).read(reader) === 1,
  write: (writer, value) => writer.head(major.uint, value ? 1 : 0),
};

export function list<T>(item: Codec<T>, max: number, min = 0): Codec<readonly T[]> {
  return {
    cddl: `[${min}*${max} ${item.cddl}]`,
    parts: [item as Codec<unknown>],
    read(reader) {
      const count = reader.count(major.array, min, max);
      const items: T[] = [];
      for (let index = 0; index < count; index++) items.push(item.read(reader));
      return items;
    },
    write(writer, value) {
      if (value.length < min || value.length > max) {
        throw new RangeError(`has ${value.length} entries, allowed are ${min} to ${max}`);
      }
      writer.head(major.array, value.length);
      for (const entry of value) item.write(writer, entry);
    },
  };
}
