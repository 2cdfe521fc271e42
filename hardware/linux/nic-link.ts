/** What /sys/class/net says of an interface besides its counters (Documentation/ABI/testing/sysfs-class-net). */
import { type BitsPerSecond, megabitsPerSecond } from "../../agent/core/units.ts";
import type { Medium } from "../nic.ts";
import type { FileTree } from "./file-tree.ts";

export interface NicLink {
  readonly medium: Medium;
  readonly speed?: BitsPerSecond;
  readonly carrier?: boolean;
}

/** include/uapi/linux/if_arp.h */
const ARPHRD_ETHER = 1;
const ARPHRD_PPP = 512;
const ARPHRD_RAWIP = 519;
/** Vendors' drivers that say nothing of it: MediaTek's, Qualcomm's. */
const OF_MODEMS = /^(ccmni|rmnet|qmimux|wwan)/;
/** A VLAN on a bridge on a bond is as deep as boxes go. */
const DEEPEST_STACK = 3;
/** Drivers that do not know report -1, also as an unsigned number, or 0. */
const FASTEST_MBIT = 400_000;

export async function readLink(tree: FileTree, name: string): Promise<NicLink> {
  const folder = `/sys/class/net/${name}`;
  const [medium, speed, carrier] = await Promise.all([
    readMedium(tree, name, DEEPEST_STACK),
    tree.integer(`${folder}/speed`),
    tree.integer(`${folder}/carrier`),
  ]);
  const known = speed !== undefined && speed > 0 && speed <= FASTEST_MBIT;
  return {
    medium,
    ...(known && { speed: megabitsPerSecond(speed) }),
    ...(carrier !== undefined && { carrier: carrier === 1 }),
  };
}

async function readMedium(tree: FileTree, name: string, depth: number): Promise<Medium> {
  const folder = `/sys/class/net/${name}`;
  const [entries, uevent, type] = await Promise.all([
    tree.names(folder),
    tree.text(`${folder}/uevent`),
    tree.integer(`${folder}/type`),
  ]);
  const kind = uevent?.match(/^DEVTYPE=(\S+)$/m)?.[1];
  if (entries.includes("phy80211") || entries.includes("wireless") || kind === "wlan") {
    return "wifi";
  }
  if (kind === "wwan" || type === ARPHRD_RAWIP || OF_MODEMS.test(name)) return "cellular";
  if (type === ARPHRD_PPP) return (await isPppoe(tree)) ? "unknown" : "cellular";
  const below = entries.filter((entry) => entry.startsWith("lower_"));
  if (below.length > 0 && depth > 0) {
    const media = await Promise.all(
      below.map((entry) => readMedium(tree, entry.slice("lower_".length), depth - 1)),
    );
    return worstOf(media);
  }
  return type === ARPHRD_ETHER ? "ethernet" : "unknown";
}

/** A bridge or bond is taken for the least dependable of what it stands on. */
const worstOf = (media: readonly Medium[]) =>
  (["cellular", "wifi", "unknown"] as const).find((medium) => media.includes(medium)) ?? "ethernet";

/**
 * PPP runs over the household's own line where the kernel has a PPPoE session (drivers/net/ppp/pppoe.c:
 * a heading, then one line each), else mostly over the serial port of a modem.
 */
const isPppoe = async (tree: FileTree) =>
  ((await tree.text("/proc/net/pppoe")) ?? "").trim().split("\n").length > 1;
