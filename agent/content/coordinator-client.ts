/**
 * The coordinator's HTTP API as viewers, creators and boxes use it (docs/architecture.md). Answers
 * are bounded and checked; what is signed is opened before it is handed on.
 */
import * as v from "valibot";
import { open, peek } from "../accounting/envelope.ts";
import type { PublishedPrices } from "../accounting/export-format.ts";
import type { Environment, Sealed, TicketRequest } from "../accounting/messages.ts";
import type { AgreedSplit } from "../accounting/split.ts";
import { openSuccessions, trustedKeys } from "../accounting/succession.ts";
import { walletEntries } from "../accounting/wallet-entries.ts";
import type { ExportEntry } from "../accounting/write-export.ts";
import { type Hash, isHash, type PublicKey, toBase64Url } from "../core/encoding.ts";
import { exitCode, OperatorError } from "../core/errors.ts";
import { hashField } from "../core/json.ts";
import type { MicroTokens } from "../core/units.ts";
import {
  accountAnswer,
  appealAnswer,
  type grantAnswer,
  infoAnswer,
  missingAnswer,
  playAnswer,
  splitAnswer,
  statementAnswer,
  ticketsAnswer,
  titleAnswer,
  titlesAnswer,
} from "./coordinator-answers.ts";
import { CoordinatorHttp, CoordinatorRefusal, MAX_ANSWER, posted } from "./coordinator-http.ts";

export { CoordinatorRefusal } from "./coordinator-http.ts";

const KIB = 1024;
/** A manifest in base64url and JSON around it. */
const MAX_TITLE_ANSWER = 12 * KIB * KIB;
const MAX_SPLIT_ANSWER = KIB * KIB;
/** Five hundred lines, each with a path to the root of a tree of up to 2^40. */
const MAX_WALLET_ANSWER = 4 * KIB * KIB;

export interface CoordinatorInfo {
  readonly environment: Environment;
  readonly publicKey: PublicKey;
  /** How its key changed, as it was signed. */
  readonly successions: readonly Uint8Array[];
  readonly fleet: string;
  /** `address:port` of the delay reflectors it runs. */
  readonly reflectors: readonly string[];
  /** Those that tickets may name; the last is that of the tickets it gives out now. */
  readonly prices: readonly PublishedPrices[];
}

/** A stretch of a wallet's account, as the coordinator tells it. */
export interface WalletPage {
  readonly balances: { readonly household: MicroTokens; readonly creator: MicroTokens };
  /** Boxes whose credits go to the wallet, and why one is held back. */
  readonly boxes: readonly { readonly box: PublicKey; readonly quarantine?: string | undefined }[];
  /** Statements, ledger lines and proofs for an export, which is where they are verified. */
  readonly entries: readonly ExportEntry[];
  /** The line to ask from for the rest, when there is more. */
  readonly next?: number;
}

/** Leave to ask one box for one title, and where the box is. */
export interface Grant {
  readonly addresses: readonly string[];
  readonly ticket: Sealed<"ticket">;
}

export interface Grants {
  readonly boxes: readonly Grant[];
  readonly origin?: Grant | undefined;
}

export interface PublishedTitle {
  readonly manifest: Sealed<"manifest">;
  readonly complete: boolean;
}

export interface CoordinatorClientOptions {
  readonly url: string;
  readonly environment: Environment;
  /** The coordinator's key where it is configured; else the key of its first answer is kept. */
  readonly publicKey?: PublicKey | undefined;
}

export class CoordinatorClient {
  readonly #http: CoordinatorHttp;
  readonly #environment: Environment;
  /** Empty until one is known. */
  #keys: ReadonlySet<PublicKey>;

  constructor(options: CoordinatorClientOptions) {
    this.#http = new CoordinatorHttp(options.url);
    this.#environment = options.environment;
    this.#keys = new Set(options.publicKey === undefined ? [] : [options.publicKey]);
  }

