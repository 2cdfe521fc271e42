/** The way out of a home with two routers, one behind the other, through a provider's. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { createNamespace, must, type Namespace, namespacesMissing } from "./namespace.ts";

/** From the box on: each link's network, and the namespaces at its ends. */
const LINKS = ["192.168.7", "10.7.7", "100.64.7", "45.45.45"] as const;
const suffix = namespacesMissing ? ` (${namespacesMissing})` : "";

describe.skipIf(namespacesMissing !== undefined)(`the way out${suffix}`, () => {
  let chain: Namespace[] = [];

  beforeAll(async () => {
    for (let i = 0; i <= LINKS.length; i++) chain.push(await createNamespace());
    for (const [i, network] of LINKS.entries()) {
      const [near, far] = [chain[i], chain[i + 1]];
      if (!near || !far) throw new Error("a link has two ends");
      const peer = ["peer", "name", "near", "netns", far.name];
      await must(near.run, "ip", "link", "add", "far", "type", "veth", ...peer);
      await must(near.run, "ip", "address", "add", `${network}.2/24`, "dev", "far");
      await must(far.run, "ip", "address", "add", `${network}.1/24`, "dev", "near");
      await must(near.run, "ip", "link", "set", "far", "up");
      await must(far.run, "ip", "link", "set", "near", "up");
      await must(near.run, "ip", "route", "add", "default", "via", `${network}.1`);
    }
    for (const [i, { run }] of chain.entries()) {
      await must(run, "sysctl", "-qw", "net.ipv4.ip_forward=1");
      await must(run, "sysctl", "-qw", "net.ipv4.ping_group_range=0 2147483647");
      for (const network of LINKS.slice(0, Math.max(0, i - 1))) {
        await must(run, "ip", "route", "add", `${network}.0/24`, "via", `${LINKS[i - 1]}.2`);
      }
    }
  });
  afterAll(async () => {
    await Promise.all(chain.map((namespace) => namespace.dispose()));
    chain = [];
  });

  const trace = async () => {
    const [box] = chain;
    if (!box) throw new Error("no box");
    const script = join(import.meta.dir, "trace-path.ts");
    const child = Bun.spawn([...box.prefix, process.execPath, "run", script, "45.45.45.1"]);
    return JSON.parse(await new Response(child.stdout).text());
  };

  test("names every router in order, and each can be asked for its delay", async () => {
    const routers = LINKS.map((network) => `${network}.1`);
    const { hops, answered } = await trace();
    // the last one is where it leads: it refuses the port and forwards nothing
    expect(hops).toEqual([...routers.slice(0, -1), null, null]);
    expect(answered.toSorted()).toEqual(routers.slice(0, -1).toSorted());
  });

  const nft = Bun.which("nft", { PATH: "/usr/sbin:/sbin:/usr/bin:/bin" });
  const silence = `a router that says nothing leaves its place empty${nft ? "" : " (needs nft)"}`;
  test.skipIf(!nft)(silence, async () => {
    const table = "table inet mute { chain out { type filter hook output priority 0; drop; }; }";
    if (!chain[2]) throw new Error("no second router");
    const rules = await chain[2].run({ program: "nft", args: ["-f", "-"], input: table });
    expect(rules).toMatchObject({ kind: "done", code: 0 });
    expect((await trace()).hops).toEqual([`${LINKS[0]}.1`, null, `${LINKS[2]}.1`, null, null]);
  });
});
