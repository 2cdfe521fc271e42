/**
 * The whole chain on loopback, for a newcomer and for tests: broker, coordinator, origin, four boxes
 * and a viewer, each of them the real thing, speaking to the others over sockets alone.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { toFolder } from "./content/destination.ts";
import { type FetchProgress, type FetchSummary, fetchTitle } from "./content/fetch-title.ts";
import { Gateway } from "./content/gateway.ts";
import { isPlaylist } from "./content/media-type.ts";
import type { PublicKey } from "./core/encoding.ts";
import { exitCode, OperatorError } from "./core/errors.ts";
import { milliseconds, toUnixSeconds } from "./core/units.ts";
import { type Chain, type ChainOptions, until, withChain } from "./dev/chain.ts";
import { countRun } from "./dev/count.ts";
import { garbleContent } from "./dev/fleet.ts";
import { type PlayerState, playTitle } from "./dev/player.ts";
import type { RunFacts } from "./dev/summary.ts";
import { createSigner, type Signer } from "./identity/ed25519.ts";

export interface DevOptions extends ChainOptions {
  /** Ends by itself and returns what was counted; else plays again and again until the signal. */
  readonly once: boolean;
  readonly onFetch: (progress: FetchProgress) => void;
  readonly onPlay: (state: PlayerState, chain: Chain) => void;
}

/** Media seconds that the viewer plays in a second when the run ends by itself. */
const QUICKLY = 15;

export function runDev(options: DevOptions, signal: AbortSignal): Promise<RunFacts | undefined> {
  return withChain(options, signal, async (chain, running) => {
    const { clock, tell } = options;
    const { hash, body } = chain.title.manifest;
    const { boxes } = chain.daemon.coordinator.store;
    const now = () => toUnixSeconds(clock.wallMs());
    const filled = () =>
      boxes.holders(hash, now(), false).filter(({ permille }) => permille === 1000);
    const known = () => filled().length === chain.fleet.length;
    await until("not every box has reported the title", known, clock, running);
    const honest = new Map<PublicKey, number>();
    for (const box of chain.fleet.filter(({ garbles }) => garbles)) {
      const { id } = box.box;
      if (id !== undefined) honest.set(id, chain.verified.get(id) ?? 0);
      await garbleContent(box);
      tell(`every box holds "${body.name}"; ${box.name} garbles every chunk it has`);
    }
    const viewer = createSigner(options.random.bytes(32));
    const fetched = await fetchAndCompare(options, chain, viewer, running);
    const played = await play(options, chain, viewer, running);
    if (!options.once || running.aborted) return undefined;
    await settle(options, chain, running);
    return countRun({ chain, played, honest, ...fetched });
  });
}

async function fetchAndCompare(
  options: DevOptions,
  { client, title, onVerified }: Chain,
  signer: Signer,
  signal: AbortSignal,
): Promise<{ readonly summary: FetchSummary; readonly identical: boolean }> {
  const folder = join(options.directory, "viewer");
  const summary = await fetchTitle(
    {
      title: title.manifest,
      tickets: client,
      signer,
      environment: "dev",
      clock: options.clock,
      random: options.random,
      log: options.log,
      onVerified,
      destination: toFolder(folder, title.manifest.body),
      onProgress: options.onFetch,
    },
    signal,
  );
  if (summary.end !== "complete") return { summary, identical: false };
  let identical = true;
  for (const { path, diskPath } of title.files) {
    const [published, fetched] = await Promise.all([
      readFile(diskPath),
      readFile(join(folder, path)),
    ]);
    identical &&= published.equals(fetched);
  }
  return { summary, identical };
}

/** An ordinary player on the viewer's gateway, once quickly or again and again as fast as it plays. */
async function play(
  options: DevOptions,
  chain: Chain,
  signer: Signer,
  signal: AbortSignal,
): Promise<PlayerState> {
  const { clock, random, log, once, onPlay } = options;
  const { client, title, onVerified } = chain;
  await using gateway = await Gateway.open({
    listen: { host: "127.0.0.1", port: 0 },
    coordinator: client,
    signer,
    environment: "dev",
    clock,
    random,
    log,
    onVerified,
  });
  const playlist = mainPlaylist(chain);
  const base = `${gateway.url}/${title.manifest.body.slug}/`;
  options.tell(`any player can play ${base}${playlist}`);
  const running = gateway.run(signal);
  for (;;) {
    const played = await playTitle(
      {
        base,
        playlist,
        speed: once ? QUICKLY : 1,
        clock,
        onSegment: (state) => onPlay(state, chain),
      },
      signal,
    );
    if (once) return played;
    if (signal.aborted) {
      await running;
      return played;
    }
  }
}

function mainPlaylist({ title }: Chain): string {
  const playlists = title.files.map(({ path }) => path).filter(isPlaylist);
  const main = playlists.find((path) => /^(master|main|index)\.m3u8$/.test(path)) ?? playlists[0];
  if (main !== undefined) return main;
  throw new OperatorError(
    exitCode.noInput,
    "the title has no HLS playlist to play: name a folder with an .m3u8 file by --title",
  );
}

/** Waits until every session is closed, every record answered and every play decided. */
async function settle({ clock }: DevOptions, { fleet, daemon }: Chain, signal: AbortSignal) {
  const settled = () =>
    fleet.every(({ box: { sharing } }) => {
      if (!sharing || sharing.peers.stats().sessions > 0 || !sharing.journal.commit()) return false;
      const { sequence, acked } = sharing.journal.chain;
      return sequence === acked;
    });
  await until("not every record is answered by the coordinator", settled, clock, signal);
  // The last acks are on their way to the pages; the ledger is complete.
  await clock.sleep(milliseconds(500), signal);
  daemon.coordinator.closeEpoch();
}
