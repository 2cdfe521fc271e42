/** Boxes of one home, and one beyond its router. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { createNamespace, must, type Namespace, namespacesMissing } from "./namespace.ts";

const suffix = namespacesMissing ? ` (${namespacesMissing})` : "";

describe.skipIf(namespacesMissing !== undefined)(`who else is at home${suffix}`, () => {
  let all: Namespace[] = [];
  const [ROUTER, FIRST, SECOND, BEYOND] = [0, 1, 2, 3] as const;

  beforeAll(async () => {
    all = await Promise.all([0, 1, 2, 3].map(createNamespace));
    const router = all[ROUTER];
    if (!router) throw new Error("no router");
    await must(router.run, "ip", "link", "add", "br0", "type", "bridge");
    await must(router.run, "ip", "address", "add", "10.7.9.1/24", "dev", "br0");
    await must(router.run, "ip", "link", "set", "br0", "up");
    await must(router.run, "sysctl", "-qw", "net.ipv4.ip_forward=1");
    for (const [i, { run }] of all.entries()) {
      if (i === ROUTER) continue;
      const peer = ["peer", "name", `to${i}`, "netns", router.name];
      await must(run, "ip", "link", "add", "eth0", "type", "veth", ...peer);
      const network = i === BEYOND ? "10.7.8" : "10.7.9";
      await must(run, "ip", "address", "add", `${network}.1${i}/24`, "dev", "eth0");
      await must(run, "ip", "link", "set", "eth0", "up");
      await must(router.run, "ip", "link", "set", `to${i}`, "up");
      if (i === BEYOND) {
        await must(router.run, "ip", "address", "add", "10.7.8.1/24", "dev", `to${i}`);
      } else await must(router.run, "ip", "link", "set", `to${i}`, "master", "br0");
      if (i !== SECOND) await must(run, "ip", "route", "add", "default", "via", `${network}.1`);
    }
  });
  afterAll(async () => {
    await Promise.all(all.map((namespace) => namespace.dispose()));
    all = [];
  });

  const meet = async (index: number) => {
    const script = join(import.meta.dir, "meet-home.ts");
    const command = [
      ...(all[index]?.prefix ?? []),
      process.execPath,
      "run",
      script,
      `box ${index}`,
    ];
    const child = Bun.spawn(command, { stderr: "inherit" });
    return JSON.parse(await new Response(child.stdout).text());
  };

  test("those at home hear each other and not themselves, and nobody beyond the router does", async () => {
    const second = all[SECOND];
    if (!second) throw new Error("no second box");
    // This one has no network yet when it begins.
    const route = Bun.sleep(700).then(() =>
      must(second.run, "ip", "route", "add", "default", "via", "10.7.9.1"),
    );
    const met = await Promise.all([meet(FIRST), meet(SECOND), meet(BEYOND), route]);
    expect(met.slice(0, 3)).toEqual([
      { heard: ["box 2"], first: true, last: true },
      { heard: ["box 1"], first: false, last: true },
      { heard: [], first: true, last: true },
    ]);
  }, 20_000);
});
