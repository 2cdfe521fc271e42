/**
 * HTB through tc(8): one class with a ceiling for what the peer server sends, everything else past
 * it unshaped. What the kernel can do is found out by trying, for modules load on demand.
 */
import type { ShapingInForce, ShapingPlan, TrafficControl } from "../traffic-control.ts";
import type { CommandOutcome, RunCommand } from "./command.ts";
import type { FileTree } from "./file-tree.ts";
import {
  type Classifier,
  listMarking,
  markingScript,
  parseMarking,
  unmarkingScript,
} from "./nft-marking.ts";
import { isInterfaceName } from "./nic.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { isDone, refusalOf, succeeded } from "./outcome.ts";
import { parseTc, type TcListing } from "./parse-tc.ts";
import * as tc from "./tc-commands.ts";

type Shaped = Extract<ShapingInForce, { state: "shaped" }>;
/** What is in force, and how, so that a new rate needs no look around. */
type Known = { readonly shaped: Shaped; readonly mtu: number };

const DEFAULT_MTU = 1500;

export function createLinuxTrafficControl(options: {
  readonly tree: FileTree;
  readonly run: RunCommand;
}): TrafficControl {
  const driver = new LinuxTrafficControl(options.tree, options.run);
  const inTurn = oneAtATime();
  return {
    read: (device) => inTurn(() => driver.read(device)),
    apply: (plan) => inTurn(() => driver.apply(plan)),
    remove: (device) => inTurn(() => driver.remove(device)),
  };
}

class LinuxTrafficControl {
  readonly #tree: FileTree;
  readonly #run: RunCommand;
  readonly #known = new Map<string, Known>();

  constructor(tree: FileTree, run: RunCommand) {
    this.#tree = tree;
    this.#run = run;
  }

  async read(device: string): Promise<ShapingInForce> {
    const outcome = await this.#tc(device, tc.listing(device));
    if (!isDone(outcome) || outcome.stdout === "")
      return { state: "unavailable", reason: refusalOf(outcome) };
    const listing = parseTc(outcome.stdout);
    const foreign = strangerOf(listing);
    if (foreign) return { state: "foreign", device, qdisc: foreign };
    return (await this.#shapedBy(device, listing)) ?? { state: "none" };
  }

  async apply(plan: ShapingPlan): Promise<ShapingInForce> {
    const { device, ports } = plan;
    const known = this.#known.get(device);
    if (known && sameNumbers(known.shaped.ports, ports)) {
      const changed = await this.#change(plan, known);
      if (changed) return changed;
    }
    this.#known.delete(device);
    const found = await this.read(device);
    if (found.state === "foreign" || found.state === "unavailable") return found;
    const mtu = (await this.#tree.integer(`/sys/class/net/${device}/mtu`)) ?? DEFAULT_MTU;
    if (found.state === "shaped" && sameNumbers(found.ports, ports)) {
      const changed = await this.#change(plan, { shaped: found, mtu });
      if (changed) return changed;
    }
    return this.#build(plan, mtu);
  }

  async remove(device: string): Promise<void> {
    this.#known.delete(device);
    // the handle makes this fail, harmlessly, where nothing or a stranger's qdisc is attached
    await this.#tc(device, tc.deleteRoot(device));
    await this.#run({ program: "nft", args: ["-f", "-"], input: unmarkingScript() });
  }

  /** One process. undefined when the kernel no longer has what we know of. */
  async #change(plan: ShapingPlan, { shaped, mtu }: Known): Promise<Shaped | undefined> {
    const batch = tc.changeRate(plan.device, shaped.leaf, { rate: plan.rate, mtu });
    const outcome = await this.#tc(plan.device, batch);
    if (!succeeded(outcome)) return undefined;
    const peers = parseTc(outcome.stdout).classes.find(({ id }) => id === tc.PEERS);
    if (!peers) return undefined;
    const changed: Shaped = { ...shaped, rate: peers.rate, sent: peers.sent };
    this.#known.set(plan.device, { shaped: changed, mtu });
    return changed;
  }

  async #build(plan: ShapingPlan, mtu: number): Promise<ShapingInForce> {
    const { device, ports } = plan;
    const shape = { rate: plan.rate, mtu };
    // what a killed run left half made, or with other ports, would be in the way
    await this.#tc(device, tc.deleteRoot(device));
    const root = await this.#tc(device, tc.addRoot(device, shape));
    if (!succeeded(root)) return this.#giveUp(device, root);
    const leaf = await this.#addLeaf(device, shape);
    const classifier = leaf && (await this.#classify(device, ports));
    if (!classifier) return this.#giveUp(device, root);
    const built = await this.read(device);
    if (built.state !== "shaped") return this.#giveUp(device, root);
    this.#known.set(device, { shaped: built, mtu });
    return built;
  }

  async #addLeaf(device: string, shape: tc.Shape): Promise<tc.Leaf | undefined> {
    for (const leaf of tc.leaves) {
      if (succeeded(await this.#tc(device, tc.addLeaf(device, leaf, shape)))) return leaf;
    }
    return undefined;
  }

  async #classify(device: string, ports: readonly number[]): Promise<Classifier | undefined> {
    const u32 = succeeded(await this.#tc(device, tc.addFilters(device, ports)));
    const classifier = u32 ? "u32" : "nft";
    const input = markingScript(ports, classifier);
    const marked = succeeded(await this.#run({ program: "nft", args: ["-f", "-"], input }));
    return u32 || marked ? classifier : undefined;
  }

  async #giveUp(device: string, outcome: CommandOutcome): Promise<ShapingInForce> {
    await this.remove(device);
    return { state: "unavailable", reason: refusalOf(outcome) };
  }

  async #shapedBy(device: string, listing: TcListing): Promise<Shaped | undefined> {
    const peers = listing.classes.find(({ id }) => id === tc.PEERS);
    const kind = listing.qdiscs.find(({ parent }) => parent === tc.PEERS)?.kind;
    const leaf = tc.leaves.find((name) => name === kind);
    if (!peers || !leaf) return undefined;
    const ports = listing.ports.length > 0 ? listing.ports : await this.#portsByMarking();
    if (ports.length === 0) return undefined;
    return { state: "shaped", device, ports, rate: peers.rate, leaf, sent: peers.sent };
  }

  async #portsByMarking(): Promise<readonly number[]> {
    const outcome = await this.#run({ program: "nft", args: listMarking });
    return succeeded(outcome) ? parseMarking(outcome.stdout) : [];
  }

  async #tc(device: string, batch: string): Promise<CommandOutcome> {
    if (!isInterfaceName(device)) return { kind: "failed", reason: "no such interface name" };
    return this.#run({ program: "tc", args: ["-s", "-batch", "-"], input: batch });
  }
}

/** Root qdiscs that the kernel attached by itself have handle 0; any other that is not ours is somebody's. */
function strangerOf({ qdiscs }: TcListing): string | undefined {
  const root = qdiscs.find(({ parent }) => parent === "root");
  const ours = root?.kind === "htb" && root.handle === tc.ROOT;
  return !root || ours || root.handle === "0:" ? undefined : `${root.kind} ${root.handle}`;
}

const sameNumbers = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && [...a].sort().join() === [...b].sort().join();
