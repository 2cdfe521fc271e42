/**
 * Keeps the box's own fetching out of the household's way: requests are paced, and where the kernel
 * has IFB what arrives is held to the same rate, so that a request on its way gives way too.
 */
import type { IngressControl, IngressInForce } from "../../hardware/ingress-control.ts";
import type { Nic } from "../../hardware/nic.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { every, type Part } from "../core/part.ts";
import { seconds } from "../core/units.ts";
import { createFetchPace, type FetchRate, type Pace } from "./fetch-pace.ts";
import { FetchSources } from "./fetch-sources.ts";

export interface FetchShaperOptions {
  readonly ingressControl: IngressControl;
  readonly nic: Nic;
  /** What fetching may take now. */
  readonly rate: FetchRate;
  readonly clock: Clock;
  readonly log: Log;
}

export interface FetchShaper extends Part {
  /** Waits until so many bytes may be asked for. */
  readonly pace: Pace;
  /** Tells where is fetched from: base URLs as a ticket carries them. */
  noteSources(addresses: readonly string[]): void;
  readonly inForce: IngressInForce;
}

/** The requests themselves are paced at once; what is on its way follows within this. */
const FOLLOW = seconds(1);
const RETRY = seconds(60);

export function createFetchShaper(options: FetchShaperOptions): FetchShaper {
  return new PacingFetchShaper(options);
}

class PacingFetchShaper implements FetchShaper {
  readonly name = "fetch-shaper";
  readonly pace: Pace;
  readonly #options: FetchShaperOptions;
  readonly #sources = new FetchSources();
  #inForce: IngressInForce = { state: "none" };
  /** The plan that was last tried, as text; the same one is not tried again before `#again`. */
  #tried = "";
  #again = 0;
  #device: string | undefined;

  constructor(options: FetchShaperOptions) {
    this.#options = options;
    this.pace = createFetchPace(options);
  }

  get inForce(): IngressInForce {
    return this.#inForce;
  }

  noteSources(addresses: readonly string[]): void {
    this.#sources.note(addresses, this.#options.clock.monotonicMs());
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    try {
      await every(FOLLOW, () => this.#tick(), { clock, log, signal, name: this.name });
    } finally {
      await this.#remove();
    }
  }

  async #tick(): Promise<void> {
    const { clock, nic, rate, ingressControl } = this.#options;
    const now = clock.monotonicMs();
    const limit = rate();
    const sources = this.#sources.current(now);
    if (limit === undefined || sources.length === 0) return this.#remove();
    const device = (await nic.read())?.name;
    if (device !== this.#device) await this.#remove();
    if (!device) return;
    const plan = { device, sources, rate: limit };
    const text = JSON.stringify(plan);
    if (text === this.#tried && now < this.#again) return;
    this.#device = device;
    this.#note(await ingressControl.apply(plan));
    this.#tried = text;
    // looked at once a minute too, in case somebody took it away
    this.#again = now + RETRY;
  }

  async #remove(): Promise<void> {
    const device = this.#device;
    this.#device = undefined;
    this.#tried = "";
    if (device) await this.#options.ingressControl.remove(device);
    this.#note({ state: "none" });
  }

  #note(inForce: IngressInForce): void {
    const { log } = this.#options;
    const before = this.#inForce;
    this.#inForce = inForce;
    if (inForce.state === before.state) return;
    const reason = inForce.state === "unavailable" ? inForce.reason : undefined;
    log.info("shaping of fetches changed", { state: inForce.state, reason });
  }
}
