/**
 * What the journal begins with: whatever the file held, continued or in a new generation, with a
 * record for each session that the last stop cut off.
 */
import { type Hash, sha256 } from "../core/encoding.ts";
import { reasonOf } from "../core/errors.ts";
import { bytes } from "../core/units.ts";
import {
  type Chain,
  chainFromRow,
  decideStart,
  emptyChain,
  NO_HEAD,
  nextGeneration,
  type Start,
} from "./chain.ts";
import { type Entry, entriesOf, type RecordSigner } from "./entry.ts";
import type { FloorFile, StoredFloor } from "./floor.ts";
import type { OpenedStore } from "./open-store.ts";
import { Outbox } from "./outbox.ts";
import type { SegmentPlace, SegmentRow } from "./schema.ts";
import { unpackRecords } from "./segment.ts";
import type { RestoredSession } from "./session-journal.ts";
import { entryOfRestart } from "./sessions.ts";
import type { Loaded } from "./store.ts";
import { DamagedRow } from "./table.ts";

export interface JournalStart {
  readonly chain: Chain;
  /** Why a new generation began; undefined when the last one goes on. */
  readonly newGeneration: string | undefined;
  /** Segments of the current generation. */
  readonly segments: readonly SegmentPlace[];
  /** What is to be recorded anew. */
  readonly entries: readonly Entry[];
  /** How far the tickets came whose sessions the last stop cut off. */
  readonly cutOff: readonly { readonly ticket: Hash; readonly restored: RestoredSession }[];
}

export type StartOutcome =
  | { readonly state: "ready"; readonly start: JournalStart }
  | { readonly state: "unavailable"; readonly reason: string };

export function startFrom(
  opened: Extract<OpenedStore, { state: "ready" }>,
  floor: FloorFile,
  signer: RecordSigner,
): StartOutcome {
  try {
    const stored = floor.read();
    const decision = decide(opened, stored);
    const { loaded } = opened;
    const found = loaded.chain && chainFromRow(loaded.chain);
    const base = { ...(found ?? emptyChain(0)), boots: (found?.boots ?? 0) + 1 };
    const cut = cutOff(loaded);
    if (decision.way === "continue") {
      return ready({ ...cut, chain: base, newGeneration: undefined, segments: loaded.segments });
    }
    const { generation, why } = decision;
    floor.write({ generation, sequence: 0, head: NO_HEAD });
    return ready({
      ...cut,
      chain: nextGeneration(base, generation),
      newGeneration: why,
      segments: [],
      entries: [...entriesOf(unanswered(loaded, base), signer), ...cut.entries],
    });
  } catch (fault) {
    return { state: "unavailable", reason: `sequence floor: ${reasonOf(fault)}` };
  }
}

const ready = (start: JournalStart): StartOutcome => ({ state: "ready", start });

/** A journal that had to be put aside may have lost its newest records: its generation ends. */
function decide(opened: Extract<OpenedStore, { state: "ready" }>, stored: StoredFloor): Start {
  const { loaded, aside } = opened;
  const chain = loaded.chain && chainFromRow(loaded.chain);
  const outbox = new Outbox(loaded.segments, 0, loaded.readSegment);
  if (!aside) return decideStart(chain, stored, (sequence) => outbox.hashAt(sequence));
  const known = [
    chain?.generation ?? 0,
    stored.state === "known" ? stored.floor.generation : 0,
    ...loaded.segments.map((row) => row.generation),
  ];
  return { way: "new-generation", generation: Math.max(...known) + 1, why: "journal damaged" };
}

/** Records that no ack covers, as far as they can be unpacked. */
function unanswered(loaded: Loaded, chain: Chain) {
  return loaded.segments.flatMap(({ id, generation, first }) => {
    const settled = generation === chain.generation ? chain.acked : 0;
    const row = loaded.readSegment(id);
    return row ? unpackOrSkip(row).filter((_, index) => first + index > settled) : [];
  });
}

function unpackOrSkip(row: SegmentRow): { readonly bytes: Uint8Array }[] {
  try {
    return unpackRecords(row.body).map((record) => ({ bytes: record }));
  } catch (fault) {
    if (fault instanceof DamagedRow) return [];
    throw fault;
  }
}

/** A record, and a memory of how far its ticket came, for every session that was open at the stop. */
function cutOff(loaded: Loaded) {
  const progress = new Map(loaded.progress.map((row) => [row.id, row]));
  const sessions = loaded.sessions.flatMap((session) => {
    const came = progress.get(session.id);
    return came ? [{ session, came }] : [];
  });
  return {
    entries: sessions.map(({ session, came }) => entryOfRestart(session, came)),
    cutOff: sessions.map(({ session, came }) => ({
      ticket: sha256(session.ticket),
      restored: {
        wireBytes: bytes(came.wire),
        proven: bytes(came.proven),
        receiptSequence: came.receipt_sequence,
      },
    })),
  };
}
