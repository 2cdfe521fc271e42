/** The Linux driver against a real router: miniupnpd over nftables, and a host outside that knocks. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { MappingOutcome, MappingProtocol, PortMapping } from "../../hardware/port-mapping.ts";
import { must } from "../contract/namespace.ts";
import {
  BOX_INSIDE,
  createHomeRouter,
  type HomeRouter,
  homeRouterMissing,
  ROUTER_OUTSIDE,
} from "./home-router.ts";

const SCRIPT = join(import.meta.dir, "map-port.ts");
const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";
const BOX = 7411;
const ANOTHER_MACHINE = "10.77.0.9";

interface Mapper extends AsyncDisposable {
  map(): Promise<MappingOutcome>;
  unmap(): Promise<boolean>;
  /** As the kernel kills: nothing is taken back. */
  kill(): Promise<void>;
}

interface Wish {
  readonly protocols: readonly MappingProtocol[];
  readonly lifetime?: number;
  readonly outside?: readonly number[];
}

/** A process in the box's namespace that serves the word "box" and maps its port. */
function startMapper({ box }: HomeRouter, wish: Wish): Mapper {
  const { protocols, lifetime = 120, outside = [BOX] } = wish;
  const args = [`${BOX}`, protocols.join(), `${lifetime}`, outside.join()];
  const child = Bun.spawn([...box.prefix, process.execPath, "run", SCRIPT, ...args], {
    env: { PATH },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const answers = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const ask = async (line: string): Promise<unknown> => {
    child.stdin.write(`${line}\n`);
    child.stdin.flush();
    const { value } = await answers.read();
    return JSON.parse(value ?? "null");
  };
  const kill = async () => {
    child.kill("SIGKILL");
    await child.exited;
  };
  return {
    map: async () => (await ask("map")) as MappingOutcome,
    unmap: async () => ((await ask("end")) as { removed: boolean }).removed,
    kill,
    [Symbol.asyncDispose]: kill,
  };
}

function mapped(outcome: MappingOutcome): PortMapping {
  if (outcome.state === "mapped") return outcome.mapping;
  throw new Error(`nothing was mapped: ${outcome.reason}`);
}

const title = (text: string) => (homeRouterMissing ? `${text} (${homeRouterMissing})` : text);
const TIMEOUT = 60_000;

describe.skipIf(homeRouterMissing !== undefined)(title("port mapping by miniupnpd"), () => {
  let home: HomeRouter;
  beforeAll(async () => {
    home = await createHomeRouter();
  }, TIMEOUT);
  afterAll(() => home[Symbol.asyncDispose]());

  describe.each(["pcp", "nat-pmp", "upnp-igd"] as const)("over %s", (protocol) => {
    test(
      "lets a host outside through to the box's port and to no other, until it is taken back",
      async () => {
        await using mapper = startMapper(home, { protocols: [protocol] });
        expect(await home.knock(BOX)).toBeUndefined();
        expect(mapped(await mapper.map())).toMatchObject({
          protocol,
          gateway: "10.77.0.2",
          internalAddress: BOX_INSIDE,
          externalAddress: ROUTER_OUTSIDE,
          externalPort: BOX,
        });
        expect(await home.redirections()).toEqual([`${BOX} → ${BOX_INSIDE}:${BOX}`]);
        expect(await home.knock(BOX)).toBe("box");
        expect(await mapper.unmap()).toBe(true);
        expect(await home.redirections()).toEqual([]);
        expect(await home.knock(BOX)).toBeUndefined();
      },
      TIMEOUT,
    );

    test(
      "stands beyond its lease while it is renewed, and no longer when the box is killed",
      async () => {
        await using mapper = startMapper(home, { protocols: [protocol], lifetime: 4 });
        const lifetime = mapped(await mapper.map()).lifetime ?? 0;
        expect(lifetime).toBeGreaterThan(0);
        expect(lifetime).toBeLessThanOrEqual(4_000);
        for (let renewal = 0; renewal < 4; renewal++) {
          await Bun.sleep(1_900);
          mapped(await mapper.map());
        }
        expect(await home.redirections()).toHaveLength(1);
        await mapper.kill();
        expect(await gone(home)).toBe(true);
      },
      TIMEOUT,
    );

    test(
      "is made again when the router has restarted, and by the box's next start",
      async () => {
        await using first = startMapper(home, { protocols: [protocol] });
        mapped(await first.map());
        await home.restart();
        expect(await home.redirections()).toEqual([]);
        mapped(await first.map());
        expect(await home.knock(BOX)).toBe("box");
        await first.kill();
        await using second = startMapper(home, { protocols: [protocol] });
        expect(mapped(await second.map()).externalPort).toBe(BOX);
        expect(await home.redirections()).toHaveLength(1);
        expect(await second.unmap()).toBe(true);
        expect(await home.redirections()).toEqual([]);
      },
      TIMEOUT,
    );

    test(
      "takes another outside port when this one is somebody else's, who keeps it",
      async () => {
        const theirs = await takePort(home, BOX);
        await using mapper = startMapper(home, {
          protocols: [protocol],
          outside: [BOX, 20_500, 20_501],
        });
        const { externalPort } = mapped(await mapper.map());
        expect(externalPort).not.toBe(BOX);
        expect(await home.knock(externalPort)).toBe("box");
        expect(await home.redirections()).toContain(theirs);
        await mapper.unmap();
        expect(await home.redirections()).toEqual([theirs]);
        await home.restart();
      },
      TIMEOUT,
    );

    test(
      "tells the router's new address",
      async () => {
        await using mapper = startMapper(home, { protocols: [protocol] });
        mapped(await mapper.map());
        await using _ = { [Symbol.asyncDispose]: () => asItWas(home) };
        await home.readdress("45.45.45.77");
        expect((await mappedAgain(mapper)).externalAddress).toBe("45.45.45.77");
        expect(await home.knock(BOX, "45.45.45.77")).toBe("box");
        await mapper.unmap();
      },
      TIMEOUT,
    );
  });

  test(
    "all protocols together: PCP is asked first",
    async () => {
      const all = ["pcp", "nat-pmp", "upnp-igd"] as const;
      await using mapper = startMapper(home, { protocols: all });
      expect(mapped(await mapper.map()).protocol).toBe("pcp");
      expect(await mapper.unmap()).toBe(true);
    },
    TIMEOUT,
  );
});

describe.skipIf(homeRouterMissing !== undefined)(title("a router that will not map"), () => {
  const all: readonly MappingProtocol[] = ["pcp", "nat-pmp", "upnp-igd"];

  test(
    "because its own address is shared by the provider says so",
    async () => {
      await using home = await createHomeRouter();
      await home.readdress("100.64.7.7");
      await home.restart();
      await using mapper = startMapper(home, { protocols: all });
      expect(await mapper.map()).toEqual({ state: "failed", reason: "no-address" });
    },
    TIMEOUT,
  );

  test(
    "because its owner forbids it says so",
    async () => {
      // its PCP and NAT-PMP look for a free port for ever when all are denied (miniupnpd 2.3.1)
      await using home = await createHomeRouter(["deny 0-65535 0.0.0.0/0 0-65535"]);
      await using mapper = startMapper(home, { protocols: ["upnp-igd"] });
      expect(await mapper.map()).toEqual({ state: "failed", reason: "refused" });
    },
    TIMEOUT,
  );

  test(
    "because it speaks none of the protocols is known within seconds",
    async () => {
      await using home = await createHomeRouter(["enable_upnp=no", "enable_natpmp=no"]);
      await using mapper = startMapper(home, { protocols: all });
      expect(await mapper.map()).toEqual({ state: "failed", reason: "silent" });
    },
    TIMEOUT,
  );
});

/** Gives an outside port to another machine of the home; returns its redirection. */
async function takePort(home: HomeRouter, port: number): Promise<string> {
  await must(home.box.run, "upnpc", "-m", "box0", "-a", ANOTHER_MACHINE, "80", `${port}`, "TCP");
  const [theirs = ""] = await home.redirections();
  expect(theirs).toBe(`${port} → ${ANOTHER_MACHINE}:80`);
  return theirs;
}

/** The daemon hears of the address it lost before that of the one it got, and refuses meanwhile. */
async function mappedAgain(mapper: Mapper): Promise<PortMapping> {
  let outcome = await mapper.map();
  for (let again = 0; again < 20 && outcome.state !== "mapped"; again++) {
    await Bun.sleep(250);
    outcome = await mapper.map();
  }
  return mapped(outcome);
}

async function asItWas(home: HomeRouter): Promise<void> {
  await home.readdress(ROUTER_OUTSIDE);
  await home.restart();
}

/** Within the lease, the router's next look at it, and some patience. */
async function gone(home: HomeRouter): Promise<boolean> {
  for (let second = 0; second < 20; second++) {
    if ((await home.redirections()).length === 0) return true;
    await Bun.sleep(1_000);
  }
  return false;
}
