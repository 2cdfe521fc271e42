/**
 * Fetches are redirected to a device of our own (IFB) where HTB lets them through at a rate, so
 * that the senders' TCP slows down. The only class there is for all that is redirected.
 */
import { isIP } from "node:net";
import type { IngressControl, IngressInForce, IngressPlan, Source } from "../ingress-control.ts";
import type { CommandOutcome, RunCommand } from "./command.ts";
import * as ingress from "./ingress-commands.ts";
import { isInterfaceName } from "./nic.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { isDone, refusalOf, succeeded } from "./outcome.ts";
import { parseIngress } from "./parse-ingress.ts";
import { parseTc } from "./parse-tc.ts";
import * as tc from "./tc-commands.ts";

type Shaped = Extract<IngressInForce, { state: "shaped" }>;

const { IFB } = ingress;
/** Of an IFB as the kernel makes it. */
const MTU = 1500;

export function createLinuxIngressControl(options: { readonly run: RunCommand }): IngressControl {
  const driver = new LinuxIngressControl(options.run);
  const inTurn = oneAtATime();
  return {
    read: (device) => inTurn(() => driver.read(device)),
    apply: (plan) => inTurn(() => driver.apply(plan)),
    remove: (device) => inTurn(() => driver.remove(device)),
  };
}

class LinuxIngressControl {
  readonly #run: RunCommand;
  #known: Shaped | undefined;

  constructor(run: RunCommand) {
    this.#run = run;
  }

  async read(device: string): Promise<IngressInForce> {
    const listed = await this.#tc(device, ingress.listIngress(device));
    if (!isDone(listed) || listed.stdout === "") return unavailable(listed);
    const { qdisc, sources, strangers } = parseIngress(listed.stdout);
    if (!qdisc) return { state: "none" };
    // an ingress qdisc has no handle of our own: whose it is shows in where its filters lead
    if (strangers > 0 || sources.length === 0) return { state: "foreign", device, qdisc };
    const peers = await this.#class();
    if (!peers) return { state: "none" };
    return { state: "shaped", device, sources, rate: peers.rate, received: peers.sent };
  }

  async apply({ device, sources, rate }: IngressPlan): Promise<IngressInForce> {
    const plan = { device, rate, sources: sources.filter(({ address }) => isIP(address) > 0) };
    if (plan.sources.length === 0) {
      await this.remove(device);
      return this.read(device);
    }
    const known = this.#known;
    if (known?.device === plan.device && sameSources(known.sources, plan.sources)) {
      const changed = await this.#change(plan);
      if (changed) return changed;
    }
    this.#known = undefined;
    const found = await this.read(plan.device);
    if (found.state === "foreign" || found.state === "unavailable") return found;
    if (found.state === "shaped" && sameSources(found.sources, plan.sources)) {
      const changed = await this.#change(plan);
      if (changed) return changed;
    }
    return this.#build(plan);
  }

  async remove(device: string): Promise<void> {
    this.#known = undefined;
    const listed = await this.#tc(device, ingress.listIngress(device));
    if (succeeded(listed) && isOurs(listed.stdout)) {
      await this.#tc(device, ingress.deleteIngress(device));
    }
    await this.#ip("link", "del", IFB);
  }

  /** One process. undefined when the kernel no longer has what we know of. */
  async #change(plan: IngressPlan): Promise<Shaped | undefined> {
    const shape = { rate: plan.rate, mtu: MTU };
    const outcome = await this.#tc(IFB, tc.changeRate(IFB, "bfifo", shape));
    const peers = succeeded(outcome) ? parseTc(outcome.stdout).classes[0] : undefined;
    if (!peers) return undefined;
    const { device, sources } = plan;
    this.#known = { state: "shaped", device, sources, rate: peers.rate, received: peers.sent };
    return this.#known;
  }

  async #build(plan: IngressPlan): Promise<IngressInForce> {
    const { device, sources, rate } = plan;
    await this.remove(device);
    const shape = { rate, mtu: MTU };
    const steps = [
      () => this.#ip("link", "add", IFB, "type", "ifb"),
      () => this.#ip("link", "set", IFB, "up"),
      () => this.#tc(IFB, tc.addRoot(IFB, shape, 1) + tc.addLeaf(IFB, "bfifo", shape)),
      () => this.#tc(device, ingress.addIngress(device)),
      () => this.#redirect(device, sources),
    ];
    for (const step of steps) {
      const outcome = await step();
      if (succeeded(outcome)) continue;
      await this.#ip("link", "del", IFB);
      return unavailable(outcome);
    }
    const built = await this.read(device);
    if (built.state === "shaped") this.#known = { ...built, sources };
    return built;
  }

  /** The qdisc is there and ours; without its filters it must not stay. */
  async #redirect(device: string, sources: readonly Source[]): Promise<CommandOutcome> {
    const outcome = await this.#tc(device, ingress.addRedirects(device, sources));
    if (!succeeded(outcome)) await this.#tc(device, ingress.deleteIngress(device));
    return outcome;
  }

  async #class() {
    const outcome = await this.#tc(IFB, `class show dev ${IFB}\n`);
    return succeeded(outcome) ? parseTc(outcome.stdout).classes[0] : undefined;
  }

  #ip(...args: readonly string[]): Promise<CommandOutcome> {
    return this.#run({ program: "ip", args });
  }

  async #tc(device: string, batch: string): Promise<CommandOutcome> {
    if (!isInterfaceName(device)) return { kind: "failed", reason: "no such interface name" };
    return this.#run({ program: "tc", args: ["-s", "-batch", "-"], input: batch });
  }
}

function isOurs(text: string): boolean {
  const { sources, strangers } = parseIngress(text);
  return sources.length > 0 && strangers === 0;
}

const unavailable = (outcome: CommandOutcome): IngressInForce => ({
  state: "unavailable",
  reason: refusalOf(outcome),
});

const sameSources = (a: readonly Source[], b: readonly Source[]) => keyOf(a) === keyOf(b);

const keyOf = (sources: readonly Source[]) =>
  sources
    .map(({ address, port }) => `${address} ${port}`)
    .sort()
    .join();
