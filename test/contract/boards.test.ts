/** What the Linux drivers make of each board of test/fixtures/boards, in figures. */
import { describe, expect, test } from "bun:test";
import { openBoard, STATE } from "./boards.ts";

const nicOf = async (board: string) => {
  const reading = await openBoard(board).nic.read();
  if (!reading) return undefined;
  const { at: _, ...figures } = reading;
  return figures;
};
const heatOf = async (board: string) =>
  (await openBoard(board).thermal.read()).map(({ type, temperature, trips }) => ({
    type,
    temperature,
    trips: trips.map((trip) => `${trip.type} ${trip.temperature}`),
  }));
const coresOf = async (board: string) =>
  (await openBoard(board).cpu.read())?.cores.map(({ core }) => core);
const pressureOf = async (board: string) => (await openBoard(board).cpu.read())?.pressure;
const mountOf = async (board: string) => {
  const reading = await openBoard(board).storage.read(STATE);
  return { readOnly: reading?.readOnly, written: reading?.written };
};

describe("the interface of the default route", () => {
  test("gigabit Ethernet, whatever else is there", async () => {
    expect(await nicOf("amlogic-s905x4")).toMatchObject({
      name: "eth0",
      medium: "ethernet",
      received: 812345678901,
      sent: 91234567890,
      speed: 1e9,
      carrier: true,
    });
  });

  test("a bridge is what it stands on", async () => {
    expect(await nicOf("rockchip-rk3399")).toMatchObject({ name: "br0", medium: "ethernet" });
  });

  test("of several default routes the lowest metric, not the first line", async () => {
    expect(await nicOf("raspberry-pi-4")).toMatchObject({ name: "eth0", medium: "ethernet" });
  });

  test("IPv6 alone, and the name end0", async () => {
    expect(await nicOf("raspberry-pi-5-ipv6-only")).toMatchObject({ name: "end0", speed: 1e9 });
  });

  test("Wi-Fi: refuses to tell a speed, so it is unknown", async () => {
    const nic = await nicOf("amlogic-s905w2-wifi-only");
    expect(nic).toMatchObject({ name: "wlan0", medium: "wifi" });
    expect(nic).not.toHaveProperty("speed");
  });

  test("a VLAN with a dot in its name", async () => {
    expect(await nicOf("realtek-rtd1395-no-thermal")).toMatchObject({
      name: "eth0.35",
      medium: "ethernet",
    });
  });

  test("an LTE modem in raw IP mode", async () => {
    expect(await nicOf("mediatek-mt8183-lte")).toMatchObject({ name: "wwan0", medium: "cellular" });
  });

  test("no default route, no interface", async () => {
    expect(await nicOf("raspberry-pi-3-offline")).toBeUndefined();
  });
});

describe("gateways", () => {
  const gatewayOf = async (board: string) => (await openBoard(board).router.read()).gateway;

  test("IPv4 and link-local IPv6 on one link", async () => {
    expect(await gatewayOf("rockchip-rk3399")).toEqual({ v4: "192.168.1.254", v6: "fe80::1%br0" });
  });

  test("of several IPv6 routes the lowest metric", async () => {
    expect(await gatewayOf("raspberry-pi-5-ipv6-only")).toEqual({ v6: "2001:db8::1" });
  });

  test("point to point there is a route and no gateway", async () => {
    expect(await gatewayOf("mediatek-mt8183-lte")).toEqual({});
  });

  test("the kernel's unreachable default is not a route", async () => {
    expect(await gatewayOf("raspberry-pi-3-offline")).toBeUndefined();
  });
});

describe("cores and pressure", () => {
  test("a core that is offline is absent, not idle", async () => {
    expect(await coresOf("rockchip-rk3399")).toEqual([0, 1, 2, 3, 4]);
    expect(await coresOf("raspberry-pi-3-offline")).toEqual([0, 2, 3]);
  });

  test("pressure where the kernel has it, with and without a line for full", async () => {
    expect(await pressureOf("amlogic-s905x4")).toEqual({ cpu: 0.62, io: 0.1, memory: 0 });
    expect(await pressureOf("raspberry-pi-5-ipv6-only")).toMatchObject({ cpu: 12.5 });
  });

  test("no PSI is unknown, not calm", async () => {
    expect(await pressureOf("raspberry-pi-4")).toBeUndefined();
    expect(await pressureOf("realtek-rtd1395-no-thermal")).toBeUndefined();
  });
});

describe("heat", () => {
  test("zones with their trips", async () => {
    expect(await heatOf("rockchip-rk3399")).toEqual([
      {
        type: "cpu-thermal",
        temperature: 61.111,
        trips: ["passive 70", "passive 75", "critical 95"],
      },
      { type: "gpu-thermal", temperature: 58.333, trips: ["passive 75", "critical 95"] },
    ] as never);
  });

  test("whole degrees of a vendor's kernel; 0, -274000 and 200000 are no temperatures", async () => {
    expect(await heatOf("allwinner-h6-vendor-kernel")).toEqual([
      {
        type: "cpu_thermal_zone",
        temperature: 61,
        trips: ["active 70", "active 80", "critical 115"],
      },
    ] as never);
  });

  test("a sensor that answers EAGAIN, and a board without any, are unknown", async () => {
    expect(await heatOf("amlogic-s905w2-wifi-only")).toEqual([]);
    expect(await heatOf("realtek-rtd1395-no-thermal")).toEqual([]);
  });

  test("zone 10 comes after zone 2", async () => {
    const zones = await openBoard("mediatek-mt8183-lte").thermal.read();
    expect(zones.map(({ name }) => name)).toEqual([
      "thermal_zone0",
      "thermal_zone2",
      "thermal_zone10",
    ]);
  });
});

describe("the state directory's file system", () => {
  test("its own partition counts, in sectors of 512 bytes", async () => {
    expect(await mountOf("amlogic-s905x4")).toEqual({
      readOnly: false,
      written: 8123456 * 512,
    } as never);
  });

  test("a mount point whose name only begins the same is another", async () => {
    expect(await mountOf("rockchip-rk3399")).toEqual({
      readOnly: false,
      written: 31230000 * 512,
    } as never);
  });

  test("btrfs is found by its source", async () => {
    expect(await mountOf("raspberry-pi-5-ipv6-only")).toEqual({
      readOnly: false,
      written: 4096 * 512,
    } as never);
  });

  test("read-only is seen; a flash without counter is unknown, not unworn", async () => {
    expect(await mountOf("realtek-rtd1395-no-thermal")).toEqual({
      readOnly: true,
      written: undefined,
    });
    expect(await mountOf("raspberry-pi-3-offline")).toMatchObject({ readOnly: true });
    expect(await mountOf("amlogic-s905w2-wifi-only")).toEqual({
      readOnly: false,
      written: undefined,
    });
  });
});

describe("playback", () => {
  test.each([
    ["amlogic-s905x4", "playing"],
    ["rockchip-rk3399", "idle"],
    ["raspberry-pi-4", "playing"],
    ["realtek-rtd1395-no-thermal", "unknown"],
    ["mediatek-mt8183-lte", "idle"],
  ] as const)("%s: %s", async (board, state) => {
    expect(await openBoard(board).playback.read()).toBe(state);
  });
});

test("facts come from the device tree", async () => {
  expect(await openBoard("raspberry-pi-4").facts()).toEqual({
    model: "Raspberry Pi 4 Model B Rev 1.4",
    serial: "10000000a1b2c3d4",
    cores: 4,
    memory: 3885396 * 1024,
    os: "Debian GNU/Linux 12 (bookworm)",
  });
});
