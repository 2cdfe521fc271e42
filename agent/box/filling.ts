/** How a box fills its own cache: what it may fetch now, how fast, and from where. */
import type { Device } from "../../hardware/device.ts";
import type { Desired } from "../accounting/messages.ts";
import type { Config } from "../config.ts";
import { createCacheFiller, type TitleSource } from "../content/cache-filler.ts";
import type { ContentStore } from "../content/store.ts";
import type { Clock } from "../core/clock.ts";
import type { PublicKey } from "../core/encoding.ts";
import type { Log } from "../core/log.ts";
import type { Part } from "../core/part.ts";
import type { Random } from "../core/random.ts";
import type { BitsPerSecond } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";
import { fetchRate } from "../shaping/fetch-rate.ts";
import { createFetchShaper } from "../shaping/fetch-shaper.ts";
import type { HomeTraffic } from "../shaping/home-traffic.ts";

export interface FillingOptions {
  readonly config: Config;
  readonly device: Pick<Device, "nic" | "ingressControl">;
  readonly store: ContentStore;
  readonly coordinator: TitleSource;
  readonly desired: () => Desired | undefined;
  /** May the box download now? */
  readonly allowed: () => boolean;
  /** What others at home download. */
  readonly home: HomeTraffic;
  readonly signer: Signer;
  /** Told of what this box verified of others. */
  readonly onVerified?: ((box: PublicKey, amount: number) => void) | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export function createFilling(options: FillingOptions): readonly Part[] {
  const { config, device, coordinator, allowed, home, clock, log } = options;
  const { nic, ingressControl } = device;
  const rate = (): BitsPerSecond =>
    fetchRate(config["content.fill_rate"], allowed(), home.download);
  const shaper = createFetchShaper({ nic, ingressControl, rate, clock, log });
  const filler = createCacheFiller({
    ...options,
    environment: config.environment,
    coordinator: withSources(coordinator, shaper.noteSources.bind(shaper)),
    pace: shaper.pace,
  });
  return [shaper, filler];
}

/** A coordinator whose answers tell where the box is about to fetch from. */
const withSources = (
  coordinator: TitleSource,
  note: (addresses: readonly string[]) => void,
): TitleSource => ({
  title: (id, signal) => coordinator.title(id, signal),
  tickets: async (request, signal) => {
    const grants = await coordinator.tickets(request, signal);
    const all = grants.origin ? [...grants.boxes, grants.origin] : grants.boxes;
    note(all.flatMap(({ addresses }) => addresses));
    return grants;
  },
});
