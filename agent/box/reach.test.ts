import { describe, expect, test } from "bun:test";
import type { NetworkInterfaceInfo } from "node:os";
import { createSimulatedPortMapper } from "../../hardware/simulated/port-mapping.ts";
import type { Config } from "../config.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { createLog } from "../core/log.ts";
import { seededRandom } from "../core/random.ts";
import { seconds } from "../core/units.ts";
import { createSigner } from "../identity/ed25519.ts";
import { createReach } from "./reach.ts";
import { LIFETIME } from "./reach-state.ts";

const TICK = 5_000;
const CHECK = 120_000;
const PORT = 7411;
const OUTSIDE = "http://45.45.45.45:7411";

const v4 = (address: string): NetworkInterfaceInfo => ({
  address,
  family: "IPv4",
  internal: false,
  netmask: "",
  mac: "",
  cidr: null,
});

async function home(change: Partial<Config> = {}) {
  const clock = new FakeClock();
  const random = seededRandom(5);
  const portMapper = createSimulatedPortMapper(clock, { behaviour: "pcp" });
  const told: string[] = [];
  const lines: string[] = [];
  const world = { consented: true, own: "192.168.1.20", changes: 0 };
  const reach = createReach({
    config: {
      "box.addresses": [],
      "box.listen": { host: "::", port: PORT },
      "box.nic": "",
      "box.tls_certificate_file": "",
      "box.port_mapping": true,
      "status.listen": { host: "127.0.0.1", port: 7410 },
      ...change,
    } as Config,
    port: () => PORT,
    consented: () => world.consented,
    portMapper,
    interfaces: () => ({ eth0: [v4(world.own)] }),
    changed: () => {
      world.changes += 1;
      told.push(reach.addresses()[0] ?? "");
    },
    signer: createSigner(random.bytes(32)),
    clock,
    random,
    log: createLog({ format: "text", level: "debug", write: (line) => lines.push(line) }),
  });
  const stop = new AbortController();
  const running = reach.run(stop.signal);
  await clock.advance(0);
  return {
    ...{ clock, portMapper, reach, world, told, lines },
    end: async () => {
      stop.abort();
      await clock.advance(0);
      await running;
    },
  };
}

describe("a box behind a router that maps", () => {
  test("announces the port outside, and takes it back at the end", async () => {
    const { portMapper, reach, end } = await home();
    expect(portMapper.standing()).toMatchObject([{ internalPort: PORT, lifetime: LIFETIME }]);
    expect(reach.addresses()).toEqual([OUTSIDE, "http://192.168.1.20:7411"]);
    await end();
    expect(portMapper.standing()).toEqual([]);
  });

  test("maps the peer port and never another", async () => {
    const { clock, portMapper, world, end } = await home();
    await clock.advance(4 * LIFETIME);
    world.own = "192.168.1.30";
    await clock.advance(LIFETIME);
    await end();
    expect(portMapper.asked.length).toBeGreaterThan(50);
    expect(new Set(portMapper.asked.map(({ internalPort }) => internalPort))).toEqual(
      new Set([PORT]),
    );
  });

  test("keeps its lease, however short the router makes it", async () => {
    const { clock, portMapper } = await home();
    portMapper.nat.longest = seconds(30);
    await clock.advance(CHECK);
    for (let minute = 0; minute < 20; minute++) {
      await clock.advance(60_000);
      expect(portMapper.standing()).toHaveLength(1);
    }
  });

  test("is mapped again within two minutes of the router's restart", async () => {
    const { clock, portMapper, told } = await home();
    await clock.advance(TICK);
    portMapper.restart();
    expect(portMapper.standing()).toEqual([]);
    await clock.advance(CHECK);
    expect(portMapper.standing()).toHaveLength(1);
    expect(told).toEqual([]);
  });

  test("announces another port when somebody has its own, and another address when the router gets one", async () => {
    const { clock, portMapper, reach, told } = await home();
    await clock.advance(TICK);
    portMapper.nat.taken.add(PORT);
    portMapper.restart();
    await clock.advance(CHECK);
    const [first = ""] = reach.addresses();
    expect(first).toMatch(/^http:\/\/45\.45\.45\.45:[2-5]\d{4}$/);
    expect(told).toEqual([first]);
    portMapper.nat.externalAddress = "46.46.46.46";
    await clock.advance(CHECK);
    expect(told).toEqual([first, first.replace("45.45.45.45", "46.46.46.46")]);
  });

  test("asks at once when its own address changed", async () => {
    const { clock, portMapper, world, told } = await home();
    await clock.advance(TICK);
    const before = portMapper.asked.length;
    world.own = "192.168.1.77";
    await clock.advance(TICK);
    expect(portMapper.asked.length).toBe(before + 1);
    expect(told).toEqual([OUTSIDE]);
  });

  test("without consent nothing is asked, and a withdrawn one takes the mapping back", async () => {
    const { clock, portMapper, world, reach } = await home();
    world.consented = false;
    await clock.advance(TICK);
    expect(portMapper.standing()).toEqual([]);
    const asked = portMapper.asked.length;
    await clock.advance(10 * CHECK);
    expect(portMapper.asked.length).toBe(asked);
    reach.heard(false);
    expect(reach.unreachable).toBeUndefined();
    world.consented = true;
    await clock.advance(TICK);
    expect(portMapper.standing()).toHaveLength(1);
  });

  test("switched off, nothing is asked", async () => {
    const { clock, portMapper } = await home({ "box.port_mapping": false });
    await clock.advance(CHECK);
    expect(portMapper.asked).toEqual([]);
  });
});

describe("the household is told", () => {
  test("nothing before the coordinator has looked, and nothing when it got through", async () => {
    const { reach } = await home();
    expect(reach.unreachable).toBeUndefined();
    reach.heard(true);
    expect(reach.unreachable).toBeUndefined();
  });

  test("why, when it did not get through", async () => {
    const { clock, reach, portMapper } = await home();
    reach.heard(false);
    expect(reach.unreachable).toContain("firewall");
    portMapper.nat.externalAddress = "100.64.3.4";
    await clock.advance(CHECK);
    expect(reach.unreachable).toContain("your provider");
    expect(reach.addresses()).toEqual(["http://192.168.1.20:7411"]);
    portMapper.nat.behaviour = "refused";
    await clock.advance(CHECK);
    expect(reach.unreachable).toContain("does not allow");
  });
});

test("the log has one line for each change, and the nonce in none", async () => {
  const { clock, portMapper, lines, end } = await home();
  await clock.advance(10 * CHECK);
  portMapper.nat.behaviour = "silent";
  await clock.advance(10 * CHECK);
  portMapper.nat.behaviour = "nat-pmp";
  await clock.advance(20 * CHECK);
  await end();
  expect(lines.map((line) => line.replace(/^\S+\s+/, ""))).toEqual([
    "port mapped protocol=pcp port=7411 outside=7411",
    "port not mapped failure=silent",
    "port mapped protocol=nat-pmp port=7411 outside=7411",
    "port mapping removed outside=7411 confirmed=true",
  ]);
});
