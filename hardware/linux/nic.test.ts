import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { FakeClock } from "../../agent/core/fake-clock.ts";
import { bytes, megabitsPerSecond } from "../../agent/core/units.ts";
import { createFileTree } from "./file-tree.ts";
import { createLinuxNic } from "./nic.ts";

let root: string;
let clock: FakeClock;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "nic-"));
  clock = new FakeClock();
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${text}\n`);
}

function route(...devices: readonly string[]): void {
  const rows = devices.map((device) => `${device} 00000000 0101A8C0 0003 0 0 0 00000000 0 0 0`);
  write("proc/net/route", ["Iface", ...rows].join("\n"));
}

function plug(name: string, sent: number): void {
  const folder = `sys/class/net/${name}`;
  write(`${folder}/statistics/tx_bytes`, `${sent}`);
  write(`${folder}/statistics/rx_bytes`, "5");
  write(`${folder}/type`, "1");
  write(`${folder}/speed`, "1000");
  write(`${folder}/carrier`, "1");
}

const unplug = (name: string) => rmSync(join(root, "sys/class/net", name), { recursive: true });
const openNic = (pinned?: string) =>
  createLinuxNic({ tree: createFileTree(root), clock, ...(pinned && { interface: pinned }) });

describe("the interface is followed", () => {
  beforeEach(() => {
    route("eth0");
    plug("eth0", 1000);
  });

  test("when it is renamed, at the next reading", async () => {
    const nic = openNic();
    expect(await nic.read()).toMatchObject({ name: "eth0", sent: bytes(1000) });
    renameSync(join(root, "sys/class/net/eth0"), join(root, "sys/class/net/end0"));
    route("end0");
    expect(await nic.read()).toMatchObject({ name: "end0", sent: bytes(1000) });
  });

  test("when the route moves, within a second", async () => {
    const nic = openNic();
    await nic.read();
    plug("wlan0", 7);
    write("sys/class/net/wlan0/phy80211/name", "phy0");
    route("wlan0");
    await clock.advance(1000);
    expect(await nic.read()).toMatchObject({ name: "wlan0", medium: "wifi" });
  });

  test("when it is pulled out and comes back", async () => {
    const nic = openNic();
    await nic.read();
    unplug("eth0");
    expect(await nic.read()).toBeUndefined();
    plug("eth0", 3);
    expect(await nic.read()).toMatchObject({ sent: bytes(3) });
  });

  test("unless it is pinned", async () => {
    plug("eth1", 9);
    expect(await openNic("eth1").read()).toMatchObject({ name: "eth1" });
  });
});

test("counters are read each time, carrier and speed once a second", async () => {
  route("eth0");
  plug("eth0", 1);
  const nic = openNic();
  expect(await nic.read()).toMatchObject({ speed: megabitsPerSecond(1000), carrier: true });
  write("sys/class/net/eth0/statistics/tx_bytes", "2");
  write("sys/class/net/eth0/carrier", "0");
  expect(await nic.read()).toMatchObject({ sent: bytes(2), carrier: true });
  await clock.advance(1000);
  expect(await nic.read()).toMatchObject({ carrier: false });
});

test.each(["..", "a/b", "a b", "a:b", "abcdefghijklmnop", ""])("%p is no name", async (name) => {
  route(name);
  expect(await openNic().read()).toBeUndefined();
});

test.each(["-1", "-22", "", "1e9", "18446744073709551615"])(
  "an interface that has sent %p bytes is as good as none",
  async (sent) => {
    route("eth0");
    plug("eth0", 1);
    write("sys/class/net/eth0/statistics/tx_bytes", sent);
    expect(await openNic().read()).toBeUndefined();
  },
);

describe("over PPP or a modem", () => {
  const mediumOf = async (name: string, type: string) => {
    route(name);
    plug(name, 1);
    write(`sys/class/net/${name}/type`, type);
    return (await openNic().read())?.medium;
  };

  test.each([
    ["wwan0", "65534"],
    ["ccmni0", "65534"],
    ["rmnet_data0", "519"],
    ["ppp0", "512"],
  ])("%s of type %s is cellular", async (name, type) => {
    expect(await mediumOf(name, type)).toBe("cellular");
  });

  test("a PPPoE session is the household's own line", async () => {
    write("proc/net/pppoe", "Id       Address              Device");
    expect(await mediumOf("ppp0", "512")).toBe("cellular");
    write(
      "proc/net/pppoe",
      "Id       Address              Device\n0000002A 02:11:22:33:44:55     eth0",
    );
    expect(await mediumOf("ppp0", "512")).toBe("unknown");
  });

  test("a tunnel is not known", async () => {
    expect(await mediumOf("tun0", "65534")).toBe("unknown");
  });
});

test.each(["-1", "0", "4294967295", "fast"])("a speed of %s is unknown", async (speed) => {
  route("eth0");
  plug("eth0", 1);
  write("sys/class/net/eth0/speed", speed);
  expect(await openNic().read()).not.toHaveProperty("speed");
});