  /** Throws an OperatorError when there is no coordinator, or another than expected. */
  async info(signal?: AbortSignal): Promise<CoordinatorInfo> {
    const info = await this.#http.get("/v1/info", infoAnswer, MAX_ANSWER, signal);
    if (info.environment !== this.#environment)
      throw new OperatorError(
        exitCode.configuration,
        `The coordinator at ${this.#http.base} is for ${info.environment}, this device is set up for ${this.#environment}: correct the coordinator's address or the environment.`,
      );
    const { environment, publicKey, fleet, reflectors, priceList, priceLists, successions } = info;
    const roots = this.#keys.size === 0 ? [publicKey] : this.#keys;
    const keys = trustedKeys(roots, openSuccessions(successions, environment));
    if (!keys.has(publicKey))
      throw new OperatorError(
        exitCode.noPermission,
        `The coordinator at ${this.#http.base} has the key ${publicKey}, expected is ${[...roots].join(" or ")}: correct its address or its key; no hand-over between the two was signed.`,
      );
    this.#keys = keys;
    const earlier = priceLists.filter(({ id }) => id !== priceList?.id);
    const prices = priceList ? [...earlier, priceList] : earlier;
    return { environment, publicKey, successions, fleet, reflectors, prices };
  }

  /** undefined when no such title is known. */
  async title(idOrSlug: string, signal?: AbortSignal): Promise<PublishedTitle | undefined> {
    const path = `/v1/titles/${encodeURIComponent(idOrSlug)}`;
    const answer = await this.#orNotFound(
      this.#http.get(path, titleAnswer, MAX_TITLE_ANSWER, signal),
    );
    if (!answer) return undefined;
    const opened = open("manifest", answer.manifest, { environment: this.#environment });
    const asked = isHash(idOrSlug) ? idOrSlug : answer.title;
    if (!opened.ok || opened.message.hash !== asked || opened.message.hash !== answer.title)
      throw this.#http.garbled(path, opened.ok ? "another title than asked for" : opened.detail);
    return { manifest: opened.message, complete: answer.complete };
  }

  async titles(signal?: AbortSignal) {
    return (await this.#http.get("/v1/titles", titlesAnswer, MAX_TITLE_ANSWER, signal)).titles;
  }

  /** Tickets whose signature, viewer and title have been checked. */
  async tickets(request: Sealed<"ticket-request">, signal?: AbortSignal): Promise<Grants> {
    const body = { request: toBase64Url(request.bytes) };
    const answer = await this.#http.post("/v1/tickets", body, ticketsAnswer, signal);
    if (!this.#knowsSigners(answer)) await this.info(signal);
    const check = (grant: v.InferOutput<typeof grantAnswer>) =>
      this.#checkGrant(grant, request.body);
    return {
      boxes: answer.tickets.map(check),
      ...(answer.origin && { origin: check(answer.origin) }),
    };
  }

  async publish(manifest: Sealed<"manifest">, split: AgreedSplit, signal?: AbortSignal) {
    const body = {
      manifest: toBase64Url(manifest.bytes),
      split: split.signatures.map((signature) => toBase64Url(signature.bytes)),
    };
    await this.#http.post("/v1/titles", body, v.object({ title: hashField }), signal);
  }

  /** Chunks that the origin lacks, at most 10 000 at a time. */
  async missing(title: Hash, signal?: AbortSignal): Promise<readonly Hash[]> {
    const path = `/v1/titles/${title}/missing`;
    return (await this.#http.get(path, missingAnswer, MAX_ANSWER, signal)).missing;
  }

  async putChunk(title: Hash, hash: Hash, data: Uint8Array<ArrayBuffer>, signal?: AbortSignal) {
    const init = { method: "PUT", body: data };
    await this.#http.request(`/v1/titles/${title}/chunks/${hash}`, init, MAX_ANSWER, signal);
  }

  async play(play: Sealed<"play">, signal?: AbortSignal) {
    return this.#http.post("/v1/plays", { play: toBase64Url(play.bytes) }, playAnswer, signal);
  }

  /** Leaves word for the operator, bound to the evidence about the key that asks; the appeal's number. */
  async appeal(request: Sealed<"wallet-request">, text: string, signal?: AbortSignal) {
    const body = { request: toBase64Url(request.bytes), text };
    return (await this.#http.post("/v1/appeals", body, appealAnswer, signal)).appeal;
  }

  /** The statement of an epoch as it came, not opened; undefined where none was closed. */
  async statement(epoch: number | "latest", signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const path = `/v1/statements/${epoch}`;
    const asked = this.#http.get(path, statementAnswer, MAX_ANSWER, signal);
    return (await this.#orNotFound(asked))?.statement;
  }

  /** What the parties of a split signed, as it came; nothing where the coordinator does not know it. */
  async split(id: Hash, signal?: AbortSignal): Promise<readonly Uint8Array[]> {
    const asked = this.#http.get(`/v1/splits/${id}`, splitAnswer, MAX_SPLIT_ANSWER, signal);
    return (await this.#orNotFound(asked))?.signed ?? [];
  }

  /** @param from the first ledger line wanted; one answer has a bounded number of them. */
  async wallet(
    request: Sealed<"wallet-request">,
    from: number,
    signal?: AbortSignal,
  ): Promise<WalletPage> {
    const path = "/v1/wallet";
    const body = { request: toBase64Url(request.bytes), from };
    const answer = await this.#http.json(
      path,
      posted(body),
      v.unknown(),
      MAX_WALLET_ANSWER,
      signal,
    );
    const account = v.safeParse(accountAnswer, answer);
    if (!account.success) throw this.#http.garbled(path, account.issues[0].message);
    const told = walletEntries(answer);
    if (!told.ok) throw this.#http.garbled(path, told.detail);
    const { entries, next } = told;
    return { ...account.output, entries, ...(next !== undefined && { next }) };
  }

  /** False also after the coordinator changed its key, until it was asked about that. */
  #knowsSigners({ tickets, origin }: v.InferOutput<typeof ticketsAnswer>): boolean {
    return [...tickets, ...(origin ? [origin] : [])].every(({ ticket }) => {
      const signer = peek(ticket)?.signer;
      return signer !== undefined && this.#keys.has(signer);
    });
  }

  #checkGrant(grant: v.InferOutput<typeof grantAnswer>, request: TicketRequest): Grant {
    const expected = { environment: this.#environment, signer: this.#keys };
    const opened = open("ticket", grant.ticket, expected);
    if (!opened.ok) throw this.#http.garbled("/v1/tickets", opened.detail);
    const { viewer, title } = opened.message.body;
    if (viewer !== request.viewer || title !== request.title)
      throw this.#http.garbled("/v1/tickets", "a ticket for another viewer or title");
    return { addresses: grant.addresses, ticket: opened.message };
  }

  async #orNotFound<T>(answer: Promise<T>): Promise<T | undefined> {
    try {
      return await answer;
    } catch (fault) {
      if (fault instanceof CoordinatorRefusal && fault.status === 404) return undefined;
      throw fault;
    }
  }
}
