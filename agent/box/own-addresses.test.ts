import { describe, expect, test } from "bun:test";
import type { NetworkInterfaceInfo } from "node:os";
import type { Config } from "../config.ts";
import { listenHost, ownAddresses } from "./own-addresses.ts";

const config = (change: Partial<Config> = {}) =>
  ({
    "box.addresses": [],
    "box.listen": { host: "::", port: 7411 },
    "box.nic": "",
    "box.tls_certificate_file": "",
    ...change,
  }) as Config;
const address = (text: string): NetworkInterfaceInfo => ({
  ...(text.includes(":") ? { family: "IPv6", scopeid: 0 } : { family: "IPv4" }),
  address: text,
  netmask: "",
  mac: "",
  cidr: null,
  internal: /^(127\.|::1$)/.test(text),
});
const home = {
  lo: ["127.0.0.1", "::1"].map(address),
  eth0: ["192.168.1.20", "fe80::1", "fd00::2", "2a02:8100::7"].map(address),
  wlan0: ["192.168.1.21"].map(address),
};
const mapped = { address: "45.45.45.45", port: 8411 };

describe("a box announces", () => {
  test("global IPv6 first, then the router's port, then the home's addresses", () => {
    expect(ownAddresses(config(), 7411, home, mapped)).toEqual([
      "http://[2a02:8100::7]:7411",
      "http://45.45.45.45:8411",
      "http://192.168.1.20:7411",
      "http://192.168.1.21:7411",
    ]);
  });

  test("https where it serves over TLS, through the router too", () => {
    const tls = config({ "box.tls_certificate_file": "auto", "box.nic": "eth0" });
    expect(ownAddresses(tls, 7411, home, mapped)).toEqual([
      "https://[2a02:8100::7]:7411",
      "https://45.45.45.45:8411",
      "https://192.168.1.20:7411",
    ]);
  });

  test("no IPv6 where it does not listen, and no other interface than the one that is named", () => {
    const v4 = config({ "box.listen": { host: "0.0.0.0", port: 7411 }, "box.nic": "eth0" });
    expect(ownAddresses(v4, 7411, home)).toEqual(["http://192.168.1.20:7411"]);
  });

  test("what is configured, and nothing else", () => {
    const own = config({ "box.addresses": ["https://box.example:443"] });
    expect(ownAddresses(own, 7411, home, mapped)).toEqual(["https://box.example:443"]);
  });

  test("room is left for the mapped address beside many of IPv6", () => {
    const many = Array.from({ length: 20 }, (_, i) => address(`2a02:8100::${i + 1}`));
    const list = ownAddresses(config(), 7411, { eth0: many }, mapped);
    expect(list.length).toBeLessThanOrEqual(8);
    expect(list).toContain("http://45.45.45.45:8411");
  });

  test("the address it listens on, when that is a certain one", () => {
    const certain = config({ "box.listen": { host: "192.168.1.20", port: 7411 } });
    expect(ownAddresses(certain, 7411, home)).toEqual(["http://192.168.1.20:7411"]);
    expect(ownAddresses(certain, 7411, home, mapped)).toEqual([
      "http://45.45.45.45:8411",
      "http://192.168.1.20:7411",
    ]);
  });
});

test("a kernel without IPv6 is listened on over IPv4", () => {
  expect(listenHost("::", home)).toBe("::");
  expect(listenHost("::", { eth0: [address("192.168.1.20")] })).toBe("0.0.0.0");
  expect(listenHost("127.0.0.1", {})).toBe("127.0.0.1");
});
