/** Titles as creators publish them: a signed manifest, a split that every party signed, and the chunks. */
import { open, splitId } from "../accounting/envelope.ts";
import type { Environment, Sealed, TitleManifest } from "../accounting/messages.ts";
import { type AgreedSplit, openSplit } from "../accounting/split.ts";
import type { PutOutcome } from "../content/chunk-writer.ts";
import type { Clock } from "../core/clock.ts";
import { type Hash, isHash, type PublicKey, toBase64Url } from "../core/encoding.ts";
import type { Log } from "../core/log.ts";
import { formatBytes } from "../core/quantity.ts";
import { type Bytes, bytes, toUnixSeconds } from "../core/units.ts";
import type { CreatorList } from "./creator-list.ts";
import { type Refusal, refuse } from "./refusal.ts";
import type { Store } from "./store/store.ts";
import type { SplitRow, TitleRow } from "./store/title-rows.ts";

/** Where the origin keeps verified chunks; the content store is one. */
export interface OriginStore {
  addManifest(manifest: Sealed<"manifest">): Promise<string>;
  /** Checks the chunk against the manifest and stores it. */
  putChunk(title: Hash, hash: Hash, data: Uint8Array): Promise<PutOutcome>;
  complete(title: Hash): boolean;
  missing(title: Hash, limit: number): readonly Hash[];
  /** Deletes a title and never serves it again. */
  refuse(title: Hash, by: "takedown"): Promise<void>;
}

export interface TitleOfficeOptions {
  readonly store: Store;
  readonly origin: OriginStore;
  /** Who may publish; anybody when absent. */
  readonly creators?: CreatorList | undefined;
  /** Most bytes of titles that one creator may have here; any when absent. */
  readonly creatorQuota?: Bytes | undefined;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly log: Log;
}

export type TitleAnswer = { readonly ok: true; readonly title: Hash } | Refusal;

/** The operator's own rule on who may publish how much: not of the protocol, so it has no code there. */
export interface NotAdmitted {
  readonly ok: false;
  readonly notAdmitted: "creator-not-admitted" | "creator-over-quota";
  readonly text: string;
}

