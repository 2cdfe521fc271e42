/**
 * The bodies of every signed message, as the rest of the agent sees them. How they look as bytes
 * is `schema.ts` and docs/protocol.md; who may sign what is in the table of docs/protocol.md. One list
 * of plain shapes, which reads best whole.
 */
import type { Hash, Id, PublicKey } from "../core/encoding.ts";
import type { BasisPoints, Bytes, MicroTokens, Milliseconds, UnixSeconds } from "../core/units.ts";

/** A signature made for one environment never counts in the other. */
export type Environment = "dev" | "prod";

export type TitleKind = "video" | "music" | "files";

export interface TitleFile {
  /** Relative, forward slashes, no empty, `.` or `..` segment; at most 255 bytes. */
  readonly path: string;
  readonly size: Bytes;
  readonly mediaType: string;
  /** sha-256 of each chunk in order; every chunk but a file's last has the manifest's chunk size. */
  readonly chunks: readonly Hash[];
  readonly track?: { readonly number: number; readonly title: string; readonly isrc?: string };
}

export interface TitleManifest {
  readonly creator: PublicKey;
  /** Short name for people and URLs: `[a-z0-9][a-z0-9-]{0,63}`. The identity is the hash of the signed bytes. */
  readonly slug: string;
  readonly name: string;
  readonly kind: TitleKind;
  readonly artist?: string;
  readonly album?: string;
  readonly isrc?: string;
  readonly iswc?: string;
  /** Path of the cover picture among the files. */
  readonly cover?: string;
  /** `open`: boxes serve it without tickets, unpaid, to any HTTP client. */
  readonly delivery: "receipted" | "open";
  /** A power of two from 64 KiB to 4 MiB. */
  readonly chunkSize: Bytes;
  readonly files: readonly TitleFile[];
  readonly split: Hash;
  readonly createdAt: UnixSeconds;
}

/** The same bytes are signed by every party; the split's id is the sha-256 of the body. */
export interface Split {
  readonly version: number;
  readonly parties: readonly { readonly key: PublicKey; readonly share: BasisPoints }[];
  readonly validFrom: UnixSeconds;
}

export interface Ticket {
  readonly id: Id;
  readonly box: PublicKey;
  readonly viewer: PublicKey;
  readonly title: Hash;
  readonly split: Hash;
  readonly priceList: number;
  /** At most 256 MiB. */
  readonly maxBytes: Bytes;
  readonly notBefore: UnixSeconds;
  /** At most 10 minutes after notBefore. */
  readonly startBy: UnixSeconds;
  /** At most 2 hours after notBefore. */
  readonly expires: UnixSeconds;
  /** At most 30 days after notBefore. */
  readonly settleBy: UnixSeconds;
  /** sha-256 of the SubjectPublicKeyInfo of the certificate the box serves with, where TLS is on. */
  readonly tlsKey?: Hash;
}

export interface Receipt {
  /** sha-256 of the ticket's signed bytes: a receipt cannot be moved to another ticket. */
  readonly ticket: Hash;
  /** Rises by one with each receipt of a ticket. */
  readonly sequence: number;
  /** Bytes of this ticket whose chunk hashes the viewer has checked so far. */
  readonly bytes: Bytes;
  /** Viewer's monotonic time since it first used the ticket. */
  readonly elapsed: Milliseconds;
}

/** A play a creator may be paid for; sent by the viewer to the coordinator. */
export interface Play {
  readonly id: Id;
  readonly viewer: PublicKey;
  readonly title: Hash;
  readonly startedAt: UnixSeconds;
  readonly played: Milliseconds;
}

export type CloseReason =
  | "open"
  | "done"
  | "expired"
  | "idle"
  | "window-exceeded"
  | "max-bytes"
  | "restart"
  | "shutdown";

export type ClockQuality = "untrusted" | "rtc" | "synchronised";

export interface UsageRecord {
  readonly box: PublicKey;
  /** Rises by one whenever the box cannot prove that its storage continues the last chain. */
  readonly generation: number;
  /** Starts at 1 in each generation, no gaps. */
  readonly sequence: number;
  /** sha-256 of the previous record's signed bytes; 64 zeros for the first of a generation. */
  readonly previous: Hash;
  /** The signed ticket, as received. */
  readonly ticket: Uint8Array;
  /** The best signed receipt so far, as received; absent when the viewer never signed. */
  readonly receipt?: Uint8Array;
  /** Bytes handed to the kernel for this ticket so far, proven or not. */
  readonly wireBytes: Bytes;
  /** Random per boot of the box; the monotonic times below only compare within one. */
  readonly bootId: Id;
  readonly started: Milliseconds;
  readonly ended: Milliseconds;
  readonly wallTime: UnixSeconds;
  readonly clockQuality: ClockQuality;
  /** Thousandths of the CPU that were idle, on average over the period, where the sensor is known. */
  readonly cpuIdlePermille?: number;
  /** Median added delay on the line in the period, where it was measured. */
  readonly lineDelayMs?: number;
  /** `open` for an interim record; a ticket's records are cumulative. */
  readonly closeReason: CloseReason;
}

/** What a record says of its session: the record without its place in the chain. */
export type RecordEntry = Omit<UsageRecord, "box" | "generation" | "sequence" | "previous">;

/**
 * What a power cut would take from a box now: sessions that are not on its flash yet, as the records
 * they would become. Retained by the broker for the box itself, which takes it in after a restart.
 */
export interface Tail {
  readonly box: PublicKey;
  readonly entries: readonly RecordEntry[];
  readonly at: UnixSeconds;
}

