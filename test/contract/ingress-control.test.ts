/** One suite for slowing down the box's own fetches: the simulation, and the kernel's own queues. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { FakeClock } from "../../agent/core/fake-clock.ts";
import { megabitsPerSecond } from "../../agent/core/units.ts";
import type { IngressControl, IngressInForce, Source } from "../../hardware/ingress-control.ts";
import { createLinuxIngressControl } from "../../hardware/linux/ingress-control.ts";
import { createSimulatedDevice } from "../../hardware/simulated/device.ts";
import { createSimulatedIngressControl } from "../../hardware/simulated/ingress-control.ts";
import { connect, createNamespace, must, type Namespace, namespacesMissing } from "./namespace.ts";

interface Bench {
  readonly device: string;
  readonly restart: () => IngressControl;
  readonly setForeign: (present: boolean) => Promise<void>;
  readonly dispose: () => Promise<void>;
}

const sources: readonly Source[] = [
  { address: "10.77.0.2", port: 9000 },
  { address: "fd77::2", port: 9000 },
];

function ingressContract(name: string, missing: string | undefined, open: () => Promise<Bench>) {
  const suffix = missing ? ` (${missing})` : "";
  describe.skipIf(missing !== undefined)(`ingress control contract: ${name}${suffix}`, () => {
    let bench: Bench;
    let control: IngressControl;
    const plan = (megabits: number, from = sources) => ({
      device: bench.device,
      sources: from,
      rate: megabitsPerSecond(megabits),
    });

    beforeAll(async () => {
      bench = await open();
      control = bench.restart();
    });
    afterAll(() => bench.dispose());

    test("nothing is in force before; what is applied is", async () => {
      expect(await control.read(bench.device)).toEqual({ state: "none" });
      expectShaped(await control.apply(plan(8)), 8, sources);
      expectShaped(await control.apply(plan(5)), 5, sources);
      expectShaped(await control.read(bench.device), 5, sources);
    });

    test("other sources replace the ones before; a name is no source, and none is nothing", async () => {
      const [first] = sources;
      if (!first) throw new Error("no source");
      const named = { address: "peer.example", port: 1 };
      expectShaped(await control.apply(plan(5, [first, named])), 5, [first]);
      expect(await control.apply(plan(5, [named]))).toEqual({ state: "none" });
      expect(await control.apply(plan(5, []))).toEqual({ state: "none" });
    });

    test("what a killed run left is seen and taken over", async () => {
      await control.apply(plan(5));
      expectShaped(await bench.restart().read(bench.device), 5, sources);
      expectShaped(await bench.restart().apply(plan(6)), 6, sources);
    });

    test("removing leaves nothing, twice too", async () => {
      for (let time = 0; time < 2; time++) {
        await control.remove(bench.device);
        expect(await control.read(bench.device)).toEqual({ state: "none" });
      }
    });

    test("a stranger's is named, never touched", async () => {
      await bench.setForeign(true);
      const foreign = await control.read(bench.device);
      expect(foreign.state).toBe("foreign");
      expect(await control.apply(plan(5))).toEqual(foreign);
      await control.remove(bench.device);
      expect(await control.read(bench.device)).toEqual(foreign);
      await bench.setForeign(false);
      expect(await control.read(bench.device)).toEqual({ state: "none" });
    });

    test("an interface that is not there is unavailable", async () => {
      expect((await control.apply({ ...plan(5), device: "gone0" })).state).toBe("unavailable");
    });
  });
}

function expectShaped(found: IngressInForce, megabits: number, from: readonly Source[]): void {
  expect(found.state).toBe("shaped");
  if (found.state !== "shaped") return;
  expect(Math.abs(found.rate / 1e6 / megabits - 1)).toBeLessThan(0.001);
  expect(found.sources).toEqual(from);
}

ingressContract("simulated", undefined, async () => {
  const { model } = createSimulatedDevice({ clock: new FakeClock() });
  const control = createSimulatedIngressControl(model);
  return {
    device: "eth0",
    restart: () => control,
    setForeign: async (present) => control.setForeign(present ? "clsact" : undefined),
    dispose: async () => {},
  };
});

ingressContract("Linux in a network namespace", namespacesMissing, async () => {
  const { run, dispose } = await createNamespace();
  await must(run, "ip", "link", "add", "tc0", "type", "veth", "peer", "name", "tc1");
  await must(run, "ip", "link", "set", "tc0", "up");
  return {
    device: "tc0",
    restart: () => createLinuxIngressControl({ run }),
    setForeign: async (present) => {
      await must(run, "tc", "qdisc", present ? "add" : "del", "dev", "tc0", "clsact");
    },
    dispose,
  };
});

const suffix = namespacesMissing ? ` (${namespacesMissing})` : "";

describe.skipIf(namespacesMissing !== undefined)(`fetches of a box over IFB${suffix}`, () => {
  let [box, peer]: (Namespace | undefined)[] = [];
  let server: Bun.Subprocess<"ignore", "pipe", "inherit">;
  const stream = [process.execPath, "run", join(import.meta.dir, "stream.ts")];

  beforeAll(async () => {
    [box, peer] = [await createNamespace(), await createNamespace()];
    await connect(box, peer);
    server = Bun.spawn([...peer.prefix, ...stream, "serve", "9000", "9001"], {
      stdin: "ignore",
      stdout: "pipe",
    });
    for await (const chunk of server.stdout) {
      if (new TextDecoder().decode(chunk).includes("listening")) break;
    }
  });
  afterAll(async () => {
    server.kill();
    await server.exited;
    await Promise.all([box?.dispose(), peer?.dispose()]);
  });

  test("are held to the rate over IPv4 and IPv6, and nothing else is", async () => {
    if (!box) throw new Error("no namespace");
    const control = createLinuxIngressControl({ run: box.run });
    await control.apply({ device: "box0", sources, rate: megabitsPerSecond(8) });
    const prefix = box.prefix;
    const fetch = async (host: string, port: number) => {
      const command = [...prefix, ...stream, "drain", host, `${port}`, "1500"];
      const client = Bun.spawn(command, { stdout: "pipe" });
      return Number(await new Response(client.stdout).text()) / 1e6;
    };
    for (const { address, port } of sources) {
      const rate = await fetch(address, port);
      // less when whoever reads is not always given the processor, more by what waited at the start
      expect(rate).toBeWithin(8 * 0.5, 8 * 1.15);
    }
    // Nobody shapes it, so only the processor bounds it.
    expect(await fetch("10.77.0.2", 9001)).toBeGreaterThan(8 * 1.5);
    await control.remove("box0");
    expect(await must(box.run, "ip", "link", "show")).not.toContain("sbifb0");
  }, 60_000);
});
