/**
 * The Merkle tree of RFC 6962 / RFC 9162 §2.1 over ledger lines: one root per statement, a proof
 * that a line is in it, and a proof that a later root only added lines.
 */
import { createHash } from "node:crypto";
import { fromHex, type Hash, sha256 } from "../core/encoding.ts";

/** Leaves and nodes are hashed with different first bytes, so that one never passes for the other. */
const LEAF = new Uint8Array([0]);
const NODE = new Uint8Array([1]);

export const EMPTY_ROOT: Hash = sha256(new Uint8Array());

export const leafHash = (line: Uint8Array) =>
  createHash("sha256").update(LEAF).update(line).digest("hex") as Hash;

const nodeHash = (left: Hash, right: Hash) =>
  createHash("sha256")
    .update(NODE)
    .update(fromHex(left))
    .update(fromHex(right))
    .digest("hex") as Hash;

/** The largest power of two below n, for n > 1. */
function splitPoint(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/**
 * The hashes of a growing tree, level by level: level 0 holds the leaf hashes, and each level above
 * only its full subtrees. Appending is O(log n) amortised, proofs are O(log n).
 */
export class MerkleTree {
  readonly #levels: Hash[][] = [[]];

  /** Leaf hashes of lines in their order. */
  constructor(leaves: Iterable<Hash> = []) {
    for (const leaf of leaves) this.append(leaf);
  }

  get size(): number {
    return this.#levels[0]?.length ?? 0;
  }

  append(leaf: Hash): void {
    let hash = leaf;
    for (let level = 0; ; level++) {
      const row = this.#levels[level] ?? [];
      this.#levels[level] = row;
      row.push(hash);
      if (row.length % 2 === 1) return;
      hash = nodeHash(row[row.length - 2] as Hash, hash);
    }
  }

  /** The root over the first `size` lines. */
  root(size = this.size): Hash {
    this.#expect(size <= this.size, size);
    return size === 0 ? EMPTY_ROOT : this.#hash(0, size);
  }

  /** RFC 9162 §2.1.3.1: the path from line `index` to the root over the first `size` lines. */
  inclusionProof(index: number, size = this.size): readonly Hash[] {
    this.#expect(size <= this.size && index < size, index);
    return this.#path(index, 0, size);
  }

  /** RFC 9162 §2.1.4.1: that the tree of `size` lines begins with that of `oldSize` lines. */
  consistencyProof(oldSize: number, size = this.size): readonly Hash[] {
    this.#expect(size <= this.size && oldSize <= size, oldSize);
    return oldSize === 0 || oldSize === size ? [] : this.#subproof(oldSize, 0, size, true);
  }

  #expect(inside: boolean, position: number): void {
    if (!inside) throw new RangeError(`${position} is outside a tree of ${this.size} lines`);
  }

  /** Hash of the lines [start, start + size); aligned full subtrees are read, others put together. */
  #hash(start: number, size: number): Hash {
    const level = Math.log2(size);
    if (Number.isInteger(level)) return this.#levels[level]?.[start / size] as Hash;
    const k = splitPoint(size);
    return nodeHash(this.#hash(start, k), this.#hash(start + k, size - k));
  }

  #path(index: number, start: number, size: number): Hash[] {
    if (size === 1) return [];
    const k = splitPoint(size);
    return index < k
      ? [...this.#path(index, start, k), this.#hash(start + k, size - k)]
      : [...this.#path(index - k, start + k, size - k), this.#hash(start, k)];
  }

  #subproof(old: number, start: number, size: number, whole: boolean): Hash[] {
    if (old === size) return whole ? [] : [this.#hash(start, size)];
    const k = splitPoint(size);
    return old <= k
      ? [...this.#subproof(old, start, k, whole), this.#hash(start + k, size - k)]
      : [...this.#subproof(old - k, start + k, size - k, false), this.#hash(start, k)];
  }
}

/** RFC 9162 §2.1.3.2. Sizes above 2^53 are refused, so plain numbers serve. */
export function verifyInclusion(
  leaf: Hash,
  index: number,
  size: number,
  proof: readonly Hash[],
  root: Hash,
): boolean {
  if (!isPosition(index) || !isPosition(size) || index >= size) return false;
  let position = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (isOdd(position) || position === last) {
      hash = nodeHash(sibling, hash);
      while (!isOdd(position) && position !== 0) {
        position = half(position);
        last = half(last);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    position = half(position);
    last = half(last);
  }
  return last === 0 && hash === root;
}

/** RFC 9162 §2.1.4.2. An empty old tree is the beginning of every tree. */
export function verifyConsistency(
  oldSize: number,
  size: number,
  proof: readonly Hash[],
  oldRoot: Hash,
  root: Hash,
): boolean {
  if (!isPosition(oldSize) || !isPosition(size) || oldSize > size) return false;
  if (oldSize === 0) return proof.length === 0 && oldRoot === EMPTY_ROOT;
  if (oldSize === size) return proof.length === 0 && oldRoot === root;
  const isPowerOfTwo = Number.isInteger(Math.log2(oldSize));
  const [first, ...rest] = isPowerOfTwo ? [oldRoot, ...proof] : proof;
  if (first === undefined) return false;
  let position = oldSize - 1;
  let last = size - 1;
  while (isOdd(position)) {
    position = half(position);
    last = half(last);
  }
  let oldHash = first;
  let hash = first;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (isOdd(position) || position === last) {
      oldHash = nodeHash(sibling, oldHash);
      hash = nodeHash(sibling, hash);
      while (!isOdd(position) && position !== 0) {
        position = half(position);
        last = half(last);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    position = half(position);
    last = half(last);
  }
  return last === 0 && oldHash === oldRoot && hash === root;
}

const isPosition = (value: number) => Number.isSafeInteger(value) && value >= 0;
const isOdd = (value: number) => value % 2 === 1;
const half = (value: number) => Math.floor(value / 2);
