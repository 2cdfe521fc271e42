/**
 * A loopback of a benchmark's own, so that figures do not hang on how the machine's is set up: without
 * pacing, and with receive windows as wide as real round trips would open them.
 */
import { writeFileSync } from "node:fs";

/** Told to the process inside. */
const INSIDE = "--inside";
/** As root without user namespaces the second one will do. */
const WAYS = [
  ["unshare", "--map-root-user", "--net"],
  ["unshare", "--net"],
] as const;

/**
 * The kernel sizes a receive window by the round trip, which loopback is too short to measure: it comes
 * out anywhere from 0.1 to 6 MiB, and with it every figure. BBR paces by a bandwidth it cannot measure either.
 */
const SETTINGS = {
  tcp_congestion_control: "reno",
  tcp_rmem: "4096 8388608 33554432",
} as const;

/**
 * Runs the script again in a network namespace and ends this process with its exit code; comes back in
 * the process inside. False where the machine allows no namespace, and this is still its own loopback.
 */
export function enterOwnLoopback(script: string): boolean {
  if (process.argv.includes(INSIDE)) {
    Bun.spawnSync(["ip", "link", "set", "lo", "up"]);
    for (const [name, value] of Object.entries(SETTINGS))
      writeFileSync(`/proc/sys/net/ipv4/${name}`, value);
    return true;
  }
  const way = WAYS.find((command) => Bun.spawnSync([...command, "true"]).success);
  if (!way || !Bun.which("ip")) return false;
  const again = [...way, process.execPath, script, ...process.argv.slice(2), INSIDE];
  process.exit(Bun.spawnSync(again, { stdio: ["ignore", "inherit", "inherit"] }).exitCode ?? 1);
}
