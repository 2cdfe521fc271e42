/** What the kernel, its tools and routers say: traffic control, marking, sockets, UPnP. */
import { parseControlUrl, parseCounter, WAN_COMMON } from "../../hardware/linux/igd/soap.ts";
import { parseReply } from "../../hardware/linux/igd/ssdp.ts";
import { parseMarking } from "../../hardware/linux/nft-marking.ts";
import { parseIngress } from "../../hardware/linux/parse-ingress.ts";
import { parseTc } from "../../hardware/linux/parse-tc.ts";
import { parseTcpInfo, TCP_INFO_LENGTH } from "../../hardware/linux/parse-tcp-info.ts";
import type { ByteTarget } from "./message-targets.ts";
import type { TextTarget } from "./text-targets.ts";

const sound = (value: number | undefined) =>
  value === undefined || (value >= 0 && value <= 2 ** 64);
const hold = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(what);
};

const listing = `qdisc htb 5ba: root refcnt 2 r2q 10 default 0x2 direct_packets_stat 0 direct_qlen 1000
qdisc ingress ffff: parent ffff:fff1 ----------------
filter parent ffff: protocol ip pref 1 u32 chain 0 fh 800::800 order 2048 key ht 800 bkt 0 terminal flowid not_in_hw
  match 00000006/000000ff at 8
  match c0000201/ffffffff at 12
  match 23280000/ffff0000 at 20
	action order 1: mirred (Egress Redirect to device sbifb0) stolen
class htb 5ba:1 root leaf 5bb: prio 0 rate 9137Kbit ceil 9137Kbit burst 2998b cburst 2998b
 Sent 81234567890 bytes 5678 pkt (dropped 3, overlimits 0 requeues 0)
`;

export const kernelTargets: readonly TextTarget[] = [
  {
    name: "tc",
    seeds: [listing],
    run(text) {
      const { ports, classes, qdiscs } = parseTc(text);
      const { sources } = parseIngress(text);
      hold(
        [...ports, ...sources.map(({ port }) => port)].every((port) => port <= 65_535),
        "a port",
      );
      hold(
        classes.every(({ sent }) => sound(sent)),
        "a counter",
      );
      return `${qdiscs.length} ${classes.length} ${ports.length} ${sources.length}`;
    },
  },
  {
    name: "nft",
    seeds: [
      "table inet spareband {\n chain out {\n tcp sport { 9000, 9001 } meta priority set 5ba:1\n }\n}",
    ],
    run(text) {
      const ports = parseMarking(text);
      hold(
        ports.every((port) => port >= 0 && port <= 65_535),
        "a port",
      );
      return `${ports.length}`;
    },
  },
  {
    name: "UPnP",
    seeds: [
      `<root><service><serviceType>${WAN_COMMON}</serviceType><controlURL>/ctl</controlURL></service></root>`,
      "<NewTotalBytesSent>12345</NewTotalBytesSent>",
      "HTTP/1.1 200 OK\r\nLOCATION: http://192.168.1.1:5000/d.xml\r\nST: upnp:rootdevice\r\n\r\n",
    ],
    run(text) {
      const location = new URL("http://192.168.1.1:5000/d.xml");
      const control = parseControlUrl(text, WAN_COMMON, location);
      const reply = parseReply(text, "192.168.1.1");
      // Where it leads is for whoever asks there to check: it may well be relative to another base.
      hold(control === undefined || control.href.length > 0, "a place");
      hold(reply === undefined || reply.hostname === "192.168.1.1", "another host");
      const counter = parseCounter(text, "NewTotalBytesSent");
      hold(sound(counter), "a counter");
      return [control, reply, counter].map((found) => found !== undefined).join();
    },
  },
];

/** The struct is the kernel's own; what has to hold is that no figure of it becomes odd. */
export const structTargets: readonly ByteTarget[] = [
  {
    name: "tcp_info",
    seeds: [new Uint8Array(TCP_INFO_LENGTH), new Uint8Array(160).fill(255)],
    run(bytes) {
      const padded = new Uint8Array(TCP_INFO_LENGTH);
      padded.set(bytes.subarray(0, TCP_INFO_LENGTH));
      const length = Math.min(bytes.length, TCP_INFO_LENGTH);
      const found = [4, 6].map((family) =>
        parseTcpInfo(new DataView(padded.buffer), length, family as 4 | 6),
      );
      for (const flow of found.flatMap((one) => (one ? Object.values(one) : []))) {
        hold(typeof flow !== "number" || (flow >= 0 && Number.isFinite(flow)), "a figure");
      }
      return `${found[0] !== undefined} ${(found[0]?.inFlight ?? 0) > 0} ${length >= 196}`;
    },
  },
];
