import { expect, test } from "bun:test";
import { bitsPerSecond } from "../../agent/core/units.ts";
import { parseTc } from "./parse-tc.ts";

/** `tc -s -batch -` with three shows, iproute2 6.1 on Linux 6.18. */
const shaped = `qdisc htb 5ba: root refcnt 3 r2q 10 default 0 direct_packets_stat 1 direct_qlen 1000
 Sent 90 bytes 1 pkt (dropped 0, overlimits 0 requeues 0) 
 backlog 0b 0p requeues 0
qdisc bfifo 5bb: parent 5ba:1 limit 64Kb
 Sent 0 bytes 0 pkt (dropped 0, overlimits 0 requeues 0) 
 backlog 0b 0p requeues 0
class htb 5ba:1 root leaf 5bb: prio 0 rate 9137Kbit ceil 9137Kbit burst 2998b cburst 2998b 
 Sent 81234567890 bytes 5678 pkt (dropped 3, overlimits 0 requeues 0) 
 backlog 0b 0p requeues 0
 lended: 0 borrowed: 0 giants: 0
 tokens: 37500 ctokens: 37500

filter parent 5ba: protocol ip pref 1 u32 chain 0 
filter parent 5ba: protocol ip pref 1 u32 chain 0 fh 800: ht divisor 1 
filter parent 5ba: protocol ip pref 1 u32 chain 0 fh 800::800 order 2048 key ht 800 bkt 0 *flowid 5ba:1 not_in_hw 
  match 00060000/00ff0000 at 8
  match 23280000/ffff0000 at 20
filter parent 5ba: protocol ipv6 pref 2 u32 chain 0 fh 801::800 order 2048 key ht 801 bkt 0 *flowid 5ba:1 not_in_hw 
  match 00000600/0000ff00 at 4
  match 23280000/ffff0000 at 40
`;

test("our own shaping", () => {
  expect(parseTc(shaped)).toEqual({
    qdiscs: [
      { kind: "htb", handle: "5ba:", parent: "root" },
      { kind: "bfifo", handle: "5bb:", parent: "5ba:1" },
    ],
    classes: [{ id: "5ba:1", rate: bitsPerSecond(9_137_000), sent: 81234567890 }],
    ports: [9000],
  });
});

/** iproute2 6.1 on Debian's Linux 6.1 for arm64. */
test("our own shaping on a kernel that counts what its filters match", () => {
  const counted = shaped
    .replaceAll("not_in_hw ", "not_in_hw (rule hit 12 success 3)")
    .replace(/^( {2}match .*)$/gm, "$1 (success 3 ) ");
  expect(counted).toContain("match 23280000/ffff0000 at 20 (success 3 ) \n");
  expect(parseTc(counted)).toEqual(parseTc(shaped));
});

test("what the kernel attaches by itself, on one and on several hardware queues", () => {
  expect(parseTc("qdisc noqueue 0: root refcnt 2 \n").qdiscs).toEqual([
    { kind: "noqueue", handle: "0:", parent: "root" },
  ]);
  const multiqueue = `qdisc mq 0: root 
 Sent 0 bytes 0 pkt (dropped 0, overlimits 0 requeues 0) 
qdisc fq_codel 0: parent :2 limit 10240p flows 1024 quantum 1514 target 5ms interval 100ms
qdisc fq_codel 0: parent :1 limit 10240p flows 1024 quantum 1514 target 5ms interval 100ms
qdisc ingress ffff: parent ffff:fff1 ---------------- 
`;
  expect(parseTc(multiqueue).qdiscs.map(({ kind, parent }) => `${kind} ${parent}`)).toEqual([
    "mq root",
    "fq_codel :2",
    "fq_codel :1",
    "ingress ffff:fff1",
  ]);
});

test("older iproute2 names the device and prints rates with a fraction", () => {
  const older = `qdisc htb 5ba: dev eth0 root refcnt 2 r2q 10 default 0
class htb 5ba:1 dev eth0 root leaf 5bb: prio 0 rate 1.5Mbit ceil 1.5Mbit burst 3Kb cburst 3Kb
 Sent 12 bytes 1 pkt (dropped 0, overlimits 0 requeues 0)
`;
  expect(parseTc(older).qdiscs[0]).toEqual({ kind: "htb", handle: "5ba:", parent: "root" });
  expect(parseTc(older).classes[0]?.rate).toBe(bitsPerSecond(1_500_000));
});

test("rates in bits and gigabits", () => {
  const rateOf = (text: string) =>
    parseTc(
      `class htb 5ba:1 root prio 0 rate ${text} ceil ${text} burst 3Kb\n Sent 0 bytes 0 pkt\n`,
    ).classes[0]?.rate;
  expect(rateOf("8bit")).toBe(bitsPerSecond(8));
  expect(rateOf("2400Mbit")).toBe(bitsPerSecond(2.4e9));
  expect(rateOf("1Gbit")).toBe(bitsPerSecond(1e9));
});

test("anything else is nothing", () => {
  for (const text of ["", "Cannot find device", "[]", "class tbf 1:1 parent 1: \n"]) {
    expect(parseTc(text)).toEqual({ qdiscs: [], classes: [], ports: [] });
  }
});
