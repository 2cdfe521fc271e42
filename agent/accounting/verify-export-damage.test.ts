/** Exports whose bytes were changed, cut or moved after they were written. */
import { expect, test } from "bun:test";
import { expected, exported } from "../../test/protocol/example-export.ts";
import { examples } from "../../test/protocol/examples.ts";
import { verifyExport } from "./verify-export.ts";

function offsetsOf(items: readonly Uint8Array[]): readonly number[] {
  let offset = 0;
  return items.map((item) => {
    const start = offset;
    offset += item.length;
    return start;
  });
}

test("any flipped bit is named with the item it is in", () => {
  const { content, items } = exported();
  const starts = offsetsOf(items);
  for (let bit = 0; bit < content.length * 8; bit += 127) {
    const at = bit >> 3;
    const damaged = content.with(at, (content[at] ?? 0) ^ (1 << (bit & 7)));
    const { ok, findings } = verifyExport(damaged, expected);
    const item = starts.findLastIndex((start) => start <= at);
    expect(ok).toBe(false);
    expect(findings.map((finding) => finding.item)).toContain(item);
  }
});

test("beside its JSON copy, damage is named by field", () => {
  const { content, copy, items } = exported();
  const starts = offsetsOf(items);
  const record =
    (starts[3] ?? 0) + Buffer.from(items[3] ?? []).indexOf(examples.record.body.bootId, 0, "hex");
  const damaged = content.with(record + 2, 0);
  const [finding] = verifyExport(damaged, expected, copy).findings;
  expect(finding).toMatchObject({ item: 3, about: "record 1/1", code: "damaged" });
  expect(finding?.text).toEndWith("were changed: body.bootId");
});

test("any change to the JSON copy is named by item and field", () => {
  const { content, copy } = exported();
  const changed = copy.replace('"wireBytes":6291457', '"wireBytes":6291458');
  expect(verifyExport(content, expected, changed).findings).toMatchObject([
    { item: 4, about: "record 1/2", code: "copy-differs" },
  ]);
  const cut = copy.slice(0, copy.lastIndexOf("\n", copy.length - 2) + 1);
  expect(verifyExport(content, expected, cut).ok).toBe(false);
});

test("any flipped bit of the JSON copy is noticed", () => {
  const { content, copy } = exported();
  const written = new TextEncoder().encode(copy);
  for (let bit = 0; bit < written.length * 8; bit += 509) {
    const at = bit >> 3;
    const flipped = written.with(at, (written[at] ?? 0) ^ (1 << (bit & 7)));
    expect(verifyExport(content, expected, new TextDecoder().decode(flipped)).ok).toBe(false);
  }
});

test("an export that was cut off says so, wherever it was cut", () => {
  const { content } = exported();
  for (let length = 0; length < content.length; length += 97) {
    const { findings } = verifyExport(content.subarray(0, length), expected);
    expect(findings.map((finding) => finding.code)).toContain("cut-short");
  }
});

test("an item taken out, repeated or moved is noticed", () => {
  const { items } = exported();
  const [a, b] = [items[3], items[4]];
  if (!a || !b) throw new Error("items");
  for (const changed of [
    items.toSpliced(3, 1),
    items.toSpliced(3, 0, a),
    items.with(3, b).with(4, a),
  ]) {
    const { ok } = verifyExport(new Uint8Array(Buffer.concat(changed)), expected);
    expect(ok).toBe(false);
  }
});

test("bytes made to be slow are given up on in bounded work", () => {
  const hostile = new Uint8Array(200_000);
  for (let at = 0; at + 8 < hostile.length; at += 8) {
    hostile.set([0x84, 0x00, 0x01, 0x5a, 0x00, 0x01, 0x00, 0x00], at);
  }
  expect(verifyExport(hostile, expected).ok).toBe(false);
});
