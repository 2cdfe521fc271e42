import { describe, expect, test } from "bun:test";
import { megabitsPerSecond } from "../../agent/core/units.ts";
import { addFilters, addLeaf, addRoot, changeRate, deleteRoot } from "./tc-commands.ts";

const shape = (megabits: number, mtu = 1500) => ({ rate: megabitsPerSecond(megabits), mtu });
const numberAfter = (word: string, text: string) =>
  Number(text.match(new RegExp(`\\b${word} (\\d+)`))?.[1]);

describe("what the kernel is asked", () => {
  test("a root that fails where a stranger's is, and a class of the rate", () => {
    expect(addRoot("eth0", shape(10)).split("\n")).toEqual([
      "qdisc add dev eth0 root handle 5ba: htb default 0 direct_qlen 1000",
      "class add dev eth0 parent 5ba: classid 5ba:1 htb rate 10000000bit ceil 10000000bit burst 3000 cburst 3000 quantum 3000",
      "",
    ]);
  });

  test("burst and quantum are a millisecond of the rate, at least two packets", () => {
    const burstAt = (megabits: number, mtu?: number) =>
      numberAfter("burst", addRoot("eth0", shape(megabits, mtu)));
    expect(burstAt(1)).toBe(3000);
    expect(burstAt(100)).toBe(12_500);
    expect(burstAt(1, 9000)).toBe(18_000);
    expect(numberAfter("quantum", addRoot("eth0", shape(10_000)))).toBe(200_000);
  });

  test("a rate of nothing is the least that lets a refusal out", () => {
    expect(addRoot("eth0", shape(0))).toContain("rate 8000bit");
  });

  test("a queue of 50 ms, and room for two of the largest segments", () => {
    const limitAt = (megabits: number) =>
      numberAfter("limit", addLeaf("eth0", "bfifo", shape(megabits)));
    expect(limitAt(1)).toBe(131_072);
    expect(limitAt(100)).toBe(625_000);
  });

  test("a filter for each port and family", () => {
    const filters = addFilters("eth0", [9000, 9001]).trim().split("\n");
    expect(filters).toHaveLength(4);
    expect(filters[3]).toContain(
      "protocol ipv6 prio 2 u32 match ip6 protocol 6 0xff match ip6 sport 9001",
    );
  });

  test("a new rate moves the queue's length only where it is counted in bytes", () => {
    expect(changeRate("eth0", "bfifo", shape(5)).trim().split("\n")).toHaveLength(3);
    expect(changeRate("eth0", "cake", shape(5)).trim().split("\n")).toHaveLength(2);
  });

  test("removal is by our handle", () => {
    expect(deleteRoot("eth0")).toBe("qdisc del dev eth0 root handle 5ba:\n");
  });
});
