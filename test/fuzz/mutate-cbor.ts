/** Grammar-based mutation: CBOR is taken apart into items and put together wrongly, on every level. */
import type { Random } from "../../agent/core/random.ts";

/** One item's place: its head, its content, and the items inside it. */
interface Item {
  readonly start: number;
  readonly contentAt: number;
  readonly end: number;
}

const MAX_ITEMS = 512;

/** What stands in for an item where none can be made out. */
const WHOLE: Item = { start: 0, contentAt: 1, end: 1 };

/** Items in the order of their bytes, those inside byte strings too where they look like items. */
function itemsOf(bytes: Uint8Array): readonly Item[] {
  const items: Item[] = [];
  const walk = (at: number, limit: number): number => {
    if (at >= limit || items.length >= MAX_ITEMS) return limit + 1;
    const initial = bytes[at] ?? 0;
    const [major, info] = [initial >> 5, initial & 31];
    const width = info < 24 ? 0 : info < 28 ? 1 << (info - 24) : 0;
    const contentAt = at + 1 + width;
    if (contentAt > limit) return limit + 1;
    const argument = width === 0 ? info : readBig(bytes, at + 1, width);
    let end = contentAt;
    if (major === 2 || major === 3) end += argument;
    const children = major === 4 ? argument : major === 5 ? argument * 2 : major === 6 ? 1 : 0;
    items.push({ start: at, contentAt, end: Math.min(end, limit) });
    for (let child = 0; child < children && end <= limit; child++) end = walk(end, limit);
    if (major === 2 && argument > 2 && end <= limit) walk(contentAt, end);
    return end;
  };
  walk(0, bytes.length);
  return items;
}

const readBig = (bytes: Uint8Array, at: number, width: number) =>
  bytes.subarray(at, at + width).reduce((value, byte) => value * 256 + byte, 0);

/** Items that a strict reader has to say no to, and a few that it may allow. */
const ODD_ITEMS = [
  "00",
  "17",
  "1800",
  "1818",
  "190100",
  "1a00010000",
  "1b001fffffffffffff",
  "1b0020000000000000",
  "1bffffffffffffffff",
  "20",
  "3bffffffffffffffff",
  "40",
  "5820",
  "5a7fffffff",
  "5bffffffffffffffff",
  "5f",
  "60",
  "62c328",
  "7bffffffffffffffff",
  "80",
  "818181818181",
  "9affffffff",
  "9f",
  "a0",
  "a1a1a1a1",
  "bb001fffffffffffff",
  "bf",
  "c249010000000000000000",
  "d284",
  "d9d9f7",
  "f4",
  "f6",
  "f93c00",
  "fb7ff0000000000000",
  "ff",
].map((hex) => new Uint8Array(Buffer.from(hex, "hex")));

/** A changed copy; `other` is a second input that parts may be taken from. */
export function mutateCbor(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let changed = bytes;
  const rounds = 1 + upTo(random, 3);
  for (let round = 0; round < rounds; round++) changed = mutateOnce(changed, other, random);
  return changed;
}

function mutateOnce(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  if (bytes.length === 0) return pick(random, ODD_ITEMS);
  const items = itemsOf(bytes);
  const item = items.length > 0 ? pick(random, items) : WHOLE;
  const replace = (start: number, end: number, part: Uint8Array) =>
    new Uint8Array(Buffer.concat([bytes.subarray(0, start), part, bytes.subarray(end)]));
  const own = bytes.subarray(item.start, item.end);
  switch (upTo(random, 12)) {
    case 0:
      return bytes.subarray(0, upTo(random, bytes.length));
    case 1:
      return replace(item.start, item.end, pick(random, ODD_ITEMS));
    case 2:
      return replace(item.end, item.end, own);
    case 3:
      return replace(item.start, item.end, new Uint8Array());
    case 4: {
      const donor = pick(random, [WHOLE, ...itemsOf(other)]);
      return replace(item.start, item.end, other.subarray(donor.start, donor.end));
    }
    case 5:
      return replace(item.start, item.contentAt, longerHead(bytes, item));
    case 6:
      return bytes.with(item.start, ((bytes[item.start] ?? 0) + 1 + upTo(random, 254)) & 0xff);
    case 7:
      return replace(item.contentAt, item.end, random.bytes(item.end - item.contentAt));
    case 8:
      return replace(item.end, item.end, pick(random, ODD_ITEMS));
    case 9:
      return replace(item.start, item.start, new Uint8Array(1 + upTo(random, 40)).fill(0x81));
    case 10:
      return replace(bytes.length, bytes.length, random.bytes(1 + upTo(random, 16)));
    default: {
      const at = upTo(random, bytes.length);
      return bytes.with(at, (bytes[at] ?? 0) ^ (1 << upTo(random, 8)));
    }
  }
}

/** The same argument in a longer form than it needs. */
function longerHead(bytes: Uint8Array, { start, contentAt }: Item): Uint8Array {
  const initial = bytes[start] ?? 0;
  const width = contentAt - start - 1;
  const argument = width === 0 ? [initial & 31] : [...bytes.subarray(start + 1, contentAt)];
  const wider = width === 0 ? 1 : Math.min(width * 2, 8);
  const padded = [...new Array<number>(Math.max(0, wider - argument.length)).fill(0), ...argument];
  const info = { 1: 24, 2: 25, 4: 26, 8: 27 }[wider] ?? 27;
  return new Uint8Array([(initial & 0xe0) | info, ...padded]);
}

/** A whole number from 0 up to, not including, the limit. */
export const upTo = (random: Random, limit: number) => Math.floor(random.unit() * limit);

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[upTo(random, from.length)] as T;
}
