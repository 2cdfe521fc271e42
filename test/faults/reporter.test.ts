/** The reporter against a real broker: what it says, how it is answered, and how it comes back. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeBatch } from "../../agent/accounting/batch.ts";
import { open, seal } from "../../agent/accounting/envelope.ts";
import { sha256 } from "../../agent/core/encoding.ts";
import {
  environment,
  makeAck,
  makeJournal,
  viewerKey,
} from "../../agent/journal/journal-testing.ts";
import { hasMosquitto } from "./mosquitto.ts";
import { LIMIT_MS, openBench, topics } from "./reporter-bench.ts";

setDefaultTimeout(LIMIT_MS);

describe.skipIf(!hasMosquitto)(
  `reporter over mosquitto${hasMosquitto ? "" : " (mosquitto is missing)"}`,
  () => {
    test("says who it is, sends its records, and prunes them when they are acked", async () => {
      await using bench = await openBench();
      using there = await bench.coordinator();
      bench.serve(1, 3);
      bench.run();
      const birth = open("birth", await there.wait(topics.birth), { environment });
      expect(birth).toMatchObject({
        ok: true,
        message: { body: { generation: 1, sequence: 3, bootCounter: 1 } },
      });
      expect(open("reported", await there.wait(topics.reported), { environment }).ok).toBe(true);
      expect(String(await there.wait(topics.state))).toBe("online 1");

      const frame = decodeBatch(await there.wait(topics.usage));
      if (!frame.ok) throw new Error(frame.detail);
      expect(frame.messages).toHaveLength(3);
      const head = sha256(frame.messages[2] as Uint8Array);
      const ack = makeAck(bench.journal.chain, { head });
      there.client.publish(topics.ack, Buffer.from(ack.bytes), { qos: 1 });
      while (bench.journal.pendingRecords > 0) await Bun.sleep(10);

      await bench.stop();
      expect(String(await there.wait(topics.state, (p) => String(p).includes("offline")))).toBe(
        "offline 1",
      );
    });

    test("an ack that is lost, forged or garbled frees nothing, and the records are sent again", async () => {
      await using bench = await openBench();
      using there = await bench.coordinator();
      const { chain } = bench.journal;
      const answer = (bytes: Uint8Array) =>
        there.client.publish(topics.ack, Buffer.from(bytes), { qos: 1 });
      bench.serve(1, 1);
      bench.run();
      await there.wait(topics.usage);
      answer(seal("ack", makeAck(chain).body, viewerKey, environment).bytes);
      answer(Buffer.from("garbage"));
      answer(Buffer.alloc(500_000));
      there.forget();
      answer(makeAck(chain, { upTo: 0, head: "0".repeat(64) as never, resendFrom: 1 }).bytes);
      await there.wait(topics.usage);
      expect(bench.journal.pendingRecords).toBe(1);
    });

    test("a journal that is opened again while connected is announced over a new connection", async () => {
      await using bench = await openBench();
      const directory = join(bench.state, "journal");
      bench.journal[Symbol.dispose]();
      rmSync(directory, { recursive: true });
      writeFileSync(directory, "a file where the directory should be");
      const { journal, clock } = makeJournal(bench.state);
      bench.journal = journal;
      expect(journal.state.state).toBe("unavailable");
      const turning = new AbortController();
      const turns = journal.run(turning.signal);
      using there = await bench.coordinator();
      const reporter = bench.run();
      while (reporter.state.state !== "connected") await Bun.sleep(10);
      rmSync(directory);
      await clock.advance(6000);
      expect(journal.state).toEqual({ state: "ready" });
      const birth = open("birth", await there.wait(topics.birth), { environment });
      expect(birth.ok && birth.message.body.generation).toBe(journal.chain.generation);
      expect(String(await there.wait(topics.state, (p) => String(p).startsWith("online")))).toBe(
        `online ${journal.chain.boots}`,
      );
      turning.abort();
      await turns;
    });

    test("the broker is killed and comes back: what was not acked is sent again", async () => {
      await using bench = await openBench();
      bench.serve(1, 2);
      const soon = { unit: () => 0.1, bytes: () => new Uint8Array(16) };
      const reporter = bench.run({ random: soon });
      while (reporter.state.state !== "connected") await Bun.sleep(10);
      await bench.broker.stop();
      while (reporter.state.state === "connected") await Bun.sleep(10);
      await bench.broker.start();
      using there = await bench.coordinator();
      const frame = decodeBatch(await there.wait(topics.usage));
      expect(frame.ok && frame.messages.length).toBe(2);
    });
  },
);
