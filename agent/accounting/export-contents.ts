/** The items of an export by what they are, each opened and found in order, and the findings on the rest. */
import type { Hash, PublicKey } from "../core/encoding.ts";
import { type Opened, open, peek, splitId } from "./envelope.ts";
import { type Evidence, openEvidence } from "./evidence.ts";
import {
  type ConsistencyProof,
  decodeStructure,
  type ExportHeader,
  exportSchemas,
  type InclusionProof,
  type PlayTerms,
  type PublishedPrices,
  type ReadItem,
} from "./export-format.ts";
import { decodeLine, type LedgerLine, lineLeaf } from "./ledger-line.ts";
import type { Environment, MessageType, Sealed, Split } from "./messages.ts";
import type { RefusalCode } from "./refusal.ts";

export type FindingCode =
  | RefusalCode
  /** Bytes of the item were changed. */
  | "damaged"
  /** The JSON copy says something else. */
  | "copy-differs"
  | "cut-short"
  | "misplaced"
  | "two-roots"
  | "not-in-statement"
  | "not-consistent"
  | "left-out"
  | "overpaid"
  | "underpaid";

export interface Finding {
  /** Number of the item in the export. */
  readonly item: number;
  /** What it is: "record 1/17", "statement 4", "item". */
  readonly about: string;
  readonly code: FindingCode;
  readonly text: string;
}

export interface Expectations {
  readonly environment: Environment;
  /** The coordinator's keys, old ones too: all that has to be trusted. */
  readonly coordinators: ReadonlySet<PublicKey>;
}

interface From<T> {
  readonly item: number;
  readonly value: T;
}

export class ExportContents {
  header: ExportHeader | undefined;
  readonly evidence: From<Evidence>[] = [];
  readonly acks: From<Sealed<"ack">>[] = [];
  readonly statements: From<Sealed<"statement">>[] = [];
  readonly lines: From<{ readonly line: LedgerLine; readonly leaf: Hash }>[] = [];
  readonly inclusions: From<InclusionProof>[] = [];
  readonly consistencies: From<ConsistencyProof>[] = [];
  readonly prices = new Map<number, PublishedPrices>();
  readonly plays = new Set<Hash>();
  /** By play. */
  readonly terms = new Map<Hash, From<PlayTerms>>();
  /** What was signed of each split, by its id. */
  readonly splits = new Map<Hash, Uint8Array[]>();
  /** Messages that only had to be opened: consents, manifests, splits, plays. */
  others = 0;
  readonly findings: Finding[] = [];
  readonly #expected: Expectations;
  readonly #tickets = new Map<Hash, Sealed<"ticket">>();

  constructor(expected: Expectations) {
    this.#expected = expected;
  }

  find(item: number, about: string, code: FindingCode, text: string): void {
    this.findings.push({ item, about, code, text });
  }

