/**
 * The table of messages: which there are, how each looks as bytes, who signs it and how long it may
 * be. Encoder, decoder and the CDDL of docs/protocol.md are made from it. Keys of fields and type
 * numbers are never reused.
 */
import type { PublicKey } from "../core/encoding.ts";
import { birth, command, consent, desired, reported } from "./box-schema.ts";
import { play, receipt, record, tail, ticket, ticketRequest } from "./delivery-schema.ts";
import type { MessageBodies, MessageType } from "./messages.ts";
import { ack, statement, succession, walletRequest } from "./settlement-schema.ts";
import type { Structure } from "./structure.ts";
import { manifest, split } from "./title-schema.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** Who may sign: the party a body names (then named only in the header), or keys the reader knows. */
export type SignerRole =
  | "creator"
  | "viewer"
  | "box"
  | "wallet"
  | "party"
  | "coordinator"
  | "one of both keys"
  | "ticket viewer";

export interface MessageSchema {
  /** Its place in the header's `typ`; see `typOf`. */
  readonly number: number;
  readonly payload: Structure<unknown>;
  /** The body's property that is the signer, and so travels as the header's kid only. */
  readonly signerField?: string;
  readonly signedBy: SignerRole;
  /** Of the whole signed message, in bytes. */
  readonly maxSize: number;
}

type Payload<T extends MessageType> = Structure<Partial<MessageBodies[T]>>;

const row = <T extends MessageType>(
  number: number,
  payload: Payload<T>,
  maxSize: number,
  signedBy: SignerRole,
  signerField?: keyof MessageBodies[T] & string,
): MessageSchema => ({
  number,
  payload: payload as Structure<unknown>,
  signedBy,
  maxSize,
  ...(signerField ? { signerField } : {}),
});

export const schemas: Readonly<Record<MessageType, MessageSchema>> = {
  manifest: row<"manifest">(0, manifest, 8 * MIB, "creator", "creator"),
  split: row<"split">(1, split, 8 * KIB, "party"),
  ticket: row<"ticket">(2, ticket, 512, "coordinator"),
  receipt: row<"receipt">(3, receipt, 256, "ticket viewer"),
  play: row<"play">(4, play, 256, "viewer", "viewer"),
  record: row<"record">(5, record, 2 * KIB, "box", "box"),
  ack: row<"ack">(6, ack, 64 * KIB, "coordinator"),
  statement: row<"statement">(7, statement, 512, "coordinator"),
  consent: row<"consent">(8, consent, 512, "box", "box"),
  birth: row<"birth">(9, birth, 4 * KIB, "box", "box"),
  reported: row<"reported">(10, reported, 512 * KIB, "box", "box"),
  desired: row<"desired">(11, desired, 512 * KIB, "coordinator"),
  "ticket-request": row<"ticket-request">(12, ticketRequest, 4 * KIB, "viewer", "viewer"),
  "wallet-request": row<"wallet-request">(13, walletRequest, 256, "wallet", "wallet"),
  command: row<"command">(14, command, 512, "coordinator"),
  tail: row<"tail">(15, tail, 256 * KIB, "box", "box"),
  succession: row<"succession">(16, succession, 256, "one of both keys"),
};

export const messageTypes = Object.keys(schemas) as readonly MessageType[];

/** The signer that the body names, where its type has one. */
export function namedSigner(type: MessageType, body: object): PublicKey | undefined {
  const field = schemas[type].signerField;
  return field ? (body as Readonly<Record<string, PublicKey>>)[field] : undefined;
}
