import { expect, test } from "bun:test";
import fc from "fast-check";
import { fromHex, type Hash, sha256 } from "../core/encoding.ts";
import { EMPTY_ROOT, leafHash, MerkleTree, verifyConsistency, verifyInclusion } from "./merkle.ts";

const lines = (size: number) =>
  Array.from({ length: size }, (_, index) => leafHash(Buffer.from(`line ${index}`)));

/** RFC 9162 §2.1.1, word by word. */
function naiveRoot(leaves: readonly Hash[]): Hash {
  if (leaves.length === 0) return EMPTY_ROOT;
  if (leaves.length === 1) return leaves[0] as Hash;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  const halves = [naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k))].map(fromHex);
  return sha256(Buffer.concat([new Uint8Array([1]), ...halves]));
}

/** Inputs and roots of the test data that Certificate Transparency implementations share. */
test("roots are those of the published test data", () => {
  const inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"];
  const tree = new MerkleTree(inputs.map((input) => leafHash(fromHex(input))));
  expect(tree.root(1)).toBe(
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d" as Hash,
  );
  expect(tree.root(2)).toBe(
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125" as Hash,
  );
  expect(tree.root(7)).toBe(
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c" as Hash,
  );
});

test("every root up to 130 lines is that of the naive model", () => {
  const leaves = lines(130);
  const tree = new MerkleTree(leaves);
  for (let size = 0; size <= 130; size++) {
    expect(tree.root(size)).toBe(naiveRoot(leaves.slice(0, size)));
  }
});

const sizes = fc.integer({ min: 1, max: 300 }).chain((size) =>
  fc.record({
    size: fc.constant(size),
    index: fc.integer({ min: 0, max: size - 1 }),
    oldSize: fc.integer({ min: 0, max: size }),
    damage: fc.nat(),
  }),
);

test("each line has a proof, which holds for no other line, place, size or root", () => {
  const leaves = lines(301);
  const tree = new MerkleTree(leaves);
  fc.assert(
    fc.property(sizes, ({ size, index, damage }) => {
      const leaf = leaves[index] as Hash;
      const root = tree.root(size);
      const proof = tree.inclusionProof(index, size);
      expect(verifyInclusion(leaf, index, size, proof, root)).toBe(true);
      expect(verifyInclusion(leaves[300] as Hash, index, size, proof, root)).toBe(false);
      expect(verifyInclusion(leaf, index + 1, size, proof, root)).toBe(false);
      expect(verifyInclusion(leaf, index, size, [...proof, root], root)).toBe(false);
      expect(verifyInclusion(leaf, index, size, proof, EMPTY_ROOT)).toBe(false);
      if (proof.length === 0) return;
      const swapped = proof.map((hash, at) => (at === damage % proof.length ? EMPTY_ROOT : hash));
      expect(verifyInclusion(leaf, index, size, swapped, root)).toBe(false);
      expect(verifyInclusion(leaf, index, size, proof.slice(1), root)).toBe(false);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test("a tree is consistent with each of its beginnings and with nothing else", () => {
  const leaves = lines(300);
  const tree = new MerkleTree(leaves);
  fc.assert(
    fc.property(sizes, ({ size, oldSize, index }) => {
      const proof = tree.consistencyProof(oldSize, size);
      const [oldRoot, root] = [tree.root(oldSize), tree.root(size)];
      expect(verifyConsistency(oldSize, size, proof, oldRoot, root)).toBe(true);
      const rewritten = leaves.map((leaf, at) => (at === index ? EMPTY_ROOT : leaf));
      const other = new MerkleTree(rewritten.slice(0, oldSize)).root();
      if (other === oldRoot) return;
      expect(verifyConsistency(oldSize, size, proof, other, root)).toBe(false);
    }),
    { seed: 2, numRuns: 300 },
  );
});
