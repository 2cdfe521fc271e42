/** Who shares in a run: this project's governor, or what it is compared with. */
import { BOX, FAR_END, type Home, peerAddress, REFLECTORS, SERVER, sh, WAN } from "./home.ts";

/** `static:90` is HTB at 90 per cent of the line. `spareband:8` serves eight peers instead of three. */
export type SharerName = string;

export interface SharerOptions {
  /** Where the governor's ticks are recorded. */
  readonly record?: string;
  readonly arguments?: readonly string[];
}

export async function startSharer(
  home: Home,
  name: SharerName,
  options: SharerOptions = {},
): Promise<void> {
  const [kind = "", argument] = name.split(":");
  switch (kind) {
    case "none":
      return;
    case "spareband":
      return startGovernor(home, "sl-box", 8080, Number(argument ?? 3), options);
    case "cubic":
    case "bbr":
      return startFlows(home, kind);
    case "ledbat":
      return startLedbat(home);
    case "static": {
      const rate = Math.round((home.line.up * Number(argument)) / 100);
      await sh("ip netns exec sl-box tc qdisc add dev eth0 root handle 1: htb default 10");
      await sh(
        `ip netns exec sl-box tc class add dev eth0 parent 1: classid 1:10 htb rate ${rate}kbit burst 15k cburst 15k`,
      );
      return startFlows(home, "cubic");
    }
    default:
      throw new Error(`no sharer is called ${name}`);
  }
}

/** The governor in a namespace, peers that take all it offers, and two reflectors. */
export async function startGovernor(
  home: Home,
  namespace: string,
  port: number,
  peers: number,
  options: SharerOptions = {},
): Promise<void> {
  const bun = process.execPath;
  if (port === 8080) {
    for (const reflector of REFLECTORS) {
      const [address = "", udp = ""] = reflector.split(":");
      home.start("sl-net", [bun, `${import.meta.dir}/reflector.ts`, address, udp]);
    }
  }
  await Bun.sleep(300);
  home.start(namespace, [
    bun,
    `${import.meta.dir}/sharer.ts`,
    ...["--port", String(port)],
    ...REFLECTORS.flatMap((reflector) => ["--reflector", reflector]),
    ...(options.record ? ["--record", options.record] : []),
    ...(options.arguments ?? []),
  ]);
  await Bun.sleep(300);
  for (let i = 0; i < peers; i++) {
    const from = peerAddress(port === 8080 ? i : 9 - i);
    const get = `curl -s -o /dev/null --interface ${from} http://${WAN}:${port}/`;
    home.start("sl-net", ["sh", "-c", `while :; do ${get}; sleep 0.2; done`], "load");
  }
}

/** One flow of libutp's example program, which UCAT names: the LEDBAT of BitTorrent. */
async function startLedbat(home: Home): Promise<void> {
  const program = process.env.UCAT;
  if (!program) throw new Error("ledbat needs UCAT, the path of libutp's ucat-static");
  home.start("sl-net", ["sh", "-c", `sleep 900 | ${program} -l -p 9000 >/dev/null`], "load");
  await Bun.sleep(400);
  home.start("sl-box", ["sh", "-c", `${program} -n ${FAR_END} 9000 </dev/zero`], "load");
}

async function startFlows(home: Home, congestionControl: string): Promise<void> {
  home.start("sl-net", ["iperf3", "-s", "-B", SERVER, "-p", "5300"], "load");
  await Bun.sleep(400);
  home.start(
    "sl-box",
    [
      ...["iperf3", "-c", SERVER, "-B", BOX, "-p", "5300", "-t", "900"],
      ...["-P", "4", "-C", congestionControl],
    ],
    "load",
  );
}
