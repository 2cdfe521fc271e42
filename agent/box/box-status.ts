/** The household's page over the real state of a box, whether its sharing side stands or not. */

import { open } from "../accounting/envelope.ts";
import type { Clock } from "../core/clock.ts";
import type { PublicKey } from "../core/encoding.ts";
import { type Bytes, bytes, microTokens, milliseconds } from "../core/units.ts";
import type { Health } from "../health/health.ts";
import type { ConsentChoice } from "../status/choices.ts";
import type { Household } from "../status/household.ts";
import type { MakerLimits } from "../status/household-policy.ts";
import type { ExportedItem, SharingNow, StatusSources } from "../status/sources.ts";
import { recordRows } from "./record-rows.ts";
import type { Sharing } from "./sharing.ts";

export interface BoxStatusOptions {
  /** 64 zeros while the box has no key. */
  readonly box: PublicKey;
  readonly wallet: PublicKey;
  readonly version: string;
  readonly environment: "dev" | "prod";
  readonly capacity: Bytes;
  readonly household: Household;
  readonly maker: MakerLimits;
  readonly health: Health;
  /** undefined while the box lacks its key or its storage. */
  readonly sharing: Sharing | undefined;
  readonly consentChanged: (consent: ConsentChoice) => void;
  /** undefined while the box lacks its key or its storage. */
  readonly exported: ((signal: AbortSignal) => AsyncIterable<ExportedItem>) | undefined;
  readonly clock: Clock;
}

export function boxStatus(options: BoxStatusOptions): StatusSources {
  const { box, version, environment, household, health, sharing, clock } = options;
  const started = clock.monotonicMs();
  return {
    box,
    version,
    environment,
    household,
    maker: options.maker,
    health,
    sharing: () => (sharing ? sharingNow(sharing) : nothingShared),
    usage: () => {
      const volume = sharing?.governor.report.volume;
      return { today: volume?.day.sent ?? bytes(0), month: volume?.month.sent ?? bytes(0) };
    },
    earnings: () => ({
      ...asOf(sharing, environment),
      credited: sharing?.journal.chain.credited ?? microTokens(0n),
      signedRecords: sharing?.journal.chain.sequence ?? 0,
      pendingRecords: sharing?.journal.pendingRecords ?? 0,
      wallet: options.wallet,
    }),
    content: contentOf(sharing, options.capacity),
    records: (limit, before) =>
      sharing ? recordRows(recordReader(sharing, environment), limit, before) : [],
    ...(options.exported && { exported: options.exported }),
    consentChanged: options.consentChanged,
    utcOffsetMinutes: (at) => -new Date(at * 1000).getTimezoneOffset(),
    uptime: () => milliseconds(clock.monotonicMs() - started),
  };
}

/** When the newest ack was signed. */
function asOf(sharing: Sharing | undefined, environment: "dev" | "prod") {
  const newest = sharing?.journal.acks().at(-1);
  const signer = sharing?.contact.keys();
  const opened = newest && signer && open("ack", newest, { environment, signer });
  return opened?.ok ? { asOf: opened.message.body.at } : {};
}

const recordReader = ({ journal, contact }: Sharing, environment: "dev" | "prod") => ({
  journal,
  environment,
  coordinators: contact.keys(),
});

const nothingShared: SharingNow = {
  verdict: { state: "held", reason: "storage-failing" },
  enforcedBy: "nothing",
  streams: 0,
  waiting: 0,
  missing: [],
};

function sharingNow({ governor, shaper, peers }: Sharing): SharingNow {
  const { by, measured, limit } = shaper.enforcement;
  const { streams, waiting } = peers.stats();
  const verdict = governor.current;
  return {
    verdict,
    ...(measured !== undefined && { measuredRate: measured }),
    ...(limit !== undefined && { enforcedRate: limit }),
    enforcedBy: by === "nothing" ? "nothing" : by === "pacing" ? "program" : "kernel",
    streams,
    waiting,
    missing: governor.report.missing,
  };
}

function contentOf(sharing: Sharing | undefined, capacity: Bytes): StatusSources["content"] {
  const store = sharing?.store;
  return {
    capacity,
    titles: () =>
      (store?.titles() ?? []).map(({ title, manifest, held, size }) => {
        return { title, name: manifest.name, kind: manifest.kind, held, size };
      }),
    blocked: () =>
      (store?.refused("household") ?? []).map((title) => {
        const name = store?.refusedName(title);
        return { title, ...(name !== undefined && { name }) };
      }),
    delete: async (title) => (await store?.delete(title)) ?? false,
    block: async (title) => {
      await store?.refuse(title, "household");
    },
    unblock: async (title) => {
      store?.allow(title);
    },
  };
}
