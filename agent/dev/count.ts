/** Reads the facts of a finished run, each from whoever knows it first-hand. */
import type { FetchSummary } from "../content/fetch-title.ts";
import { defaultPriceList } from "../coordinator/price-list.ts";
import type { PublicKey } from "../core/encoding.ts";
import type { MicroTokens } from "../core/units.ts";
import type { Chain } from "./chain.ts";
import type { DevBox } from "./fleet.ts";
import type { PlayerState } from "./player.ts";
import type { BoxFacts, RunFacts } from "./summary.ts";

export interface Counted {
  readonly chain: Chain;
  readonly summary: FetchSummary;
  readonly identical: boolean;
  readonly played: PlayerState;
  /** Bytes that each garbling box had served before it began. */
  readonly honest: ReadonlyMap<PublicKey, number>;
}

export function countRun({ chain, summary, identical, played, honest }: Counted): RunFacts {
  const { title, creators, fleet, daemon } = chain;
  const { ledger } = daemon.coordinator.store;
  return {
    published: title.files.reduce((sum, file) => sum + file.size, 0),
    fetched: summary.done,
    identical,
    played: {
      seconds: played.mediaSeconds,
      segments: played.segments,
      stalls: played.stalls,
    },
    qualifiedPlays: daemon.coordinator.store.plays.count("qualified"),
    boxes: fleet.map((box) => boxFacts(chain, box, summary, honest)),
    ledger: ledger.sums() as ReadonlyMap<string, MicroTokens>,
    pricePerPlay: defaultPriceList.creatorsPerPlay,
    creators: creators.map(({ name, share, signer }) => ({
      name,
      share,
      tokens: ledger.balance({ kind: "creator", key: signer.publicKey }),
    })),
    originBytes: summary.boxes
      .filter(({ origin }) => origin)
      .reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function boxFacts(
  chain: Chain,
  { name, garbles, box }: DevBox,
  summary: FetchSummary,
  honest: ReadonlyMap<PublicKey, number>,
): BoxFacts {
  const { sharing, id } = box;
  if (!sharing || !id) throw new Error(`the box ${name} lost its key or storage during the run`);
  const { store } = chain.daemon.coordinator;
  const row = store.boxes.get(id);
  return {
    name,
    box: id,
    garbles,
    verified: chain.verified.get(id) ?? 0,
    honest: honest.get(id) ?? 0,
    badChunks: summary.boxes.find((tally) => tally.box === id)?.badChunks ?? 0,
    records: sharing.journal.chain.sequence,
    pendingRecords: sharing.journal.chain.sequence - sharing.journal.chain.acked,
    toldTokens: sharing.journal.chain.credited,
    creditedBytes: row?.credited_bytes ?? 0,
    creditedTokens: row?.credited_tokens ?? (0n as MicroTokens),
    walletTokens: store.ledger.balance({ kind: "household", key: id }),
  };
}
