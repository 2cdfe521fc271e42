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

/** Where the hashes of full subtrees are kept: level 0 holds the leaf hashes, each level above half as many. */
export interface MerkleNodes {
  /** Hash over the lines [position × 2^level, (position + 1) × 2^level). */
  node(level: number, position: number): Hash;
}

export interface MerkleNode {
  readonly level: number;
  readonly position: number;
  readonly hash: Hash;
}

/** The nodes that a tree of `size` lines gains with one more: its leaf and each subtree it fills. */
export function nodesForNext(nodes: MerkleNodes, size: number, leaf: Hash): readonly MerkleNode[] {
  const gained: MerkleNode[] = [{ level: 0, position: size, hash: leaf }];
  let [hash, position] = [leaf, size];
  for (let level = 1; isOdd(position); level++) {
    hash = nodeHash(nodes.node(level - 1, position - 1), hash);
    position = half(position);
    gained.push({ level, position, hash });
  }
  return gained;
}

/** The root over the first `size` lines; reads O(log size) nodes. */
export const rootOf = (nodes: MerkleNodes, size: number): Hash =>
  size === 0 ? EMPTY_ROOT : hashOf(nodes, 0, size);

/** RFC 9162 §2.1.3.1: the path from line `index` to the root over the first `size` lines. */
export function inclusionProof(nodes: MerkleNodes, index: number, size: number): readonly Hash[] {
  if (!isPosition(index) || index >= size) throw outside(index, size);
  return pathOf(nodes, index, 0, size);
}

/** RFC 9162 §2.1.4.1: that the tree of `size` lines begins with that of `oldSize` lines. */
export function consistencyProof(
  nodes: MerkleNodes,
  oldSize: number,
  size: number,
): readonly Hash[] {
  if (!isPosition(oldSize) || oldSize > size) throw outside(oldSize, size);
  return oldSize === 0 || oldSize === size ? [] : subproof(nodes, oldSize, 0, size, true);
}

const outside = (position: number, size: number) =>
  new RangeError(`${position} is outside a tree of ${size} lines`);

/** Hash of the lines [start, start + size): an aligned full subtree is read, others are put together. */
function hashOf(nodes: MerkleNodes, start: number, size: number): Hash {
  const level = Math.log2(size);
  if (Number.isInteger(level)) return nodes.node(level, start / size);
  const k = splitPoint(size);
  return nodeHash(hashOf(nodes, start, k), hashOf(nodes, start + k, size - k));
}

function pathOf(nodes: MerkleNodes, index: number, start: number, size: number): Hash[] {
  if (size === 1) return [];
  const k = splitPoint(size);
  return index < k
    ? [...pathOf(nodes, index, start, k), hashOf(nodes, start + k, size - k)]
    : [...pathOf(nodes, index - k, start + k, size - k), hashOf(nodes, start, k)];
}

function subproof(
  nodes: MerkleNodes,
  old: number,
  start: number,
  size: number,
  whole: boolean,
): Hash[] {
  if (old === size) return whole ? [] : [hashOf(nodes, start, size)];
  const k = splitPoint(size);
  return old <= k
    ? [...subproof(nodes, old, start, k, whole), hashOf(nodes, start + k, size - k)]
    : [...subproof(nodes, old - k, start + k, size - k, false), hashOf(nodes, start, k)];
}

/** A tree whose nodes are in memory. */
export class MerkleTree implements MerkleNodes {
  readonly #levels: Hash[][] = [[]];

  /** Leaf hashes of lines in their order. */
  constructor(leaves: Iterable<Hash> = []) {
    for (const leaf of leaves) this.append(leaf);
  }

  get size(): number {
    return this.#levels[0]?.length ?? 0;
  }

  node(level: number, position: number): Hash {
    const hash = this.#levels[level]?.[position];
    if (hash === undefined) throw outside(position * 2 ** level, this.size);
    return hash;
  }

  append(leaf: Hash): void {
    for (const { level, hash } of nodesForNext(this, this.size, leaf)) {
      const row = this.#levels[level] ?? [];
      row.push(hash);
      this.#levels[level] = row;
    }
  }

  root = (size = this.size) => rootOf(this, size);
  inclusionProof = (index: number, size = this.size) => inclusionProof(this, index, size);
  consistencyProof = (oldSize: number, size = this.size) => consistencyProof(this, oldSize, size);
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
  const steps = climb(index, size - 1, proof);
  return steps !== undefined && leads(leaf, steps, root);
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
  const steps = climb(position, last, rest);
  if (steps === undefined) return false;
  // The old tree has nothing to the right of its last line.
  const oldSteps = steps.filter(({ side }) => side === "left");
  return leads(first, oldSteps, oldRoot) && leads(first, steps, root);
}

interface Step {
  readonly sibling: Hash;
  readonly side: "left" | "right";
}

/** From a node to the root, whose last node on the same level is `last`; undefined when the proof has another length. */
function climb(from: number, lastOfLevel: number, proof: readonly Hash[]): Step[] | undefined {
  let [position, last] = [from, lastOfLevel];
  const steps: Step[] = [];
  for (const sibling of proof) {
    if (last === 0) return undefined;
    const side = isOdd(position) || position === last ? "left" : "right";
    steps.push({ sibling, side });
    // A node at the right edge without a sibling is its own parent.
    while (side === "left" && !isOdd(position) && position !== 0) {
      position = half(position);
      last = half(last);
    }
    position = half(position);
    last = half(last);
  }
  return last === 0 ? steps : undefined;
}

const leads = (start: Hash, steps: readonly Step[], root: Hash): boolean =>
  root ===
  steps.reduce(
    (hash, { sibling, side }) =>
      side === "left" ? nodeHash(sibling, hash) : nodeHash(hash, sibling),
    start,
  );

const isPosition = (value: number) => Number.isSafeInteger(value) && value >= 0;
const isOdd = (value: number) => value % 2 === 1;
const half = (value: number) => Math.floor(value / 2);
