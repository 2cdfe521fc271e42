/**
 * A home behind a real router, in network namespaces: a box, a router that runs miniupnpd over
 * nftables, and a host outside. Nothing leaves the namespaces.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  connect,
  createNamespace,
  must,
  type Namespace,
  namespacesMissing,
} from "../contract/namespace.ts";

const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

/** Why there is no such home here; undefined where there is. For the names of skipped tests. */
export const homeRouterMissing =
  namespacesMissing ??
  ["miniupnpd", "nft", "upnpc", "curl"]
    .filter((program) => !Bun.which(program, { PATH }))
    .map((program) => `needs ${program}`)[0];

/** Public to miniupnpd, which refuses to stand before a private address. */
export const ROUTER_OUTSIDE = "45.45.45.45";
export const SOMEBODY_OUTSIDE = "45.45.45.1";
export const BOX_INSIDE = "10.77.0.1";

/** What the distribution's nft_init.sh makes, with the router's own rule that nothing comes in. */
const RULES = `
table inet filter {
  chain miniupnpd {}
  chain prerouting_miniupnpd {}
  chain postrouting_miniupnpd {}
  chain forward {
    type filter hook forward priority 0; policy drop;
    iifname home0 accept
    ct state established,related accept
    jump miniupnpd
  }
  chain prerouting { type nat hook prerouting priority -100; jump prerouting_miniupnpd; }
  chain postrouting {
    type nat hook postrouting priority 100;
    jump postrouting_miniupnpd
    oifname wan0 masquerade
  }
}`;

export interface HomeRouter extends AsyncDisposable {
  readonly box: Namespace;
  readonly router: Namespace;
  readonly outside: Namespace;
  /** Stops the daemon as a power cut would, forgets its mappings, and starts it again. */
  restart(): Promise<void>;
  /** Puts another address on the router's line. */
  readdress(address: string): Promise<void>;
  /** The redirections in force, as `outside port → address:port`. */
  redirections(): Promise<readonly string[]>;
  /** What a host outside is answered at the router's address; undefined for no answer. */
  knock(port: number, address?: string): Promise<string | undefined>;
}

/** `options` are further lines of the daemon's configuration; they replace those of the same key. */
export async function createHomeRouter(options: readonly string[] = []): Promise<HomeRouter> {
  const folder = mkdtempSync(join(tmpdir(), "home-router-"));
  const [box, router, outside] = [
    await createNamespace(),
    await createNamespace(),
    await createNamespace(),
  ];
  await connect(box, router);
  await must(box.run, "ip", "route", "add", "default", "via", "10.77.0.2");
  const peer = ["peer", "name", "isp0", "netns", outside.name];
  await must(router.run, "ip", "link", "add", "wan0", "type", "veth", ...peer);
  await must(router.run, "ip", "address", "add", `${ROUTER_OUTSIDE}/24`, "dev", "wan0");
  await must(outside.run, "ip", "address", "add", `${SOMEBODY_OUTSIDE}/24`, "dev", "isp0");
  await must(router.run, "ip", "link", "set", "wan0", "up");
  await must(outside.run, "ip", "link", "set", "isp0", "up");
  await must(router.run, "sysctl", "-qw", "net.ipv4.ip_forward=1");
  const config = join(folder, "miniupnpd.conf");
  const settings = {
    ext_ifname: "wan0",
    listening_ip: "home0",
    http_port: "0",
    enable_upnp: "yes",
    enable_natpmp: "yes",
    min_lifetime: "2",
    upnp_table_name: "filter",
    upnp_nat_table_name: "filter",
    upnp_forward_chain: "miniupnpd",
    upnp_nat_chain: "prerouting_miniupnpd",
    upnp_nat_postrouting_chain: "postrouting_miniupnpd",
    // so that a test may map a port to another machine
    secure_mode: "no",
    clean_ruleset_interval: "600",
  };
  const lines = Object.entries(settings)
    .filter(([key]) => !options.some((line) => line.startsWith(`${key}=`)))
    .map(([key, value]) => `${key}=${value}`);
  writeFileSync(config, [...lines, ...options, ""].join("\n"));

  let daemon: Bun.Subprocess | undefined;
  const start = async () => {
    const file = join(folder, "rules.nft");
    writeFileSync(file, `flush ruleset\n${RULES}\n`);
    await must(router.run, "nft", "-f", file);
    daemon = Bun.spawn(
      [...router.prefix, "miniupnpd", "-d", "-f", config, "-P", join(folder, "pid")],
      { env: { PATH }, stdout: "ignore", stderr: "ignore" },
    );
    if (!options.includes("enable_natpmp=no")) await listening(router);
  };
  const stop = async () => {
    daemon?.kill("SIGKILL");
    await daemon?.exited;
  };
  await start();
  return {
    box,
    router,
    outside,
    restart: async () => {
      await stop();
      await start();
    },
    readdress: async (address) => {
      await must(router.run, "ip", "address", "flush", "dev", "wan0");
      await must(router.run, "ip", "address", "add", `${address}/24`, "dev", "wan0");
    },
    redirections: async () => {
      const chain = ["list", "chain", "inet", "filter", "prerouting_miniupnpd"];
      const text = await must(router.run, "nft", ...chain);
      const rule = /dport (\d+).*dnat ip to ([\d.]+:\d+)/g;
      return [...text.matchAll(rule)].map(([, from, to]) => `${from} → ${to}`);
    },
    knock: async (port, address = ROUTER_OUTSIDE) => {
      const args = ["-s", "--max-time", "2", `http://${address}:${port}/`];
      const outcome = await outside.run({ program: "curl", args });
      return outcome.kind === "done" && outcome.code === 0 ? outcome.stdout : undefined;
    },
    [Symbol.asyncDispose]: async () => {
      await stop();
      await Promise.all([box.dispose(), router.dispose(), outside.dispose()]);
      rmSync(folder, { recursive: true });
    },
  };
}

/** Until the daemon has its NAT-PMP socket. */
async function listening(router: Namespace): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    if ((await must(router.run, "ss", "-Hlun", "sport = :5351")).trim() !== "") return;
    await Bun.sleep(100);
  }
  throw new Error("miniupnpd does not listen");
}