  /** Takes a sound item; the header and the end are the caller's. */
  take({ index, kind, content }: ReadItem): void {
    switch (kind) {
      case "message":
        this.#message(index, content);
        break;
      case "line": {
        const decoded = decodeLine(content);
        if (!decoded.ok) this.find(index, "line", decoded.code, decoded.detail);
        else {
          const { line } = decoded;
          this.lines.push({ item: index, value: { line, leaf: lineLeaf(line) } });
        }
        break;
      }
      case "inclusion":
        this.#structure(index, kind, content, (value: InclusionProof) =>
          this.inclusions.push({ item: index, value }),
        );
        break;
      case "consistency":
        this.#structure(index, kind, content, (value: ConsistencyProof) =>
          this.consistencies.push({ item: index, value }),
        );
        break;
      case "prices":
        this.#structure(index, kind, content, (value: PublishedPrices) =>
          this.prices.set(value.id, value),
        );
        break;
      case "terms":
        this.#structure(index, kind, content, (value: PlayTerms) => this.#terms(index, value));
        break;
      case "header":
        this.#structure(index, kind, content, (value: ExportHeader) => {
          this.header = value;
        });
        break;
      case "end":
        break;
    }
  }

  #structure<T>(
    item: number,
    kind: "header" | "inclusion" | "consistency" | "prices" | "terms",
    content: Uint8Array,
    keep: (value: T) => void,
  ): void {
    const decoded = decodeStructure<unknown>(exportSchemas[kind], content);
    if (decoded.ok) keep(decoded.value as T);
    else this.find(item, kind, decoded.code, decoded.detail);
  }

  #terms(item: number, value: PlayTerms): void {
    const before = this.terms.get(value.play)?.value ?? value;
    if (before.split !== value.split || before.priceList !== value.priceList)
      this.find(item, "terms", "inconsistent", "the same play has others before");
    else this.terms.set(value.play, { item, value });
  }

  #message(item: number, bytes: Uint8Array): void {
    const seen = peek(bytes);
    const refused = seen ? this.#open(item, seen.type, bytes) : noMessage;
    if (refused) this.find(item, aboutMessage(bytes), refused.code, refused.detail);
  }

  /** Opens a message by what it says it is, and keeps it; returns why not. */
  #open(item: number, type: MessageType, bytes: Uint8Array): Reason | undefined {
    const { environment, coordinators: signer } = this.#expected;
    switch (type) {
      case "record":
        return this.#record(item, bytes);
      case "ack": {
        const opened = open(type, bytes, { environment, signer });
        if (opened.ok) this.acks.push({ item, value: opened.message });
        return opened.ok ? undefined : opened;
      }
      case "statement": {
        const opened = open(type, bytes, { environment, signer });
        if (opened.ok) this.statements.push({ item, value: opened.message });
        return opened.ok ? undefined : opened;
      }
      case "succession":
      case "ticket":
      case "desired":
      case "command":
        return this.#other(open<"ticket">(type as "ticket", bytes, { environment, signer }));
      case "receipt":
        return { code: "misplaced", detail: "receipts stand inside their records" };
      default:
        return this.#other(open<"play">(type as "play", bytes, { environment }));
    }
  }

  #other(opened: Opened<MessageType>): Reason | undefined {
    if (!opened.ok) return opened;
    const { type, hash, body, bytes } = opened.message;
    if (type === "play") this.plays.add(hash);
    if (type === "split") {
      const id = splitId(body as Split);
      this.splits.set(id, [...(this.splits.get(id) ?? []), bytes]);
    }
    this.others += 1;
    return undefined;
  }

  #record(item: number, bytes: Uint8Array): Reason | undefined {
    const opened = openEvidence(bytes, {
      ...this.#expected,
      knownTicket: (hash) => this.#tickets.get(hash),
    });
    if (!opened.ok) return opened;
    this.#tickets.set(opened.evidence.ticket.hash, opened.evidence.ticket);
    this.evidence.push({ item, value: opened.evidence });
    return undefined;
  }
}

type Reason = { readonly code: FindingCode; readonly detail: string };
const noMessage: Reason = { code: "malformed", detail: "no message can be made out" };

/** A message's name for people: its type and what numbers it. */
function aboutMessage(bytes: Uint8Array): string {
  const seen = peek(bytes);
  return seen ? aboutReadable({ kind: seen.type, body: seen.body }) : "message";
}

/** The name of an item of the JSON copy, or of one that was read. */
export function aboutReadable(item: { readonly kind?: unknown; readonly body?: unknown }): string {
  const body = (item.body ?? {}) as Readonly<Record<string, unknown>>;
  switch (item.kind) {
    case "record":
      return `record ${body.generation}/${body.sequence}`;
    case "ack":
      return `ack ${body.generation}/${body.upTo}`;
    case "statement":
      return `statement ${body.epoch}`;
    case "line":
      return `line ${body.line}`;
    default:
      return typeof item.kind === "string" ? item.kind : "item";
  }
}
