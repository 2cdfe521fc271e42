/**
 * RFC 9162's tree over the store: the hash of every full subtree is a row, so that proofs over years
 * of lines read a few dozen rows. `accounting/merkle.ts` is the same tree in memory.
 */
import { EMPTY_ROOT, nodeHash } from "../accounting/merkle.ts";
import type { Hash } from "../core/encoding.ts";

export interface NodeRows {
  /** Root of the full subtree of 2^level leaves at that position. */
  node(level: number, position: number): Hash | undefined;
  addNode(level: number, position: number, hash: Hash): void;
}

export function createStoredTree(rows: NodeRows) {
  const read = (level: number, position: number): Hash => {
    const hash = rows.node(level, position);
    if (!hash) throw new Error(`the statement tree lacks node ${position} of level ${level}`);
    return hash;
  };

  /** Hash of the leaves [start, start + size); the range is a full subtree or starts with one. */
  const range = (start: number, size: number): Hash => {
    const level = Math.log2(size);
    if (Number.isInteger(level)) return read(level, start / size);
    const left = splitPoint(size);
    return nodeHash(range(start, left), range(start + left, size - left));
  };

  const path = (index: number, start: number, size: number): readonly Hash[] => {
    if (size === 1) return [];
    const left = splitPoint(size);
    return index < left
      ? [...path(index, start, left), range(start + left, size - left)]
      : [...path(index - left, start + left, size - left), range(start, left)];
  };

  const prefix = (old: number, start: number, size: number, whole: boolean): readonly Hash[] => {
    if (old === size) return whole ? [] : [range(start, size)];
    const left = splitPoint(size);
    return old <= left
      ? [...prefix(old, start, left, whole), range(start + left, size - left)]
      : [...prefix(old - left, start + left, size - left, false), range(start, left)];
  };

  return {
    /** Adds the leaf with that index; leaves are added in order, without gaps. */
    append(index: number, leaf: Hash): void {
      let hash = leaf;
      let position = index;
      for (let level = 0; ; level++) {
        rows.addNode(level, position, hash);
        if (position % 2 === 0) return;
        hash = nodeHash(read(level, position - 1), hash);
        position = (position - 1) / 2;
      }
    },
    root: (size: number): Hash => (size === 0 ? EMPTY_ROOT : range(0, size)),
    inclusionProof(index: number, size: number): readonly Hash[] {
      if (index >= size) throw new RangeError(`leaf ${index} is not in a tree of ${size}`);
      return path(index, 0, size);
    },
    consistencyProof: (old: number, size: number): readonly Hash[] =>
      old === 0 || old === size ? [] : prefix(old, 0, size, true),
  };
}

/** The largest power of two below n, for n > 1. */
const splitPoint = (n: number) => 2 ** Math.ceil(Math.log2(n) - 1);
