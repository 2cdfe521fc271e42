/**
 * The table of messages: integer keys, codecs and bounds of every field, from which encoder,
 * decoder and the CDDL of docs/protocol.md are made. Keys and type numbers are never reused.
 */
import type { PublicKey } from "../core/encoding.ts";
import type { BasisPoints, Bytes, Milliseconds, UnixSeconds } from "../core/units.ts";
import {
  byteString,
  choice,
  flag,
  hash,
  id,
  list,
  MAX_UINT,
  measured,
  named,
  publicKey,
  text,
  tokens,
  uint,
} from "./codec.ts";
import type {
  Ack,
  AvoidReason,
  Birth,
  ClockQuality,
  CloseReason,
  Command,
  CommandVerb,
  Consent,
  Desired,
  MessageBodies,
  MessageType,
  Play,
  Receipt,
  RecordEntry,
  Reported,
  Split,
  Statement,
  Succession,
  Tail,
  Ticket,
  TicketRequest,
  TitleFile,
  TitleKind,
  TitleManifest,
  UsageRecord,
  WalletRequest,
} from "./messages.ts";
import { type Fields, optional, required, type Structure, structure } from "./structure.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** A ticket's ceiling (256 MiB) and its longest times, in seconds. */
export const TICKET_MAX_BYTES = 256 * MIB;
export const START_WITHIN_S = 10 * 60;
export const EXPIRES_WITHIN_S = 2 * 3600;
export const SETTLE_WITHIN_S = 30 * 86_400;
/** A command's longest life, in seconds. */
export const COMMAND_WITHIN_S = 5 * 60;
/** Records in one batch, and refusals in one ack. */
export const MAX_BATCH = 1024;
/** Sessions in one tail. */
export const MAX_TAIL = 256;

const seconds = named("unix-seconds", uint<UnixSeconds>(0xffff_ffff));
const duration = named("duration-ms", measured<Milliseconds>());
const amount = named("byte-count", uint<Bytes>());
const permille = named("permille", measured(1000));
const url = named("url", text(255, /^https?:\/\/[!-~]+$/));
const isrc = named("isrc", text(12, /^[A-Z]{2}[A-Z0-9]{3}[0-9]{7}$/));
const refusalCode = named("refusal-code", text(40, /^[a-z0-9-]+$/));

const track = structure<NonNullable<TitleFile["track"]>>("track", {
  number: required(1, uint(9999)),
  title: required(2, text(256)),
  isrc: optional(3, isrc),
});

const file = structure<TitleFile>("file", {
  path: required(1, text(255)),
  size: required(2, amount),
  mediaType: required(3, text(127, /^[a-z0-9.+-]+\/[a-z0-9.+-]+$/)),
  chunks: required(4, list(hash, 65_536)),
  track: optional(5, track),
});

const manifest = structure<Omit<TitleManifest, "creator">>("manifest", {
  slug: required(1, text(64, /^[a-z0-9][a-z0-9-]*$/)),
  name: required(2, text(256)),
  kind: required(3, choice<TitleKind>("video", "music", "files")),
  artist: optional(4, text(256)),
  album: optional(5, text(256)),
  isrc: optional(6, isrc),
  iswc: optional(7, text(11, /^T[0-9]{10}$/)),
  cover: optional(8, text(255)),
  delivery: required(9, choice<TitleManifest["delivery"]>("receipted", "open")),
  chunkSize: required(10, uint<Bytes>(4 * MIB, 64 * KIB)),
  files: required(11, list(file, 10_000, 1)),
  split: required(12, hash),
  createdAt: required(13, seconds),
});

const party = structure<Split["parties"][number]>("party", {
  key: required(1, publicKey),
  share: required(2, uint<BasisPoints>(10_000, 1)),
});

const split = structure<Split>("split", {
  version: required(1, uint(0xffff_ffff)),
  parties: required(2, list(party, 64, 1)),
  validFrom: required(3, seconds),
});

const ticket = structure<Ticket>("ticket", {
  id: required(1, id),
  box: required(2, publicKey),
  viewer: required(3, publicKey),
  title: required(4, hash),
  split: required(5, hash),
  priceList: required(6, uint(0xffff_ffff)),
  maxBytes: required(7, uint<Bytes>(TICKET_MAX_BYTES, 1)),
  notBefore: required(8, seconds),
  startBy: required(9, seconds),
  expires: required(10, seconds),
  settleBy: required(11, seconds),
  tlsKey: optional(12, hash),
});

const receipt = structure<Receipt>("receipt", {
  ticket: required(1, hash),
  sequence: required(2, uint(0xffff_ffff)),
  bytes: required(3, amount),
  elapsed: required(4, duration),
});

