import { type ReadItem, readableItem, readItem } from "./export-format.ts";

/** One place of an export: an item, or a stretch of bytes that is none any more. */
export type Stretch =
  | { readonly state: "sound"; readonly offset: number; readonly item: ReadItem }
  /** `item` is what can still be made out, where its ends are known. */
  | {
      readonly state: "damaged";
      readonly offset: number;
      readonly end: number;
      /** The number that an item here should have. */
      readonly index: number;
      readonly item?: ReadItem;
    };

/**
 * Walks an export from end to end. After damage it looks for the next sound item, within a bound on
 * the work that a file made to be slow can cause.
 */
export function* readExport(bytes: Uint8Array): Generator<Stretch> {
  const search = { budget: bytes.length * 4 + 65_536 };
  let offset = 0;
  let index = 0;
  while (offset < bytes.length) {
    const item = readItem(bytes, offset);
    if (item?.sound) {
      yield { state: "sound", offset, item };
      index = item.index + 1;
      offset = item.end;
      continue;
    }
    const next = nextSound(bytes, offset, search);
    const bounded = item !== undefined && item.end === next;
    yield { state: "damaged", offset, end: next, index, ...(bounded ? { item } : {}) };
    index += 1;
    offset = next;
  }
}

/** Offset of the next sound item after a damaged one; the end of the bytes when there is none. */
function nextSound(bytes: Uint8Array, damagedAt: number, search: { budget: number }): number {
  for (let offset = damagedAt + 1; offset < bytes.length; offset++) {
    if (search.budget < 0) return bytes.length;
    const item = readItem(bytes, offset);
    if (!item) continue;
    if (item.sound) return offset;
    search.budget -= item.end - offset;
  }
  return bytes.length;
}

/** Names of the fields in which two readings of one item differ, as `body.wireBytes`. */
function differingFields(one: unknown, other: unknown, name = ""): readonly string[] {
  if (Object.is(one, other)) return [];
  if (!isObject(one) || !isObject(other)) return [name || "all of it"];
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].flatMap((key) =>
    differingFields(one[key], other[key], name ? `${name}.${key}` : key),
  );
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/** Line of the JSON copy as a value; undefined when it is no JSON. */
export function parseLine(line: string | undefined): unknown {
  try {
    return line === undefined ? undefined : JSON.parse(line);
  } catch (fault) {
    if (fault instanceof SyntaxError) return undefined;
    throw fault;
  }
}

/** In which fields the JSON copy says something else than the item; none when they agree. */
export const disagreement = (item: ReadItem, line: string | undefined) =>
  differingFields(readableItem(item), parseLine(line));
