import { expect, test } from "bun:test";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLog } from "../core/log.ts";
import { seconds } from "../core/units.ts";
import { beyondHome, createFirstHop } from "./first-hop.ts";

test.each([
  [["192.168.1.1", "45.45.45.1"], "45.45.45.1"],
  [["192.168.1.1", "100.64.3.1", "45.45.45.1"], "100.64.3.1"],
  [["192.168.1.1", "10.0.0.1", undefined, "45.45.45.1"], "45.45.45.1"],
  [["192.168.1.1", undefined], undefined],
  [[], undefined],
])("behind %j", (hops, hop) => {
  expect(beyondHome(hops)).toBe(hop);
});

test("it is looked for when it is wanted: after a minute where none was found, then every ten", async () => {
  const clock = new FakeClock();
  const asked: string[] = [];
  let towards: string | undefined;
  const hops = async (address: string) => {
    asked.push(address);
    return ["192.168.1.1", "45.45.45.1"];
  };
  const firstHop = createFirstHop({
    path: { hops },
    towards: async () => towards,
    clock,
    log: silentLog,
  });
  expect(firstHop()).toEqual([]);
  await clock.advance(seconds(1));
  towards = "45.45.45.45";
  expect(firstHop()).toEqual([]);
  await clock.advance(seconds(59));
  expect(firstHop()).toEqual([]);
  expect(asked).toEqual([]);
  await clock.advance(seconds(1));
  expect(firstHop()).toEqual([{ kind: "echo", address: "45.45.45.1" }]);
  await clock.advance(seconds(598));
  firstHop();
  expect(asked).toEqual(["45.45.45.45"]);
  await clock.advance(seconds(2));
  firstHop();
  await clock.advance(seconds(1));
  expect(asked).toHaveLength(2);
});
