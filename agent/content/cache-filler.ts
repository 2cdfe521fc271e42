/**
 * Keeps the box's store at what the coordinator wants of it: takedowns first, then the titles it
 * should hold, then files that viewers asked for in vain. One title at a time, so that the box's own
 * fetching stays a single, paced stream.
 */
import type { Desired, Environment, Sealed } from "../accounting/messages.ts";
import type { Clock } from "../core/clock.ts";
import type { Hash } from "../core/encoding.ts";
import { OperatorError, reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Part } from "../core/part.ts";
import type { Random } from "../core/random.ts";
import { type Milliseconds, milliseconds, seconds } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";
import type { PublishedTitle } from "./coordinator-client.ts";
import { type FetchTitleOptions, fillTitle } from "./fetch-title.ts";
import type { ContentStore } from "./store.ts";
import type { TicketSource } from "./ticket-desk.ts";

/** The coordinator, as far as a box that fills its cache needs it. */
export interface TitleSource extends TicketSource {
  title(id: string, signal?: AbortSignal): Promise<PublishedTitle | undefined>;
}

export interface CacheFillerOptions {
  readonly store: ContentStore;
  readonly coordinator: TitleSource;
  /** The newest wish of the coordinator; undefined until the first came. */
  readonly desired: () => Desired | undefined;
  /** False while the household has not consented, paused, or the disk is in trouble. */
  readonly allowed: () => boolean;
  readonly pace?: FetchTitleOptions["pace"];
  readonly onVerified?: FetchTitleOptions["onVerified"];
  readonly signer: Signer;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const LOOK = seconds(1);
/** A title that could not be fetched is tried again after this, doubling up to an hour. */
const FIRST_PAUSE = seconds(5);
const LONGEST_PAUSE = seconds(3600);

interface Setback {
  readonly until: Milliseconds;
  readonly pause: Milliseconds;
}

export function createCacheFiller(options: CacheFillerOptions): Part {
  const { store, desired, clock, log } = options;
  const setbacks = new Map<Hash, Setback>();

  const fill = async (title: Hash, files: ReadonlySet<number> | undefined, signal: AbortSignal) => {
    try {
      await fillOne(options, title, files, signal);
      setbacks.delete(title);
    } catch (fault) {
      if (signal.aborted) return;
      const pause = nextPause(setbacks.get(title));
      setbacks.set(title, { until: milliseconds(clock.monotonicMs() + pause), pause });
      log.info("title not filled yet", { title, reason: reasonOf(fault) });
      if (!(fault instanceof OperatorError)) throw fault;
    }
  };

  const turn = async (signal: AbortSignal) => {
    const wish = desired();
    await takeDown(store, wish);
    // Else two titles that do not fit together would push each other out for ever.
    store.keep(wish?.titles ?? []);
    if (!options.allowed()) return;
    const next = wish?.titles.find((title) => wants(store, setbacks, clock, title));
    if (next !== undefined) return fill(next, undefined, signal);
    for (const { title, file } of store.takeWanted()) await fill(title, new Set([file]), signal);
  };

  return {
    name: "cache-filler",
    run: async (signal) => {
      while (!signal.aborted) {
        try {
          await turn(signal);
        } catch (fault) {
          log.error("cache filler failed", { reason: reasonOf(fault) });
        }
        await clock.sleep(LOOK, signal);
      }
    },
  };
}

/** Pauses double, so that a title nobody has costs ever less. */
const nextPause = (before: Setback | undefined) =>
  milliseconds(Math.min(LONGEST_PAUSE, (before?.pause ?? FIRST_PAUSE / 2) * 2));

async function takeDown(store: ContentStore, wish: Desired | undefined): Promise<void> {
  const done = new Set(store.refused("takedown"));
  const fresh = (wish?.takedowns ?? []).filter((title) => !done.has(title));
  if (fresh.length > 0) await store.refuseAll(fresh, "takedown");
}

function wants(
  store: ContentStore,
  setbacks: ReadonlyMap<Hash, Setback>,
  clock: Clock,
  title: Hash,
): boolean {
  if (store.complete(title)) return false;
  if (store.refused("household").includes(title)) return false;
  const setback = setbacks.get(title);
  return setback === undefined || setback.until <= clock.monotonicMs();
}

async function fillOne(
  options: CacheFillerOptions,
  id: Hash,
  files: ReadonlySet<number> | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { store, coordinator, allowed, clock } = options;
  const title = store.manifest(id) ?? (await published(coordinator, id, signal));
  const stop = new AbortController();
  const watch = stopWhen(() => !allowed(), stop, clock, signal);
  try {
    const summary = await fillTitle(
      {
        store,
        title,
        tickets: coordinator,
        signer: options.signer,
        environment: options.environment,
        clock,
        random: options.random,
        log: options.log,
        ...(files && { files }),
        ...(options.pace && { pace: options.pace }),
        onVerified: options.onVerified,
      },
      AbortSignal.any([signal, stop.signal]),
    );
    if (typeof summary === "string" || summary.end === "complete" || summary.end === "stopped")
      return;
    throw new Error(`the store took no more (${summary.end})`);
  } finally {
    stop.abort();
    await watch;
  }
}

async function published(
  coordinator: TitleSource,
  id: Hash,
  signal: AbortSignal,
): Promise<Sealed<"manifest">> {
  const found = await coordinator.title(id, signal);
  if (!found) throw new Error("the coordinator wants a title that it does not know");
  return found.manifest;
}

/** Aborts the fetch as soon as the household wants it to end. */
async function stopWhen(
  condition: () => boolean,
  stop: AbortController,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const both = AbortSignal.any([signal, stop.signal]);
  while (!both.aborted) {
    if (condition()) stop.abort();
    else await clock.sleep(milliseconds(250), both);
  }
}
