/**
 * Keeps a box reachable from outside: a port mapping for the peer port, and for no other, while the
 * household consents; renewed, made again after the router or an address changed, removed at the end.
 * Whether anybody gets through is for the coordinator to find out, which tells it with `desired`.
 */
import { createHash } from "node:crypto";
import type { NetworkInterfaceInfo } from "node:os";
import type { PortMapper } from "../../hardware/port-mapping.ts";
import type { Config } from "../config.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { every, type Part } from "../core/part.ts";
import type { Random } from "../core/random.ts";
import { seconds } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";
import { ownAddresses } from "./own-addresses.ts";
import {
  afterAttempt,
  atOnce,
  externalPorts,
  LIFETIME,
  outsideOf,
  type ReachState,
  whyNoMapping,
} from "./reach-state.ts";
import { whyUnreachable } from "./reach-text.ts";

export interface ReachOptions {
  readonly config: Config;
  /** Where peers are served. */
  readonly port: () => number;
  readonly consented: () => boolean;
  readonly portMapper: PortMapper;
  readonly interfaces: () => NodeJS.Dict<NetworkInterfaceInfo[]>;
  /** Called when what `addresses` says has changed. */
  readonly changed: () => void;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface Reach extends Part {
  /** Base URLs under which peers may reach this box, most preferred first. */
  addresses(): readonly string[];
  /** The coordinator's word: does an announced address answer it? undefined while it has not looked. */
  heard(reachable: boolean | undefined): void;
  /** Why viewers do not get through; undefined while they do, or nobody knows better. */
  readonly unreachable: string | undefined;
}

/** How soon a withdrawn consent, a new address or another router is noticed. */
const TICK = seconds(5);
/** A stopping daemon waits no longer than this for the router. */
const FAREWELL = seconds(3);

export function createReach(options: ReachOptions): Reach {
  const { config, portMapper, clock, random, log } = options;
  const nonce = mappingNonce(options.signer);
  let state: ReachState = atOnce;
  let lastPort: number | undefined;
  let seen: string | undefined;
  let announced: string | undefined;
  let reachable: boolean | undefined;

  const addresses = () =>
    ownAddresses(config, options.port(), options.interfaces(), outsideOf(state));
  const obstacle = () =>
    whyNoMapping({
      consented: options.consented(),
      wanted: config["box.port_mapping"],
      configured: config["box.addresses"].length > 0,
      host: config["box.listen"].host,
      port: options.port(),
      pagePort: config["status.listen"].port,
      ownV4: ownV4(options.interfaces()),
    });

  async function look(signal: AbortSignal): Promise<void> {
    const no = obstacle();
    if (no !== undefined) await remove();
    else if (isDue()) await ask(signal);
    const now = addresses().join(" ");
    if (announced !== undefined && announced !== now) options.changed();
    announced = now;
  }

  /** In time, or because this machine has moved: a mapping leads to an address. */
  function isDue(): boolean {
    const own = ownV4(options.interfaces()).join(" ");
    const moved = seen !== undefined && seen !== own;
    seen = own;
    return moved || clock.monotonicMs() >= state.nextAt;
  }

  async function ask(signal: AbortSignal): Promise<void> {
    const internalPort = options.port();
    const ports = externalPorts(internalPort, lastPort, () => random.unit());
    const request = { internalPort, externalPorts: ports, lifetime: LIFETIME, nonce };
    const outcome = await portMapper.map(request, signal);
    const before = state;
    state = afterAttempt(before, outcome, clock.monotonicMs());
    lastPort = state.mapping?.externalPort ?? lastPort;
    const { mapping, failure } = state;
    if (mapping && mapping.externalPort !== before.mapping?.externalPort) {
      const { protocol, externalPort } = mapping;
      log.notice("port mapped", { protocol, port: internalPort, outside: externalPort });
    }
    const news = before.mapping !== undefined || failure !== before.failure;
    if (!mapping && news) log.notice("port not mapped", { failure });
  }

  async function remove(): Promise<void> {
    const { mapping } = state;
    state = atOnce;
    if (!mapping) return;
    const removed = await portMapper.unmap(mapping, nonce);
    log.notice("port mapping removed", { outside: mapping.externalPort, confirmed: removed });
  }

  return {
    name: "reach",
    addresses,
    heard: (word) => {
      reachable = word;
    },
    get unreachable() {
      if (!options.consented() || reachable !== false) return undefined;
      return whyUnreachable(options.port(), obstacle(), state);
    },
    async run(signal) {
      const looking = every(TICK, () => look(signal), { clock, log, signal, name: "reach" });
      await Promise.race([looking, aborted(signal)]);
      await Promise.race([looking.then(remove), clock.sleep(FAREWELL)]);
    },
  };
}

/**
 * The same after every start, so that a box that was killed may renew and remove what it mapped
 * before, and known to nobody else, because only the key's holder can sign.
 */
const mappingNonce = (signer: Signer) =>
  createHash("sha256")
    .update(signer.sign(Buffer.from("spareband port mapping nonce")))
    .digest()
    .subarray(0, 12);

const ownV4 = (interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>) =>
  Object.values(interfaces)
    .flatMap((list) => list ?? [])
    .filter(({ family, internal, address }) => {
      return family === "IPv4" && !internal && !address.startsWith("169.254.");
    })
    .map(({ address }) => address);

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