const play = structure<Omit<Play, "viewer">>("play", {
  id: required(1, id),
  title: required(2, hash),
  startedAt: required(3, seconds),
  played: required(4, duration),
});

const entryFields: Fields<RecordEntry> = {
  ticket: required(4, byteString(512)),
  receipt: optional(5, byteString(256)),
  wireBytes: required(6, amount),
  bootId: required(7, id),
  started: required(8, duration),
  ended: required(9, duration),
  wallTime: required(10, seconds),
  clockQuality: required(11, choice<ClockQuality>("untrusted", "rtc", "synchronised")),
  cpuIdlePermille: optional(12, permille),
  lineDelayMs: optional(13, measured(600_000)),
  closeReason: required(
    14,
    choice<CloseReason>(
      "open",
      "done",
      "expired",
      "idle",
      "window-exceeded",
      "max-bytes",
      "restart",
      "shutdown",
    ),
  ),
};

const record = structure<Omit<UsageRecord, "box">>("record", {
  generation: required(1, uint(0xffff_ffff)),
  sequence: required(2, uint(MAX_UINT, 1)),
  previous: required(3, hash),
  ...entryFields,
});

/** A record's keys, without those of its place in the chain. */
const recordEntry = structure<RecordEntry>("record-entry", entryFields);

const tail = structure<Omit<Tail, "box">>("tail", {
  entries: required(1, list(recordEntry, MAX_TAIL)),
  at: required(2, seconds),
});

const succession = structure<Succession>("succession", {
  previous: required(1, publicKey),
  next: required(2, publicKey),
  at: required(3, seconds),
});

const refusedRecord = structure<Ack["refused"][number]>("refused-record", {
  sequence: required(1, uint()),
  code: required(2, refusalCode),
});

const ack = structure<Ack>("ack", {
  box: required(1, publicKey),
  generation: required(2, uint(0xffff_ffff)),
  upTo: required(3, uint()),
  head: required(4, hash),
  refused: required(5, list(refusedRecord, MAX_BATCH)),
  creditedTotal: required(6, tokens),
  resendFrom: optional(7, uint()),
  quarantine: optional(8, refusalCode),
  at: required(9, seconds),
});

const statement = structure<Statement>("statement", {
  epoch: required(1, uint(0xffff_ffff)),
  root: required(2, hash),
  previousRoot: required(3, hash),
  treeSize: required(4, uint()),
  credited: required(5, tokens),
  closedAt: required(6, seconds),
});

const consent = structure<Omit<Consent, "box">>("consent", {
  text: required(1, hash),
  language: required(2, text(35, /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/)),
  given: required(3, flag),
  at: required(4, seconds),
});

const birth = structure<Omit<Birth, "box">>("birth", {
  generation: required(1, uint(0xffff_ffff)),
  sequence: required(2, uint()),
  head: required(3, hash),
  bootCounter: required(4, uint()),
  version: required(5, text(64)),
  device: required(6, text(128)),
  addresses: required(7, list(url, 8)),
  capacity: required(8, measured<Bytes>()),
  wallet: optional(9, publicKey),
  at: required(10, seconds),
  tlsKey: optional(11, hash),
});

const heldTitle = structure<Reported["titles"][number]>("held-title", {
  title: required(1, hash),
  permille: required(2, permille),
});

const reported = structure<Omit<Reported, "box">>("reported", {
  sharing: required(1, flag),
  rate: required(2, measured()),
  titles: required(3, list(heldTitle, 4096)),
  blocked: required(4, list(hash, 4096)),
  at: required(5, seconds),
});

const desired = structure<Desired>("desired", {
  box: required(1, publicKey),
  version: required(2, uint()),
  titles: required(3, list(hash, 4096)),
  takedowns: required(4, list(hash, 4096)),
  at: required(5, seconds),
  reachable: optional(6, flag),
});

const avoided = structure<TicketRequest["avoid"][number]>("avoided", {
  box: required(1, publicKey),
  reason: required(
    2,
    choice<AvoidReason>("garbled", "slow", "unreachable", "used-up", "wrong-key"),
  ),
});

const ticketRequest = structure<Omit<TicketRequest, "viewer">>("ticket-request", {
  title: required(1, hash),
  boxes: required(2, uint(16, 1)),
  avoid: required(3, list(avoided, 64)),
  nonce: required(4, id),
  at: required(5, seconds),
});

const walletRequest = structure<Omit<WalletRequest, "wallet">>("wallet-request", {
  nonce: required(1, id),
  at: required(2, seconds),
});

const command = structure<Command>("command", {
  box: required(1, publicKey),
  id: required(2, id),
  verb: required(3, choice<CommandVerb>("announce", "resend", "reconnect")),
  from: optional(4, uint(MAX_UINT, 1)),
  at: required(5, seconds),
  expires: required(6, seconds),
});

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
