/** The lines given to `tc -batch -`. Pure, so that what we ask of the kernel can be read in a test. */
import type { BitsPerSecond } from "../../agent/core/units.ts";

/** The handle that marks a root qdisc as ours, also after a run that was killed. */
export const ROOT = "5ba:";
export const PEERS = "5ba:1";
const LEAF = "5bb:";

export const leaves = ["cake", "fq_codel", "bfifo"] as const;
export type Leaf = (typeof leaves)[number];

export interface Shape {
  readonly rate: BitsPerSecond;
  /** Of the device, in bytes. */
  readonly mtu: number;
}

/** Everything that is attached, with counters; filters last, for they fail on some empty devices. */
export const listing = (device: string) =>
  lines(`qdisc show dev ${device}`, `class show dev ${device}`, `filter show dev ${device}`);

/**
 * With `unclassified` 0 what no filter names goes past the class, with 1 it goes in. `add`, not
 * `replace`: it fails where a stranger's qdisc has been put in the meantime.
 */
export const addRoot = (device: string, shape: Shape, unclassified: 0 | 1 = 0) =>
  lines(
    // what is not shaped queues as on any card; older bridges and VLANs would leave it two packets
    `qdisc add dev ${device} root handle ${ROOT} htb default ${unclassified} direct_qlen 1000`,
    `class add ${peerClass(device, shape)}`,
  );

/** By its handle, so that a stranger's that took its place stays. */
export const deleteRoot = (device: string) => lines(`qdisc del dev ${device} root handle ${ROOT}`);

export const addLeaf = (device: string, leaf: Leaf, shape: Shape) =>
  lines(`qdisc add dev ${device} parent ${PEERS} handle ${LEAF} ${leafOptions(leaf, shape)}`);

/** One filter for each port and family; IPv6 extension headers do not occur in TCP we send. */
export const addFilters = (device: string, ports: readonly number[]) =>
  lines(
    ...ports.flatMap((port) => [
      `filter add dev ${device} parent ${ROOT} protocol ip prio 1 u32 match ip protocol 6 0xff match ip sport ${port} 0xffff flowid ${PEERS}`,
      `filter add dev ${device} parent ${ROOT} protocol ipv6 prio 2 u32 match ip6 protocol 6 0xff match ip6 sport ${port} 0xffff flowid ${PEERS}`,
    ]),
  );

/** A new rate, and the counters after it, in one process. */
export const changeRate = (device: string, leaf: Leaf, shape: Shape) =>
  lines(
    `class change ${peerClass(device, shape)}`,
    // CAKE and fq_codel bound their queue by time, bfifo by bytes
    ...(leaf === "bfifo"
      ? [`qdisc change dev ${device} parent ${PEERS} handle ${LEAF} ${leafOptions(leaf, shape)}`]
      : []),
    `class show dev ${device}`,
  );

function peerClass(device: string, { rate, mtu }: Shape): string {
  const bits = Math.max(LOWEST_RATE, Math.round(rate));
  const burst = Math.max(bits / 8000, 2 * mtu);
  // the kernel warns about quanta beyond 200 000 bytes
  const quantum = Math.min(burst, 200_000);
  return [
    `dev ${device} parent ${ROOT} classid ${PEERS} htb`,
    `rate ${bits}bit ceil ${bits}bit`,
    `burst ${Math.round(burst)} cburst ${Math.round(burst)} quantum ${Math.round(quantum)}`,
  ].join(" ");
}

/** HTB cannot say "nothing"; at a kilobyte a second a refusal still gets out. */
const LOWEST_RATE = 8000;
/** Two of the largest segments the kernel hands down as one; a shorter queue would drop each of them. */
const SHORTEST_QUEUE = 128 * 1024;
const QUEUE_SECONDS = 0.05;

function leafOptions(leaf: Leaf, { rate }: Shape): string {
  if (leaf === "cake") return "cake unlimited besteffort";
  if (leaf === "fq_codel") return "fq_codel";
  return `bfifo limit ${Math.round(Math.max(SHORTEST_QUEUE, (rate / 8) * QUEUE_SECONDS))}`;
}

const lines = (...all: readonly string[]) => all.map((line) => `${line}\n`).join("");
