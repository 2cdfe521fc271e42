/** A whole box whose clock is wrong from its start, by libfaketime: it serves, and all of it is paid. */
import { expect, test } from "bun:test";
import { seededRandom } from "../../agent/core/random.ts";
import { deploy } from "../soak/deployment.ts";
import {
  clockQualities,
  paidByTicket,
  violations,
  violationsInRecords,
} from "../soak/invariant.ts";
import { boxesAgree, settle } from "../soak/settle.ts";
import { ViewerLog, watchForEver } from "../soak/viewer.ts";
import { fakedClock, hasFaketime } from "./faketime.ts";
import { hasMosquitto } from "./mosquitto.ts";

const ENOUGH = 1024 * 1024;
const LIMIT_MS = 240_000;

test.skipIf(!hasFaketime || !hasMosquitto).each([
  ["in 1970", "@1970-01-01 00:10:00", ["untrusted"]],
  ["a year ahead", "+1y", undefined],
] as const)(
  "faults 9 and 47, needs libfaketime and mosquitto: a box whose clock is %s serves and is paid in full",
  async (_, clock, qualities) => {
    const random = seededRandom(9);
    await using deployment = await deploy(1, random);
    const [box] = deployment.boxes;
    if (!box) throw new Error("no box was started");
    // Its clock was right when it filled its cache, and then its battery was empty.
    await box.daemon.stop();
    await box.daemon.start(fakedClock(clock));
    const viewers = new ViewerLog();
    const over = new AbortController();
    const watching = watchForEver(deployment, viewers, random, over.signal);
    const started = performance.now();
    while (viewers.total("arrived") < ENOUGH && performance.now() - started < LIMIT_MS / 2)
      await Bun.sleep(100);
    over.abort();
    await watching;
    await settle(deployment, fakedClock(clock));

    const { database } = deployment;
    expect(viewers.total("arrived")).toBeGreaterThanOrEqual(ENOUGH);
    const paid = paidByTicket(database);
    for (const [ticket, { arrived, signed }] of viewers.tickets) {
      expect(paid.get(ticket) ?? 0).toBeGreaterThanOrEqual(arrived);
      expect(paid.get(ticket) ?? 0).toBeLessThanOrEqual(signed);
    }
    expect(violations(database, { viewers, acks: [] })).toEqual([]);
    expect(violationsInRecords(database)).toEqual([]);
    expect(await boxesAgree(deployment)).toEqual([]);
    if (qualities) expect(clockQualities(database)).toEqual(qualities);
  },
  LIMIT_MS,
);
