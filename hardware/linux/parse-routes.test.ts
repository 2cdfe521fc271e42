import { describe, expect, test } from "bun:test";
import { parseRoutesV4, parseRoutesV6 } from "./parse-routes.ts";

const header =
  "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";
const v4 = (...rows: string[]) => parseRoutesV4([header, ...rows].join("\n"));
const row = (device: string, gateway: string, flags: string, metric: number, mask = "00000000") =>
  `${device}\t00000000\t${gateway}\t${flags}\t0\t0\t${metric}\t${mask}\t0\t0\t0`;

describe("/proc/net/route", () => {
  test("the gateway's bytes are in the machine's order", () => {
    expect(v4(row("eth0", "0101A8C0", "0003", 100))).toEqual([
      { device: "eth0", metric: 100, gateway: "192.168.1.1" },
    ]);
  });

  test("lowest metric first; of equals the first line", () => {
    const routes = v4(
      row("wlan0", "0101A8C0", "0003", 600),
      row("eth1", "0201A8C0", "0003", 100),
      row("eth0", "0301A8C0", "0003", 100),
    );
    expect(routes.map(({ device }) => device)).toEqual(["eth1", "eth0", "wlan0"]);
  });

  test("the last resort comes last, although the kernel prints its metric as -1", () => {
    const routes = v4(row("ppp0", "00000000", "0001", -1), row("eth0", "0101A8C0", "0003", 1024));
    expect(routes).toEqual([
      { device: "eth0", metric: 1024, gateway: "192.168.1.1" },
      { device: "ppp0", metric: 4_294_967_295 },
    ]);
  });

  test("half of the internet, a route that is down and one that rejects are no default route", () => {
    expect(
      v4(
        row("tun0", "0101A8C0", "0003", 0, "00000080"),
        row("eth0", "0101A8C0", "0002", 0),
        row("eth0", "0101A8C0", "0203", 0),
      ),
    ).toEqual([]);
  });

  test("cut-off and strange lines are passed over", () => {
    expect(v4("eth0", "", "eth0\t00000000\tzz\t0003\t0\t0\t0\t00000000", "\u0000")).toEqual([]);
    expect(parseRoutesV4("")).toEqual([]);
  });
});

describe("/proc/net/ipv6_route", () => {
  const zero = "0".repeat(32);
  const line = (nextHop: string, metric: string, flags: string, device: string) =>
    `${zero} 00 ${zero} 00 ${nextHop} ${metric} 00000001 00000000 ${flags} ${device.padStart(8)}`;

  test("addresses are written short, link-local ones with their interface", () => {
    const text = [
      line(`20010db8${"0".repeat(23)}1`, "00000400", "00000003", "eth0"),
      line(`fe80${"0".repeat(27)}1`, "00000064", "00000003", "wlan0"),
    ].join("\n");
    expect(parseRoutesV6(text)).toEqual([
      { device: "wlan0", metric: 100, gateway: "fe80::1%wlan0" },
      { device: "eth0", metric: 1024, gateway: "2001:db8::1" },
    ]);
  });

  test("the kernel's own reject route on lo is none", () => {
    expect(parseRoutesV6(line(zero, "ffffffff", "00200200", "lo"))).toEqual([]);
  });

  test("point to point has no gateway", () => {
    expect(parseRoutesV6(line(zero, "00000400", "00000001", "ppp0"))).toEqual([
      { device: "ppp0", metric: 1024 },
    ]);
  });
});
