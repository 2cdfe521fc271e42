/** Everything in vectors.json, made anew from fixed keys: what a second implementation has to answer. */
import { encodeBatch } from "../../agent/accounting/batch.ts";
import { seal } from "../../agent/accounting/envelope.ts";
import { encodeLine, type LedgerLine } from "../../agent/accounting/ledger-line.ts";
import { leafHash, MerkleTree } from "../../agent/accounting/merkle.ts";
import { type Json, toReadable } from "../../agent/accounting/readable.ts";
import { messageTypes } from "../../agent/accounting/schema.ts";
import { openSplit } from "../../agent/accounting/split.ts";
import type { Hash } from "../../agent/core/encoding.ts";
import { toHex } from "../../agent/core/encoding.ts";
import { microTokens, unixSeconds } from "../../agent/core/units.ts";
import { createSigner, verify } from "../../agent/identity/ed25519.ts";
import {
  encodePoint,
  IDENTITY,
  L,
  littleEndian,
  P,
  signOddly,
  smallOrderPoints,
} from "./edwards.ts";
import { account, creator } from "./example-account.ts";
import { exported } from "./example-export.ts";
import { examples, keys } from "./examples.ts";
import { refusedMessages } from "./refused-messages.ts";

export function makeVectors(): Json {
  return toReadable({
    about: "Test vectors of docs/protocol.md. Bytes and hashes are hexadecimal; see there.",
    environment: "dev",
    ed25519: signatures(),
    accepted: messageTypes.map((type) => {
      const { body, signer } = examples[type];
      const sealed = seal(type, body, signer, "dev");
      return { type, signer: signer.publicKey, bytes: sealed.bytes, hash: sealed.hash, body };
    }),
    refused: refusedMessages,
    split: split(),
    batch: batch(),
    ledgerLines: lines.map((line) => ({ line, bytes: encodeLine(line) })),
    merkle: merkle(),
    export: { content: exported().content, copy: exported().copy },
    accounts: [
      { name: "a creator's account", code: undefined, more: 0n },
      { name: "a share that is a millionth too large", code: "overpaid", more: 1n },
      { name: "a share that is a millionth too small", code: "underpaid", more: -1n },
    ].map(({ more, ...rest }) => ({ ...rest, content: exported(account(more), creator).content })),
  });
}

/** RFC 8032 §7.1 tests 1 to 3, then the edges where implementations differ. */
function signatures() {
  const message = Buffer.from("one mebibyte, verified");
  const rfc = [
    ["9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", ""],
    ["4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "72"],
    ["c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "af82"],
  ].map(([seed = "", text = ""], index) => {
    const signer = createSigner(Buffer.from(seed, "hex"));
    const given = Buffer.from(text, "hex");
    return signature(`RFC 8032 test ${index + 1}`, signer.publicKey, given, signer.sign(given));
  });
  const signer = keys.viewer;
  const good = signer.sign(message);
  const [r, s] = [good.subarray(0, 32), good.subarray(32)];
  const scalar = BigInt(`0x${toHex(s.toReversed())}`);
  const withR = (point: Uint8Array) => new Uint8Array([...point, ...s]);
  const withS = (value: bigint) => new Uint8Array([...r, ...littleEndian(value)]);
  const weakKeys = smallOrderPoints().map((point, index) => {
    const key = encodePoint(point);
    const forged = new Uint8Array([...encodePoint(IDENTITY), ...littleEndian(0n)]);
    return signature(`key of small order ${index}`, toHex(key), message, forged);
  });
  const torsion = smallOrderPoints()[1] ?? IDENTITY;
  const odd = [...Array(32).keys()].map((nonce) =>
    signOddly(message, 12_345n, BigInt(nonce + 1), { key: torsion, r: IDENTITY }),
  );
  const oddVector = (name: string, made: (typeof odd)[number] | undefined) => {
    if (!made) throw new Error(`no nonce makes: ${name}`);
    return signature(name, toHex(made.key), message, made.signature);
  };
  return [
    ...rfc,
    signature("another message", signer.publicKey, message.subarray(1), good),
    signature("S above the group order", signer.publicKey, message, withS(scalar + L)),
    signature("S is the group order", signer.publicKey, message, withS(L)),
    signature("R is the identity", signer.publicKey, message, withR(encodePoint(IDENTITY))),
    signature("R above the prime", signer.publicKey, message, withR(littleEndian(P + 3n))),
    signature("key above the prime", toHex(littleEndian(P + 3n)), message, good),
    signature("key is no point", toHex(littleEndian(2n)), message, good),
    ...weakKeys,
    oddVector(
      "key with a torsion part, holds without the cofactor",
      odd.find((o) => o.h % 8n === 0n),
    ),
    oddVector(
      "key with a torsion part, holds only with the cofactor",
      odd.find((o) => o.h % 8n !== 0n),
    ),
  ];
}

const signature = (name: string, key: string, message: Uint8Array, made: Uint8Array) => ({
  name,
  key,
  message: new Uint8Array(message),
  signature: made,
  valid: verify(key as typeof keys.box.publicKey, message, made),
});

function split() {
  const { body } = examples.split;
  const signed = [keys.creator, keys.label].map((key) => seal("split", body, key, "dev").bytes);
  const opened = openSplit(signed, { environment: "dev" });
  if (!opened.ok) throw new Error(opened.detail);
  return { id: opened.split.id, signed };
}

function batch() {
  const messages = [examples.record, examples.record].map(
    ({ body, signer }, index) =>
      seal("record", { ...body, sequence: body.sequence + index }, signer, "dev").bytes,
  );
  return { messages, bytes: encodeBatch(messages) };
}

const lines: readonly LedgerLine[] = [
  ["payer", "home", -1_100n],
  ["household", keys.box.publicKey, 1_000n],
  ["platform", "home", 100n],
].map(([kind, key, amount], index) => ({
  line: index,
  entry: 0,
  account: { kind, key } as LedgerLine["account"],
  amount: microTokens(amount as bigint),
  source: "a".repeat(64) as Hash,
  at: unixSeconds(1_767_225_600),
}));

function merkle() {
  const leaves = Array.from({ length: 13 }, (_, index) => Buffer.from(`line ${index}`));
  const tree = new MerkleTree(leaves.map(leafHash));
  return {
    leaves: leaves.map((leaf) => new Uint8Array(leaf)),
    roots: Array.from({ length: 14 }, (_, size) => tree.root(size)),
    inclusion: [0, 5, 12].map((index) => ({ index, size: 13, proof: tree.inclusionProof(index) })),
    consistency: [1, 4, 6, 12, 13].map((oldSize) => ({
      oldSize,
      size: 13,
      proof: tree.consistencyProof(oldSize),
    })),
  };
}
