/** What the coordinator asks of a box over a real broker: carried out once, and only if it may ask. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { seal } from "../../agent/accounting/envelope.ts";
import type { Command, Desired } from "../../agent/accounting/messages.ts";
import type { Id } from "../../agent/core/encoding.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { unixSeconds } from "../../agent/core/units.ts";
import { coordinatorKey, environment, viewerKey } from "../../agent/journal/journal-testing.ts";
import { hasMosquitto } from "./mosquitto.ts";
import { box, LIMIT_MS, openBench, topics } from "./reporter-bench.ts";

setDefaultTimeout(LIMIT_MS);

describe.skipIf(!hasMosquitto)(
  `commands and wishes over mosquitto${hasMosquitto ? "" : " (mosquitto is missing)"}`,
  () => {
    test("commands: carried out once, answered always, refused with a code, and the connection stays", async () => {
      await using bench = await openBench();
      using there = await bench.coordinator();
      const reporter = bench.run();
      await there.wait(topics.reported);
      const now = Math.floor(systemClock.wallMs() / 1000);
      const publish = (id: string, payload: Uint8Array | string) =>
        there.client.publish(topics.commands.replace("+", id), Buffer.from(payload), { qos: 1 });
      const answerTo = async (id: string) => String(await there.wait(topics.result(id as Id)));
      const send = async (
        id: string,
        over: Partial<Command>,
        signer = coordinatorKey,
        topicId = id,
      ) => {
        const body: Command = {
          box,
          id: id as Id,
          verb: "announce",
          at: unixSeconds(now),
          expires: unixSeconds(now + 300),
          ...over,
        };
        publish(topicId, seal("command", body, signer, environment).bytes);
        return answerTo(topicId);
      };
      const id = (n: number) => `${n}`.repeat(32);
      there.forget();
      expect(await send(id(1), {})).toBe("done");
      await there.wait(topics.birth);
      const births = there.count(topics.birth);
      expect(await send(id(1), {})).toBe("done");
      const old = { at: unixSeconds(now - 400), expires: unixSeconds(now - 200) };
      expect(await send(id(2), old)).toBe("refused stale");
      expect(await send(id(3), {}, viewerKey)).toBe("refused unknown-signer");
      expect(await send(id(4), {}, coordinatorKey, id(5))).toBe("refused wrong-box");
      expect(await send(id(6), { box: viewerKey.publicKey })).toBe("refused wrong-box");
      publish(id(7), Buffer.alloc(600_000));
      expect(await answerTo(id(7))).toBe("refused too-large");
      publish("no-id", "x");
      // Long enough for the reporter's next turn, in which an announcement asked for twice would be said.
      await Bun.sleep(1500);
      expect(there.count(topics.birth)).toBe(births);
      expect(reporter.state).toEqual({ state: "connected" });
    });

    test("a wish reaches the box once, the newest version only, and only when it is signed and ours", async () => {
      await using bench = await openBench();
      using there = await bench.coordinator();
      const heard: number[] = [];
      bench.run({ onDesired: ({ body }) => heard.push(body.version) });
      await there.wait(topics.reported);
      const wish = (version: number, over: Partial<Desired> = {}, signer = coordinatorKey) => {
        const rest = { titles: [], takedowns: [], at: unixSeconds(1) };
        const { bytes } = seal("desired", { box, version, ...rest, ...over }, signer, environment);
        const options = { qos: 1, retain: true } as const;
        return there.client.publishAsync(topics.desired, Buffer.from(bytes), options);
      };
      await wish(5);
      await wish(5);
      await wish(4);
      await wish(9, {}, viewerKey);
      await wish(9, { box: viewerKey.publicKey });
      await wish(6);
      while (heard.at(-1) !== 6) await Bun.sleep(10);
      expect(heard).toEqual([5, 6]);
    });
  },
);
