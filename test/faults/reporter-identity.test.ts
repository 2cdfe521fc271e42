/** Who is who at a real broker: a box it does not let in, two devices with one key, another box's topics. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import type { Id } from "../../agent/core/encoding.ts";
import { seededRandom } from "../../agent/core/random.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { bytes, milliseconds, seconds } from "../../agent/core/units.ts";
import { makeJournal, viewerKey } from "../../agent/journal/journal-testing.ts";
import { Reporter, type ReporterOptions } from "../../agent/reporting/reporter.ts";
import { topicsOf } from "../../agent/reporting/topics.ts";
import { hasMosquitto, startMosquitto } from "./mosquitto.ts";
import { box, LIMIT_MS, openBench, topics } from "./reporter-bench.ts";

setDefaultTimeout(LIMIT_MS);

/** Waits of the back-off pass a thousand times faster. */
const hurried: ReporterOptions["clock"] = {
  ...systemClock,
  sleep: (duration, signal) =>
    systemClock.sleep(duration > 5000 ? milliseconds(duration / 1000) : duration, signal),
};

describe.skipIf(!hasMosquitto)(
  `identities at mosquitto${hasMosquitto ? "" : " (mosquitto is missing)"}`,
  () => {
    test("wrong credentials: seldom retries, and nothing else breaks", async () => {
      await using bench = await openBench();
      const waits: number[] = [];
      const clock: ReporterOptions["clock"] = {
        ...systemClock,
        sleep: (duration, signal) => {
          waits.push(duration);
          return systemClock.sleep(duration, signal);
        },
      };
      const reporter = bench.run({
        broker: { url: bench.broker.url, password: () => "wrong" },
        clock,
      });
      while (reporter.state.state !== "waiting") await Bun.sleep(10);
      expect(reporter.state).toMatchObject({ failure: "refused" });
      expect(waits.at(-1)).toBeWithin(seconds(15 * 60), seconds(20 * 60));
    });

    test("a second device with the same key: each take-over is noticed, and then it is said", async () => {
      await using bench = await openBench();
      const reporter = bench.run({ clock: hurried });
      const stopClone = new AbortController();
      const other = makeJournal(join(bench.state, "clone"));
      const clone = new Reporter(
        bench.optionsFor(other.journal, {
          clock: hurried,
          random: seededRandom(4),
          describe: () => ({
            version: "0.1.0",
            device: "clone",
            addresses: [],
            capacity: bytes(0),
          }),
        }),
      );
      const clonesRun = clone.run(stopClone.signal);
      while (!reporter.cloneSuspected || !clone.cloneSuspected) await Bun.sleep(10);
      stopClone.abort();
      await clonesRun;
      other.journal[Symbol.dispose]();
    });

    test("another device that connects under this box's id takes no connection from it", async () => {
      await using bench = await openBench();
      using there = await bench.coordinator();
      const reporter = bench.run();
      await there.wait(topics.state, (payload) => String(payload).startsWith("online"));
      const rogue = await connectAsync(bench.broker.url, {
        protocolVersion: 5,
        username: viewerKey.publicKey,
        password: "other",
        clientId: box,
      });
      // Had it taken the connection over, the box would wait for a second before it tries again.
      await Bun.sleep(200);
      expect(reporter.state.state).toBe("connected");
      await rogue.endAsync();
    });

    test("access rules of another fleet: the box says that it is refused, and asks no more for long", async () => {
      await using bench = await openBench();
      await bench.broker[Symbol.asyncDispose]();
      bench.broker = await startMosquitto({ fleet: "elsewhere", users: { [box]: "box-word" } });
      const reporter = bench.run();
      while (reporter.state.state !== "waiting") await Bun.sleep(10);
      const { state } = reporter;
      if (state.state !== "waiting") throw new Error(state.state);
      expect(state.failure).toBe("refused");
      expect(state.reason).toBe("the broker's access rules do not let this box publish");
      expect(state.until - systemClock.monotonicMs()).toBeGreaterThan(seconds(600));
    });

    test("the shipped access rules: a box can neither read nor write what is another box's", async () => {
      await using bench = await openBench();
      const other = topicsOf("home", viewerKey.publicKey);
      const command = other.commands.replace("+", "0".repeat(32));
      using there = await bench.coordinator();
      using intruder = await bench.asBox();
      const { client } = intruder;
      const retained = { qos: 1, retain: true } as const;
      const wanted = [other.ack, other.desired, other.commands, other.tail, "spareband/#", "#"];
      // The broker may refuse at once or grant and then keep silent: what counts is what is heard.
      await Promise.allSettled(wanted.map((topic) => client.subscribeAsync(topic, { qos: 1 })));
      const theirs = [other.state, other.birth, other.usage, other.reported];
      const result = other.result("0".repeat(32) as Id);
      for (const topic of [...theirs, other.tail, result, topics.ack, topics.desired])
        await Promise.allSettled([client.publishAsync(topic, "mine now", retained)]);
      await client.publishAsync(topics.usage, "allowed", { qos: 1 });
      expect(String(await there.wait(topics.usage))).toBe("allowed");
      await there.client.publishAsync(other.ack, "secret", { qos: 1 });
      await there.client.publishAsync(other.desired, "secret", retained);
      await there.client.publishAsync(command, "secret", { qos: 1 });
      // What the broker would have passed on came before this, on the same connection.
      await client.subscribeAsync(topics.ack, { qos: 1 });
      await there.client.publishAsync(topics.ack, "the last word", { qos: 1 });
      await intruder.wait(topics.ack);
      expect(theirs.map((topic) => there.count(topic))).toEqual([0, 0, 0, 0]);
      const secrets = [other.ack, other.desired, other.tail, command];
      expect(secrets.map((topic) => intruder.count(topic))).toEqual([0, 0, 0, 0]);
    });
  },
);
