/** The Range header of HTTP (RFC 9110 §14): what part of a file a request asks for. */
export type RangeAnswer =
  | { readonly kind: "whole" }
  | { readonly kind: "part"; readonly start: number; readonly end: number }
  | { readonly kind: "unsatisfiable" };

/** More ranges than this in one request are refused (RFC 9110 §14.2 allows it, §17.15 says why). */
const MOST_RANGES = 16;
const LONGEST_HEADER = 512;

/** What nearly everybody sends: one part, in numbers that are exact. */
const ONE_PART = /^bytes=(\d{1,15})-(\d{1,15})$/;

const whole: RangeAnswer = { kind: "whole" };
const unsatisfiable: RangeAnswer = { kind: "unsatisfiable" };

/**
 * `end` is exclusive. A header in another unit or of wrong syntax is ignored, as §14.2 demands. Of
 * several ranges the first one that can be satisfied is answered, together with those that continue
 * it: a server may send a subset (§15.3.7), and a multipart body cannot be sent by the kernel alone.
 */
export function parseRange(header: string | null, size: number): RangeAnswer {
  if (header === null) return whole;
  const one = ONE_PART.exec(header);
  if (one) return onePart(Number(one[1]), Number(one[2]), size);
  const set = /^bytes=(.*)$/i.exec(header)?.[1];
  if (set === undefined) return whole;
  if (header.length > LONGEST_HEADER) return unsatisfiable;
  const specs = set.split(",").map((spec) => spec.trim());
  const named = specs.filter((spec) => spec !== "");
  if (named.length === 0 || !named.every(isSpec)) return whole;
  if (named.length > MOST_RANGES) return unsatisfiable;
  const parts = named.flatMap((spec) => resolve(spec, size));
  const first = parts[0];
  return first === undefined ? unsatisfiable : join(first, parts.slice(1));
}

function onePart(start: number, last: number, size: number): RangeAnswer {
  if (start > last) return whole;
  return start < size ? { kind: "part", start, end: Math.min(size, last + 1) } : unsatisfiable;
}

interface Part {
  readonly start: number;
  readonly end: number;
}

/** A number too large to be exact is beyond the end of any file, and that is all that matters of it. */
function isSpec(spec: string): boolean {
  const match = /^(\d*)-(\d*)$/.exec(spec);
  if (!match || spec === "-") return false;
  return match[1] === "" || match[2] === "" || Number(match[1]) <= Number(match[2]);
}

/** One part, or none where the range lies beyond the file's end. */
function resolve(spec: string, size: number): readonly Part[] {
  const [from = "", to = ""] = spec.split("-");
  const start = from === "" ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === "" || to === "" ? size : Math.min(size, Number(to) + 1);
  return start < end ? [{ start, end }] : [];
}

function join(first: Part, rest: readonly Part[]): RangeAnswer {
  let { start, end } = first;
  for (const part of rest) {
    if (part.start > end || part.end < start) break;
    start = Math.min(start, part.start);
    end = Math.max(end, part.end);
  }
  return { kind: "part", start, end };
}