export interface Ack {
  readonly box: PublicKey;
  readonly generation: number;
  /** Every record up to here has an outcome and may be deleted by the box. */
  readonly upTo: number;
  /** sha-256 of record `upTo`, so that an ack cannot free a chain the coordinator has not seen. */
  readonly head: Hash;
  /** Outcomes of the records this ack answers that were not simply credited in full. */
  readonly refused: readonly { readonly sequence: number; readonly code: string }[];
  /** All the box's credits so far. */
  readonly creditedTotal: MicroTokens;
  /** First missing sequence the coordinator waits for, when it holds later ones. */
  readonly resendFrom?: number;
  /** Set when the coordinator holds this box back: a refusal code. */
  readonly quarantine?: string;
  readonly at: UnixSeconds;
}

export interface Statement {
  readonly epoch: number;
  /** RFC 6962 Merkle tree head over all ledger lines since the first. */
  readonly root: Hash;
  readonly previousRoot: Hash;
  readonly treeSize: number;
  readonly credited: MicroTokens;
  readonly closedAt: UnixSeconds;
}

export interface Consent {
  readonly box: PublicKey;
  /** sha-256 of the text that was shown. */
  readonly text: Hash;
  /** BCP 47 tag of the language it was shown in. */
  readonly language: string;
  readonly given: boolean;
  readonly at: UnixSeconds;
}

/** What a box says of itself when it connects; its first one enrols its key. */
export interface Birth {
  readonly box: PublicKey;
  readonly generation: number;
  /** Sequence and hash of the newest record of this generation; 0 and 64 zeros when there is none. */
  readonly sequence: number;
  readonly head: Hash;
  readonly bootCounter: number;
  readonly version: string;
  readonly device: string;
  /** Base URLs under which peers reach it, most preferred first; empty when it cannot be reached. */
  readonly addresses: readonly string[];
  /** Bytes of content it offers to hold. */
  readonly capacity: Bytes;
  /** Wallet that its credits go to, when not the box's own key. */
  readonly wallet?: PublicKey;
  readonly at: UnixSeconds;
  /** sha-256 of the SubjectPublicKeyInfo of the certificate it serves with, where TLS is on. */
  readonly tlsKey?: Hash;
}

/** What a box holds and can spare now; retained, replaced at every change that matters. */
export interface Reported {
  readonly box: PublicKey;
  readonly sharing: boolean;
  /** Bits per second it can spare now. */
  readonly rate: number;
  readonly titles: readonly { readonly title: Hash; readonly permille: number }[];
  readonly blocked: readonly Hash[];
  readonly at: UnixSeconds;
}

/** What the coordinator wants a box to hold; retained, the newest version wins. */
export interface Desired {
  readonly box: PublicKey;
  readonly version: number;
  readonly titles: readonly Hash[];
  /** Titles under takedown: deleted at once and never served again. */
  readonly takedowns: readonly Hash[];
  readonly at: UnixSeconds;
  /** Whether one of its announced addresses answered from outside; absent while nobody has looked. */
  readonly reachable?: boolean;
}

/**
 * The coordinator signs with another key from now on. Two messages with one body, one by each key:
 * whoever trusts the one is led to the other.
 */
export interface Succession {
  readonly previous: PublicKey;
  readonly next: PublicKey;
  readonly at: UnixSeconds;
}

/** What a coordinator may ask a box to do at once; each is harmless when it is done twice. */
export type CommandVerb = "announce" | "resend" | "reconnect";

/** Sent to one box under `cmd/<id>`, answered under `res/<id>`. */
export interface Command {
  readonly box: PublicKey;
  readonly id: Id;
  /**
   * `announce`: publish birth and reported again; `resend`: send records again from `from` (all that
   * are not acked without it); `reconnect`: leave this broker and come back, spread out.
   */
  readonly verb: CommandVerb;
  readonly from?: number;
  readonly at: UnixSeconds;
  /** At most 5 minutes after `at`. */
  readonly expires: UnixSeconds;
}

/** A viewer (or a box filling its cache) asks who has a title. */
export interface TicketRequest {
  readonly viewer: PublicKey;
  readonly title: Hash;
  /** How many boxes at most; 1 to 16. */
  readonly boxes: number;
  /** Boxes the viewer does not want again, and why they are named in docs/protocol.md. */
  readonly avoid: readonly { readonly box: PublicKey; readonly reason: AvoidReason }[];
  readonly nonce: Id;
  readonly at: UnixSeconds;
}

export type AvoidReason = "garbled" | "slow" | "unreachable" | "used-up" | "wrong-key";

/** An operator's or household's question about its own money, signed so that nobody else can ask. */
export interface WalletRequest {
  readonly wallet: PublicKey;
  readonly nonce: Id;
  readonly at: UnixSeconds;
}

export interface MessageBodies {
  manifest: TitleManifest;
  split: Split;
  ticket: Ticket;
  receipt: Receipt;
  play: Play;
  record: UsageRecord;
  ack: Ack;
  statement: Statement;
  consent: Consent;
  birth: Birth;
  reported: Reported;
  desired: Desired;
  "ticket-request": TicketRequest;
  "wallet-request": WalletRequest;
  command: Command;
  tail: Tail;
  succession: Succession;
}

export type MessageType = keyof MessageBodies;

/** A message whose signature has been checked, or that was just signed. */
export interface Sealed<T extends MessageType> {
  readonly type: T;
  readonly body: MessageBodies[T];
  readonly signer: PublicKey;
  /** sha-256 of `bytes`. */
  readonly hash: Hash;
  /** The COSE_Sign1 bytes exactly as received or produced; what is stored and forwarded. */
  readonly bytes: Uint8Array;
}
