/** SIGTERM in the middle of sessions: the box ends by itself, and nothing that was proven is lost. */
import { expect, test } from "bun:test";
import { seededRandom } from "../../agent/core/random.ts";
import { deploy } from "../soak/deployment.ts";
import { paidByTicket, violations } from "../soak/invariant.ts";
import { boxesAgree, settle } from "../soak/settle.ts";
import { ViewerLog, watchForEver } from "../soak/viewer.ts";
import { hasMosquitto } from "./mosquitto.ts";

const STOPS = 4;

test.skipIf(!hasMosquitto)(
  "fault 57, needs mosquitto: a box that is asked to stop while it serves does, with a broker or without, and all of it is paid",
  async () => {
    const random = seededRandom(57);
    await using deployment = await deploy(1, random);
    const [box] = deployment.boxes;
    if (!box) throw new Error("no box was started");
    const viewers = new ViewerLog();
    const over = new AbortController();
    const watching = [1, 2].map((n) =>
      watchForEver(deployment, viewers, seededRandom(n), over.signal),
    );
    for (let stop = 0; stop < STOPS; stop++) {
      await Bun.sleep(3000 * random.unit());
      // At times with nobody to report to, until the box has ended: it must not wait for an answer.
      if (stop % 2 === 1) await deployment.broker.stop();
      await box.daemon.stop();
      if (stop % 2 === 1) await deployment.broker.start();
      await box.daemon.start();
    }
    over.abort();
    await Promise.all(watching);
    await settle(deployment);

    expect(viewers.total("arrived")).toBeGreaterThan(0);
    const paid = paidByTicket(deployment.database);
    for (const [ticket, { arrived }] of viewers.tickets)
      expect(paid.get(ticket) ?? 0).toBeGreaterThanOrEqual(arrived);
    expect(violations(deployment.database, { viewers, acks: [] })).toEqual([]);
    expect(await boxesAgree(deployment)).toEqual([]);
  },
  120_000,
);