export function createTitleOffice(options: TitleOfficeOptions) {
  const { store, origin, environment, clock, log } = options;
  const find = (name: string): TitleRow | undefined =>
    isHash(name) ? store.titles.get(name) : store.titles.bySlug(name);

  return {
    find,
    /** Idempotent: publishing the same bytes again changes nothing. */
    async publish(
      signed: Uint8Array,
      splitSigned: readonly Uint8Array[],
    ): Promise<TitleAnswer | NotAdmitted> {
      const opened = open("manifest", signed, { environment });
      if (!opened.ok) return refuse(opened.code, opened.detail);
      const agreed = openSplit(splitSigned, { environment });
      if (!agreed.ok) return refuse(agreed.code, agreed.detail);
      const manifest = opened.message;
      if (agreed.split.id !== manifest.body.split) return refuse("split-mismatch");
      const known = store.titles.get(manifest.hash);
      if (known?.takedown) return refuse("taken-down");
      const kept = known ? undefined : keptOut(manifest);
      if (kept) return kept;
      const added = await origin.addManifest(manifest);
      if (added !== "added" && added !== "known") return refuse("taken-down");
      store.transaction(() => keep(manifest, agreed.split));
      noteComplete(manifest.hash);
      log.info("title published", { title: manifest.hash, slug: manifest.body.slug });
      return { ok: true, title: manifest.hash };
    },

    async putChunk(title: Hash, hash: Hash, data: Uint8Array): Promise<PutOutcome> {
      const row = store.titles.get(title);
      if (!row || row.takedown !== null) return "unknown-title";
      const outcome = await origin.putChunk(title, hash, data);
      if (outcome === "stored" || outcome === "known") noteComplete(title);
      return outcome;
    },

    missing: (title: Hash) => origin.missing(title, MAX_MISSING),

    /**
     * Gives a title another split for tickets issued from now on; tickets that are out keep theirs.
     * Everyone named by the new split, everyone named by the old one, and the creator must sign it.
     */
    replaceSplit(
      title: Hash,
      splitSigned: readonly Uint8Array[],
      approvals: readonly Uint8Array[],
    ): TitleAnswer {
      const row = store.titles.get(title);
      const current = row && store.titles.split(row.split);
      if (!row || !current) return refuse("unknown-title");
      const agreed = openSplit(splitSigned, { environment });
      if (!agreed.ok) return refuse(agreed.code, agreed.detail);
      const { split } = agreed;
      if (split.body.version <= current.version) {
        return refuse("split-mismatch", `version ${current.version} is in force`);
      }
      const signers = new Set(split.signatures.map(({ signer }) => signer));
      for (const bytes of approvals.slice(0, 65)) {
        const approval = open("split", bytes, { environment });
        if (!approval.ok) return refuse(approval.code, approval.detail);
        if (splitId(approval.message.body) === split.id) signers.add(approval.message.signer);
      }
      if (!mayReplace(row, current, signers)) return refuse("split-mismatch");
      store.transaction(() => {
        store.titles.addSplit(split.id, split.body, signaturesOf(split));
        store.titles.useSplit(title, split.body.version, split.id);
      });
      return { ok: true, title };
    },

    /** Ends a title everywhere: origin and coordinator at once, boxes at their next contact. */
    async takeDown(title: Hash, reason: string): Promise<boolean> {
      if (!store.titles.takeDown(title, reason, toUnixSeconds(clock.wallMs()))) return false;
      await origin.refuse(title, "takedown");
      log.notice("title taken down", { title });
      return true;
    },
  };

  /** Why a new title may not come here, as the operator set it. */
  function keptOut({ body, bytes: signed }: Sealed<"manifest">): NotAdmitted | undefined {
    const { creator } = body;
    if (options.creators?.(creator) === false) {
      const text = `This coordinator takes titles of the creators that its operator admits: ask the operator to admit the key ${creator}.`;
      return { ok: false, notAdmitted: "creator-not-admitted", text };
    }
    const { creatorQuota } = options;
    const all = store.titles.publishedBy(creator) + sizeOf(body) + signed.length;
    if (creatorQuota === undefined || all <= creatorQuota) return undefined;
    const text = `With this title the key ${creator} would have ${formatBytes(all)} here, and ${formatBytes(creatorQuota)} is the most: ask the operator for more, or to take an old title down.`;
    return { ok: false, notAdmitted: "creator-over-quota", text };
  }

  function keep({ hash, body, bytes }: Sealed<"manifest">, split: AgreedSplit) {
    store.titles.addSplit(split.id, split.body, signaturesOf(split));
    if (store.titles.get(hash)) return;
    store.titles.add({
      title: hash,
      slug: body.slug,
      name: body.name,
      kind: body.kind,
      creator: body.creator,
      manifest: bytes,
      size: sizeOf(body),
      split: split.id,
      created_at: toUnixSeconds(clock.wallMs()),
    });
    store.titles.useSplit(hash, split.body.version, split.id);
  }

  function noteComplete(title: Hash) {
    if (store.titles.get(title)?.complete === 0 && origin.complete(title)) {
      store.titles.setComplete(title, true);
    }
  }
}

const MAX_MISSING = 10_000;

const sizeOf = ({ files }: TitleManifest) => bytes(files.reduce((sum, file) => sum + file.size, 0));

const signaturesOf = (split: AgreedSplit) =>
  split.signatures.map(({ bytes }) => toBase64Url(bytes));

const mayReplace = (row: TitleRow, current: SplitRow, signers: ReadonlySet<PublicKey>) =>
  signers.has(row.creator) && current.parties.every(({ key }) => signers.has(key));
