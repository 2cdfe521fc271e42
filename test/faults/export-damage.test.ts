/**
 * An export in which one bit changed, at every byte of it and of its JSON copy: verification fails, and
 * names the item that the bit is in. SPAREBAND_FLIP_STEP sets how many bytes apart the flips are (1 tries
 * every one), SPAREBAND_FLIPS how many bits of each are tried.
 */
import { expect, test } from "bun:test";
import { verifyExport } from "../../agent/accounting/verify-export.ts";
import { seededRandom } from "../../agent/core/random.ts";
import { expected, exported } from "../protocol/example-export.ts";

const FLIPS = Math.min(8, Number(process.env.SPAREBAND_FLIPS ?? 1));
const STEP = Math.max(1, Number(process.env.SPAREBAND_FLIP_STEP ?? 7));
const LIMIT_MS = 600_000 * FLIPS;

const { content, copy, items } = exported();
const lines = copy.split("\n").slice(0, -1);

/** What people call each item: by the copy, which is written from the same item. */
const names = lines.map((line) => {
  const { kind, body } = JSON.parse(line);
  const number =
    { record: `${body.generation}/${body.sequence}`, ack: `${body.generation}/${body.upTo}` }[
      kind as string
    ] ?? { statement: body.epoch, line: body.line }[kind as string];
  return number === undefined ? kind : `${kind} ${number}`;
});

/** Where each part starts among all of them. */
function startsOf(parts: readonly { readonly length: number }[]): readonly number[] {
  let next = 0;
  return parts.map(({ length }) => {
    const start = next;
    next += length;
    return start;
  });
}

/** Every byte (of each `STEP`) with `FLIPS` different bits of it changed, one at a time. */
function* flipped(bytes: Uint8Array): Generator<{ at: number; changed: Uint8Array }> {
  const random = seededRandom(41);
  for (let at = 0; at < bytes.length; at += STEP) {
    const first = Math.floor(random.unit() * 8);
    for (let flip = 0; flip < FLIPS; flip++) {
      const bit = 1 << ((first + flip) % 8);
      yield { at, changed: bytes.with(at, (bytes[at] ?? 0) ^ bit) };
    }
  }
}

test(
  "a bit changed at any byte of an export: the record, line or proof it is in is named",
  () => {
    const starts = startsOf(items);
    let tried = 0;
    for (const { at, changed } of flipped(content)) {
      const item = starts.findLastIndex((start) => start <= at);
      const alone = verifyExport(changed, expected);
      expect(alone.ok).toBe(false);
      expect(alone.findings.map((finding) => finding.item)).toContain(item);
      const { findings } = verifyExport(changed, expected, copy);
      expect(findings).toContainEqual(expect.objectContaining({ item, about: names[item] }));
      tried += 1;
    }
    console.log(`${tried} bits of ${content.length} bytes in ${items.length} items`);
  },
  LIMIT_MS,
);

test(
  "a bit changed at any byte of the JSON copy: the item whose line it is in is named",
  () => {
    const written = new TextEncoder().encode(copy);
    const starts = startsOf(lines.map((line) => new TextEncoder().encode(`${line}\n`)));
    let tried = 0;
    for (const { at, changed } of flipped(written)) {
      const item = starts.findLastIndex((start) => start <= at);
      const text = new TextDecoder().decode(changed);
      const { ok, findings } = verifyExport(content, expected, text);
      expect(ok).toBe(false);
      const named = findings.map((finding) => `${finding.item} ${finding.about}`);
      const line = `${item} ${names[item]}`;
      // A line broken in two, or two become one, moves all that follow: then it is named from there on.
      const moved = text.split("\n").length !== lines.length + 1;
      const places = moved
        ? [line, `${item + 1} ${names[item + 1]}`, `${items.length} copy`]
        : [line];
      expect(places.some((place) => named.includes(place))).toBe(true);
      tried += 1;
    }
    console.log(`${tried} bits of ${written.length} bytes in ${lines.length} lines`);
  },
  LIMIT_MS,
);
