/** Messages that must be refused, each with the code it must be refused with. */
import { encode } from "cborg";
import { encodePayload } from "../../agent/accounting/envelope.ts";
import type { MessageBodies, MessageType } from "../../agent/accounting/messages.ts";
import type { RefusalCode } from "../../agent/accounting/refusal.ts";
import { fromHex, type PublicKey } from "../../agent/core/encoding.ts";
import type { Signer } from "../../agent/identity/ed25519.ts";
import { fromLittleEndian, L, littleEndian } from "./edwards.ts";
import { examples, keys } from "./examples.ts";
import { cborMap, type Forgery, forge, headerOf } from "./forge.ts";

export interface RefusedMessage {
  readonly name: string;
  readonly type: MessageType;
  readonly code: RefusalCode;
  readonly signer: PublicKey;
  readonly bytes: Uint8Array;
}

const join = (...parts: readonly (Uint8Array | string)[]) =>
  new Uint8Array(
    Buffer.concat(parts.map((part) => (typeof part === "string" ? fromHex(part) : part))),
  );

function refused(
  name: string,
  code: RefusalCode,
  type: MessageType,
  parts: Partial<Forgery> = {},
): RefusedMessage {
  const { signer, body } = examples[type];
  const payload = encodePayload(type, body as MessageBodies[typeof type]);
  const bytes = new Uint8Array(forge({ type, signer, payload, ...parts }));
  return { name, type, code, signer: signer.publicKey, bytes };
}

/** A receipt's payload with one field's encoding replaced, in hex. */
function receiptWith(field: 1 | 2 | 3 | 4, hex: string, count = 4): Uint8Array {
  const { ticket } = examples.receipt.body;
  const plain = { 1: `5820${ticket}`, 2: "0c", 3: "1a00c00000", 4: "195dc0" };
  const fields = { ...plain, [field]: hex };
  return join((0xa0 + count).toString(16), ...Object.entries(fields).map(([k, v]) => `0${k}${v}`));
}

const amount = (name: string, code: RefusalCode, hex: string) =>
  refused(`bytes: ${name}`, code, "receipt", { payload: receiptWith(3, hex) });

/** A body whose fields are each allowed and together are not. */
function inconsistent<T extends MessageType>(
  name: string,
  type: T,
  change: Partial<MessageBodies[T]>,
): RefusedMessage {
  const body = { ...examples[type].body, ...change } as MessageBodies[T];
  return refused(name, "inconsistent", type, { payload: encodePayload(type, body) });
}

const file = examples.manifest.body.files[1];
const manifestWithFile = (name: string, change: object) =>
  inconsistent(name, "manifest", {
    cover: "ok",
    files: [{ ...file, path: "ok", ...change }] as never,
  });

const weak: Signer = { publicKey: `01${"0".repeat(62)}` as PublicKey, sign: () => weakSignature };
const weakSignature = join(weak.publicKey, "0".repeat(64));

function malleable(): Uint8Array {
  const { bytes } = refused("", "malformed", "receipt");
  const s = fromLittleEndian(bytes.subarray(-32)) + L;
  return join(bytes.subarray(-64, -32), littleEndian(s));
}

const receiptHeader = headerOf("receipt", keys.viewer);
const receiptBytes = refused("", "malformed", "receipt").bytes;
const seconds = (offset: number) => (examples.ticket.body.notBefore + offset) as never;

