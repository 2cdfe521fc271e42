/** What a power cut would take is kept by a real broker, for the box alone, and taken in once. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "../../agent/accounting/envelope.ts";
import { createLog } from "../../agent/core/log.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { bytes } from "../../agent/core/units.ts";
import {
  environment,
  makeJournal,
  makeSnapshot,
  makeTicket,
} from "../../agent/journal/journal-testing.ts";
import { Reporter } from "../../agent/reporting/reporter.ts";
import { hasMosquitto, startMosquitto } from "./mosquitto.ts";
import { box, LIMIT_MS, openBench, topics } from "./reporter-bench.ts";

setDefaultTimeout(LIMIT_MS);

const entriesOf = (payload: Uint8Array) => {
  const tail = open("tail", payload, { environment, signer: box });
  return tail.ok ? tail.message.body.entries.length : 0;
};

describe.skipIf(!hasMosquitto)(
  `the tail at mosquitto${hasMosquitto ? "" : " (mosquitto is missing)"}`,
  () => {
    test("a power cut takes nothing that the broker keeps, and no answered record is made twice", async () => {
      await using bench = await openBench();
      bench.journal[Symbol.dispose]();
      bench.journal = makeJournal(bench.state, { clock: systemClock }).journal;
      bench.run();
      using there = await bench.coordinator();
      await there.wait(topics.reported);
      const cut = mkdtempSync(join(tmpdir(), "spareband-cut-"));
      cpSync(bench.state, cut, { recursive: true });
      bench.journal.note(makeSnapshot(makeTicket(1), 6_000_000, 3));
      bench.journal.close(makeSnapshot(makeTicket(2), 7_000_000, 4), "done");
      using ears = await bench.asBox();
      await ears.client.subscribeAsync(topics.tail, { qos: 1 });
      await ears.wait(topics.tail, (payload) => entriesOf(payload) === 2);
      await bench.stop();

      const survivor = makeJournal(cut, { clock: systemClock }).journal;
      const again = new AbortController();
      const told = new Reporter(bench.optionsFor(survivor)).run(again.signal);
      while (survivor.pendingRecords < 2) await Bun.sleep(10);
      const proven = [1, 2].map((n) => survivor.restore(makeTicket(n).hash)?.proven);
      expect(proven).toEqual([bytes(6_000_000), bytes(7_000_000)]);
      await ears.wait(topics.tail, (payload) => payload.length === 0);
      again.abort();
      await told;
      survivor[Symbol.dispose]();
      rmSync(cut, { recursive: true });
    });

    test("a broker whose access rules do not know the tail keeps none, and records go on", async () => {
      await using bench = await openBench();
      await bench.broker[Symbol.asyncDispose]();
      bench.broker = await startMosquitto({
        users: {},
        configuration(port, acl) {
          writeFileSync(acl, readFileSync(acl, "utf8").replaceAll(/^pattern .*\/tail\n/gm, ""));
          const open = `listener ${port} 127.0.0.1\nallow_anonymous true\nuser root`;
          return `${open}\nacl_file ${acl}\npersistence false\n`;
        },
      });
      const warned: string[] = [];
      const write = (line: string) => void warned.push(line);
      using there = await bench.coordinator();
      bench.run({ log: createLog({ format: "text", level: "warning", write }) });
      bench.journal.note(makeSnapshot(makeTicket(9), 5_000_000, 1));
      bench.serve(1, 2);
      await there.wait(topics.usage);
      expect(warned.join()).toContain("the broker does not keep the tail");
    });
  },
);
