/** No text of a kernel, a tool or a router, cut or garbled in any way, breaks a parser or gets past its bounds. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { parseControlUrl, parseCounter, WAN_COMMON } from "./igd/soap.ts";
import { parseReply } from "./igd/ssdp.ts";
import { parseMarking } from "./nft-marking.ts";
import { parsePressure, parseStat } from "./parse-cpu.ts";
import { parseIngress } from "./parse-ingress.ts";
import { mountOf, parseMounts, parseWritten } from "./parse-mounts.ts";
import { parseAlsaStatus, parseVendorState } from "./parse-playback.ts";
import { parseRoutesV4, parseRoutesV6 } from "./parse-routes.ts";
import { parseTc } from "./parse-tc.ts";

const board = join(import.meta.dir, "../../test/fixtures/boards/rockchip-rk3399");
const fixture = (path: string) => readFileSync(join(board, path), "utf8");

/** Real text in which some pieces are cut out, doubled, or replaced by anything. */
const garbled = (text: string) =>
  fc
    .array(
      fc.record({
        at: fc.nat(text.length),
        length: fc.nat(40),
        by: fc.oneof(fc.string({ maxLength: 20 }), fc.constant(""), fc.constant("\n")),
      }),
      { maxLength: 6 },
    )
    .map((edits) =>
      edits.reduce(
        (changed, { at, length, by }) => changed.slice(0, at) + by + changed.slice(at + length),
        text,
      ),
    );

const filters = `qdisc ingress ffff: parent ffff:fff1 ---------------- 
filter parent ffff: protocol ipv6 pref 2 u32 chain 0 fh 801::800 order 2048 key ht 801 bkt 0 terminal flowid not_in_hw 
  match 00000600/0000ff00 at 4
  match fd770000/ffffffff at 8
  match 00000000/ffffffff at 12
  match 00000000/ffffffff at 16
  match 00000002/ffffffff at 20
  match 23280000/ffff0000 at 40
	action order 1: mirred (Egress Redirect to device sbifb0) stolen
class htb 5ba:1 root leaf 5bb: prio 0 rate 9137Kbit ceil 9137Kbit burst 2998b cburst 2998b 
 Sent 81234567890 bytes 5678 pkt (dropped 3, overlimits 0 requeues 0) 
`;
const description = `<root><service><serviceType>${WAN_COMMON}</serviceType><controlURL>/ctl</controlURL></service></root>`;
const runs = { numRuns: 300 };
const sound = (value: number | undefined) => value === undefined || (value >= 0 && value < 2 ** 64);
const forAll = (text: string, holds: (text: string) => boolean) =>
  fc.assert(fc.property(fc.oneof(garbled(text), fc.string()), holds), runs);

describe("garbled text", () => {
  test("of routes", () => {
    forAll(fixture("proc/net/route"), (text) =>
      parseRoutesV4(text).every(({ device }) => device !== ""),
    );
    forAll(fixture("proc/net/ipv6_route"), (text) =>
      parseRoutesV6(text).every(({ device }) => device !== ""),
    );
  });

  test("of processor times and pressure", () => {
    forAll(fixture("proc/stat"), (text) =>
      parseStat(text).every(({ busy, total }) => busy <= total),
    );
    forAll(fixture("proc/pressure/cpu"), (text) => sound(parsePressure(text)));
  });

  test("of mounts and disks", () => {
    forAll(fixture("proc/self/mountinfo"), (text) => {
      mountOf(parseMounts(text), "/var/lib/spareband");
      return true;
    });
    forAll(fixture("proc/diskstats"), (text) => sound(parseWritten(text, "179:1")));
  });

  test("of traffic control", () => {
    forAll(filters, (text) => {
      const { ports, classes } = parseTc(text);
      const { sources } = parseIngress(text);
      const known = [...ports, ...sources.map(({ port }) => port)];
      return known.every((port) => port <= 65_535) && classes.every(({ sent }) => sound(sent));
    });
    forAll(
      "tcp sport { 9000, 9001 } meta priority set 5ba:1",
      (text) => parseMarking(text).length < 100,
    );
  });

  test("of players", () => {
    forAll("state: RUNNING\nowner_pid: 8\n", (text) => parseAlsaStatus(text).length > 0);
    forAll("playing now", (text) => parseVendorState(text) !== undefined);
  });

  test("of routers: what is found lies where it was found", () => {
    const location = new URL("http://192.168.1.1:5000/d.xml");
    forAll(description, (text) => {
      parseControlUrl(text, WAN_COMMON, location);
      return true;
    });
    forAll("<NewTotalBytesSent>12345</NewTotalBytesSent>", (text) =>
      sound(parseCounter(text, "NewTotalBytesSent")),
    );
    forAll("HTTP/1.1 200 OK\r\nLOCATION: http://192.168.1.1/d.xml\r\n\r\n", (text) => {
      const found = parseReply(text, "192.168.1.1");
      return found === undefined || found.hostname === "192.168.1.1";
    });
  });

  test("sums of absurd times stay sums", () => {
    expect(parseStat("cpu0 99999999999999999999 1 1 1\n")[0]?.total).toBeGreaterThan(0);
  });
});