export const refusedMessages: readonly RefusedMessage[] = [
  // Amounts (fault 20).
  amount("negative", "malformed", "20"),
  amount("2^64 as a bignum", "malformed", "c249010000000000000000"),
  amount("2^64 - 1, above what a byte count may be", "out-of-range", "1bffffffffffffffff"),
  amount("2^53", "out-of-range", "1b0020000000000000"),
  amount("half-precision float", "malformed", "f93c00"),
  amount("double-precision float", "malformed", "fb4168000000000000"),
  amount("true", "malformed", "f5"),
  amount("null", "malformed", "f6"),
  amount("text", "malformed", "623132"),
  refused("credited total: negative", "malformed", "ack", {
    payload: cborMap([
      [1, fromHex(keys.box.publicKey)],
      [2, 1],
      [3, 2],
      [4, new Uint8Array(32)],
      [5, []],
      [6, -1],
      [9, 1],
    ]),
  }),
  // One encoding (fault 21).
  amount("one byte longer than needed", "not-canonical", "1817"),
  amount("two bytes longer than needed", "not-canonical", "190017"),
  amount("four bytes longer than needed", "not-canonical", "1a000000ff"),
  amount("eight bytes longer than needed", "not-canonical", "1b00000000ffffffff"),
  refused("byte string with a long length", "not-canonical", "receipt", {
    payload: receiptWith(1, `590020${examples.receipt.body.ticket}`),
  }),
  refused("byte string of indefinite length", "not-canonical", "receipt", {
    payload: receiptWith(1, `5f5820${examples.receipt.body.ticket}ff`),
  }),
  refused("map of indefinite length", "not-canonical", "receipt", {
    payload: join("bf", receiptWith(3, "00").subarray(1), "ff"),
  }),
  refused("a key twice", "not-canonical", "receipt", {
    payload: receiptWith(4, "0004195dc0", 5),
  }),
  refused("keys out of order", "not-canonical", "receipt", {
    payload: join("a4", "020c", `015820${examples.receipt.body.ticket}`, "0300", "0400"),
  }),
  refused("unknown field", "unknown-field", "receipt", {
    payload: receiptWith(4, "195dc00500", 5),
  }),
  refused("missing field", "missing-field", "receipt", {
    payload: join("a3", receiptWith(4, "00").subarray(1, -2)),
  }),
  refused("bytes after the payload's map", "malformed", "receipt", {
    payload: join(receiptWith(4, "195dc0"), "00"),
  }),
  refused("payload cut short", "malformed", "receipt", {
    payload: receiptWith(4, "195dc0").subarray(0, -1),
  }),
  refused("payload is no map", "malformed", "receipt", { payload: encode([1, 2, 3]) }),
  refused("payload is empty", "out-of-range", "receipt", { payload: new Uint8Array() }),
  refused("hash of 31 bytes", "out-of-range", "receipt", {
    payload: receiptWith(1, `581f${"aa".repeat(31)}`),
  }),
  refused("text that is not UTF-8", "malformed", "consent", {
    payload: join("a4", `015820${"11".repeat(32)}`, "0262c328", "0301", "0400"),
  }),
  refused("text with characters that are not allowed", "out-of-range", "consent", {
    payload: join("a4", `015820${"11".repeat(32)}`, "0262640a", "0301", "0400"),
  }),
  refused("a word that is not in the list", "out-of-range", "consent", {
    payload: join("a4", `015820${"11".repeat(32)}`, "02626465", "0302", "0400"),
  }),
  // Structures made to hurt (fault 32).
  refused("list that claims 2^32 - 1 entries", "out-of-range", "desired", {
    payload: join("a5", `015820${"22".repeat(32)}`, "0204", "039affffffff"),
  }),
  refused("list that claims more entries than there are bytes", "malformed", "desired", {
    payload: join("a5", `015820${"22".repeat(32)}`, "0204", "03991000"),
  }),
  refused("arrays nested 60 deep", "malformed", "receipt", {
    payload: receiptWith(1, "81".repeat(60)),
  }),
  refused("map that claims 2^53 - 1 entries", "malformed", "receipt", {
    payload: fromHex("bb001fffffffffffff"),
  }),
  refused("more bytes than the type allows", "too-large", "receipt", {
    payload: receiptWith(1, `5901f4${"aa".repeat(500)}`),
  }),
  // The envelope.
  refused("no tag", "malformed", "receipt", { tag: new Uint8Array() }),
  refused("another tag", "malformed", "receipt", { tag: fromHex("d1") }),
  refused("something in the unprotected header", "malformed", "receipt", {
    unprotected: fromHex("a10126"),
  }),
  refused("another algorithm", "malformed", "receipt", {
    header: join(receiptHeader.subarray(0, 2), "26", receiptHeader.subarray(3)),
  }),
  refused("header keys out of order", "malformed", "receipt", {
    header: join("a3", "045820", keys.viewer.publicKey, "0127", "1019fe4f"),
  }),
  refused("header with one entry more", "malformed", "receipt", {
    header: join("a4", receiptHeader.subarray(1), "181800"),
  }),
  refused("signed with external data", "bad-signature", "receipt", {
    externalData: fromHex("00"),
  }),
  refused("signature of 63 bytes", "out-of-range", "receipt", {
    signature: new Uint8Array(63),
  }),
  {
    ...refused("bytes after the message", "malformed", "receipt"),
    bytes: join(receiptBytes, "00"),
  },
  { ...refused("message cut short", "malformed", "receipt"), bytes: receiptBytes.slice(0, -1) },
  { ...refused("nothing at all", "malformed", "receipt"), bytes: new Uint8Array() },
  refused("of a type that does not exist", "wrong-type", "receipt", {
    header: join(receiptHeader.subarray(0, -2), "feff"),
  }),
  { ...refused("a receipt where a ticket is due", "wrong-type", "receipt"), type: "ticket" },
  refused("signed for production, seen in dev (fault 23)", "wrong-environment", "receipt", {
    header: join(receiptHeader.subarray(0, -2), "fdeb"),
  }),
  // Keys and signatures (faults 22 and 24).
  refused("signed by another than its kid", "bad-signature", "receipt", {
    header: receiptHeader,
    signer: keys.box,
  }),
  refused("receipt signed by the box", "unknown-signer", "receipt", { signer: keys.box }),
  refused("S above the group order", "bad-signature", "receipt", { signature: malleable() }),
  {
    ...refused("key of small order", "weak-key", "receipt", { signer: weak }),
    signer: weak.publicKey,
  },
  refused("R of small order", "bad-signature", "receipt", { signature: weakSignature }),
  // Fields against one another.
  inconsistent("split that sums to 9999", "split", {
    parties: examples.split.body.parties.map((party) => ({ ...party, share: 4_999 as never })),
  }),
  inconsistent("split that names a party twice", "split", {
    parties: [5_000, 5_000].map((share) => ({
      key: keys.creator.publicKey,
      share: share as never,
    })),
  }),
  {
    ...refused("split signed by a stranger", "inconsistent", "split", { signer: keys.viewer }),
    signer: keys.viewer.publicKey,
  },
  inconsistent("ticket to start after 11 minutes", "ticket", { startBy: seconds(660) }),
  inconsistent("ticket that ends before it starts", "ticket", { expires: seconds(1) }),
  inconsistent("ticket for 3 hours", "ticket", { expires: seconds(3 * 3600) }),
  inconsistent("ticket to settle after 31 days", "ticket", { settleBy: seconds(31 * 86_400) }),
  inconsistent("ticket of a box for itself", "ticket", { viewer: keys.box.publicKey }),
  inconsistent("record that ends before it starts", "record", { started: 30_000 as never }),
  inconsistent("second record without a first", "record", { previous: "0".repeat(64) as never }),
  inconsistent("first record with one before it", "record", { sequence: 1 }),
  manifestWithFile("path out of the title", { path: "../ok" }),
  manifestWithFile("absolute path", { path: "/ok" }),
  manifestWithFile("path with a backslash", { path: "a\\ok" }),
  manifestWithFile("cover that is not there", { path: "other" }),
  manifestWithFile("fewer chunks than bytes need", { chunks: [] }),
  inconsistent("tail with an entry that ends before it starts", "tail", {
    entries: [{ ...examples.tail.body.entries[0], started: 30_000 } as never],
  }),
  inconsistent("key that succeeds itself", "succession", { next: keys.coordinator.publicKey }),
  {
    ...refused("succession signed by a stranger", "inconsistent", "succession", {
      signer: keys.viewer,
    }),
    signer: keys.viewer.publicKey,
  },
  inconsistent("chunks of an odd size", "manifest", { chunkSize: 65_537 as never }),
  inconsistent("manifest that names a path twice", "manifest", {
    files: [file, file] as never,
  }),
];
