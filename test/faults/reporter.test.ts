/**
 * The reporter against a real broker: what it says, what it refuses, and how it comes back.
 */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt, { type MqttClient } from "mqtt";
import { decodeBatch } from "../../agent/accounting/batch.ts";
import { open, seal } from "../../agent/accounting/envelope.ts";
import type { Command, Desired } from "../../agent/accounting/messages.ts";
import { type Id, sha256 } from "../../agent/core/encoding.ts";
import { createLog, silentLog } from "../../agent/core/log.ts";
import { seededRandom } from "../../agent/core/random.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { bytes, seconds, unixSeconds } from "../../agent/core/units.ts";
import type { Journal } from "../../agent/journal/journal.ts";
import {
  boxKey,
  coordinatorKey,
  environment,
  makeAck,
  makeJournal,
  makeSnapshot,
  makeTicket,
  viewerKey,
} from "../../agent/journal/journal-testing.ts";
import { Reporter, type ReporterOptions } from "../../agent/reporting/reporter.ts";
import { topicsOf } from "../../agent/reporting/topics.ts";
import { type Broker, hasMosquitto, startMosquitto } from "./mosquitto.ts";

// Real brokers and disks, on machines that may be busy.
setDefaultTimeout(30_000);

const box = boxKey.publicKey;
const topics = topicsOf("home", box);
const users = {
  [box]: "box-word",
  coordinator: "coordinator-word",
  [viewerKey.publicKey]: "other",
};

/** Everything that comes in, and a wait for the first that fits. */
class Listener {
  readonly #seen: { topic: string; payload: Buffer; retain: boolean }[] = [];
  readonly client: MqttClient;

  constructor(client: MqttClient) {
    this.client = client;
    client.on("message", (topic, payload, { retain }) => {
      this.#seen.push({ topic, payload, retain });
    });
  }

  async wait(topic: string, fits: (payload: Buffer) => boolean = () => true): Promise<Buffer> {
    for (let tries = 0; tries < 400; tries++) {
      const found = this.#seen.find((message) => message.topic === topic && fits(message.payload));
      if (found) return found.payload;
      await Bun.sleep(25);
    }
    throw new Error(`nothing fitting came on ${topic}`);
  }

  count(topic: string): number {
    return this.#seen.filter((message) => message.topic === topic).length;
  }

  forget(): void {
    this.#seen.length = 0;
  }
}

async function coordinator(broker: Broker): Promise<Listener> {
  const client = await mqtt.connectAsync(broker.url, {
    protocolVersion: 5,
    username: "coordinator",
    password: users.coordinator as string,
  });
  const listener = new Listener(client);
  await client.subscribeAsync(
    ["state", "birth", "usage", "reported", "res/+"].map((name) => `spareband/v1/home/+/${name}`),
    { qos: 1 },
  );
  return listener;
}

function reporterOptions(url: string, journal: Journal, over: Partial<ReporterOptions> = {}) {
  return {
    broker: { url, password: () => users[box] },
    fleet: "home",
    signer: boxKey,
    environment: "dev",
    coordinatorKeys: () => new Set([coordinatorKey.publicKey]),
    records: journal,
    describe: () => ({ version: "0.1.0", device: "test", addresses: [], capacity: bytes(0) }),
    report: () => ({ sharing: true, rate: 1_000_000, titles: [], blocked: [] }),
    onDesired: () => {},
    clock: systemClock,
    clockQuality: () => "synchronised",
    random: seededRandom(3),
    log: silentLog,
    spread: seconds(0),
    greeting: seconds(0),
    ...over,
  } satisfies ReporterOptions;
}

describe.skipIf(!hasMosquitto)(
  `reporter over mosquitto${hasMosquitto ? "" : " (mosquitto is missing)"}`,
  () => {
    let state: string;
    let broker: Broker;
    let journal: Journal;
    let stop: AbortController;
    let running: Promise<void>;

    beforeEach(async () => {
      state = mkdtempSync(join(tmpdir(), "spareband-reporter-"));
      broker = await startMosquitto({ users });
      journal = makeJournal(state).journal;
      stop = new AbortController();
      running = Promise.resolve();
    });

    afterEach(async () => {
      stop.abort();
      await running;
      journal[Symbol.dispose]();
      await broker[Symbol.asyncDispose]();
      rmSync(state, { recursive: true, force: true });
    });

    const run = (over: Partial<ReporterOptions> = {}, url = broker.url) => {
      const reporter = new Reporter(reporterOptions(url, journal, over));
      running = reporter.run(stop.signal);
      return reporter;
    };

    const serve = (from: number, to: number) => {
      for (let n = from; n <= to; n++)
        journal.close(makeSnapshot(makeTicket(n), 1_000_000), "done");
      journal.commit();
    };

    test("says who it is, sends its records, and prunes them when they are acked", async () => {
      const there = await coordinator(broker);
      serve(1, 3);
      run();
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
      there.client.publish(topics.ack, Buffer.from(makeAck(journal.chain, { head }).bytes), {
        qos: 1,
      });
      while (journal.pendingRecords > 0) await Bun.sleep(10);

      stop.abort();
      await running;
      expect(String(await there.wait(topics.state, (p) => String(p).includes("offline")))).toBe(
        "offline 1",
      );
      there.client.end(true);
    });

    test("an ack that is lost, forged or garbled frees nothing, and the records are sent again", async () => {
      const there = await coordinator(broker);
      serve(1, 1);
      run();
      await there.wait(topics.usage);
      const forged = seal("ack", makeAck(journal.chain).body, viewerKey, environment);
      there.client.publish(topics.ack, Buffer.from(forged.bytes), { qos: 1 });
      there.client.publish(topics.ack, Buffer.from("garbage"), { qos: 1 });
      there.client.publish(topics.ack, Buffer.alloc(500_000), { qos: 1 });
      const gap = makeAck(journal.chain, { upTo: 0, head: "0".repeat(64) as never, resendFrom: 1 });
      there.forget();
      there.client.publish(topics.ack, Buffer.from(gap.bytes), { qos: 1 });
      await there.wait(topics.usage);
      expect(journal.pendingRecords).toBe(1);
      there.client.end(true);
    });

    test("a power cut takes nothing that the broker keeps, and no answered record is made twice", async () => {
      journal[Symbol.dispose]();
      journal = makeJournal(state, { clock: systemClock }).journal;
      run();
      const there = await coordinator(broker);
      await there.wait(topics.reported);
      const cut = mkdtempSync(join(tmpdir(), "spareband-cut-"));
      cpSync(state, cut, { recursive: true });
      journal.note(makeSnapshot(makeTicket(1), 6_000_000, 3));
      journal.close(makeSnapshot(makeTicket(2), 7_000_000, 4), "done");
      const own = await mqtt.connectAsync(broker.url, {
        protocolVersion: 5,
        username: box,
        password: users[box] as string,
      });
      const ears = new Listener(own);
      await own.subscribeAsync(topics.tail, { qos: 1 });
      const entriesOf = (bytes: Uint8Array) => {
        const tail = open("tail", bytes, { environment, signer: box });
        return tail.ok ? tail.message.body.entries.length : 0;
      };
      await ears.wait(topics.tail, (payload) => entriesOf(payload) === 2);
      stop.abort();
      await running;

      const survivor = makeJournal(cut, { clock: systemClock }).journal;
      const again = new AbortController();
      const told = new Reporter(reporterOptions(broker.url, survivor)).run(again.signal);
      while (survivor.pendingRecords < 2) await Bun.sleep(10);
      const proven = [1, 2].map((n) => survivor.restore(makeTicket(n).hash)?.proven);
      expect(proven).toEqual([bytes(6_000_000), bytes(7_000_000)]);
      await ears.wait(topics.tail, (payload) => payload.length === 0);
      again.abort();
      await told;
      survivor[Symbol.dispose]();
      there.client.end(true);
      own.end(true);
      rmSync(cut, { recursive: true });
    });

    test("a broker whose access rules do not know the tail keeps none, and records go on", async () => {
      await broker[Symbol.asyncDispose]();
      broker = await startMosquitto({
        users: {},
        configuration(port, acl) {
          writeFileSync(acl, readFileSync(acl, "utf8").replaceAll(/^pattern .*\/tail\n/gm, ""));
          const open = `listener ${port} 127.0.0.1\nallow_anonymous true\nuser root`;
          return `${open}\nacl_file ${acl}\npersistence false\n`;
        },
      });
      const warned: string[] = [];
      const log = createLog({
        format: "text",
        level: "warning",
        write: (line) => warned.push(line),
      });
      const there = await coordinator(broker);
      run({ log });
      journal.note(makeSnapshot(makeTicket(9), 5_000_000, 1));
      serve(1, 2);
      await there.wait(topics.usage);
      expect(warned.join()).toContain("the broker does not keep the tail");
      there.client.end(true);
    });

    test("a journal that is opened again while connected is announced over a new connection", async () => {
      journal[Symbol.dispose]();
      rmSync(join(state, "journal"), { recursive: true });
      writeFileSync(join(state, "journal"), "a file where the directory should be");
      const made = makeJournal(state);
      journal = made.journal;
      expect(journal.state.state).toBe("unavailable");
      const turning = new AbortController();
      const turns = journal.run(turning.signal);
      const there = await coordinator(broker);
      const reporter = run();
      while (reporter.state.state !== "connected") await Bun.sleep(10);
      rmSync(join(state, "journal"));
      await made.clock.advance(6000);
      expect(journal.state).toEqual({ state: "ready" });
      const birth = open("birth", await there.wait(topics.birth), { environment });
      expect(birth.ok && birth.message.body.generation).toBe(journal.chain.generation);
      expect(String(await there.wait(topics.state, (p) => String(p).startsWith("online")))).toBe(
        `online ${journal.chain.boots}`,
      );
      turning.abort();
      await turns;
      there.client.end(true);
    });

    test("commands: carried out once, answered always, refused with a code, and the connection stays", async () => {
      const there = await coordinator(broker);
      const reporter = run();
      await there.wait(topics.reported);
      const now = Math.floor(Date.now() / 1000);
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
          expires: unixSeconds(now + 60),
          ...over,
        };
        const { bytes: sealed } = seal("command", body, signer, environment);
        there.client.publish(
          topicsOf("home", box).commands.replace("+", topicId),
          Buffer.from(sealed),
          { qos: 1 },
        );
        return String(await there.wait(topics.result(topicId as Id)));
      };
      const id = (n: number) => `${n}`.repeat(32);
      there.forget();
      expect(await send(id(1), {})).toBe("done");
      await there.wait(topics.birth);
      const births = there.count(topics.birth);
      expect(await send(id(1), {})).toBe("done");
      expect(
        await send(id(2), { at: unixSeconds(now - 400), expires: unixSeconds(now - 200) }),
      ).toBe("refused stale");
      expect(await send(id(3), {}, viewerKey)).toBe("refused unknown-signer");
      expect(await send(id(4), {}, coordinatorKey, id(5))).toBe("refused wrong-box");
      expect(await send(id(6), { box: viewerKey.publicKey })).toBe("refused wrong-box");
      there.client.publish(topics.commands.replace("+", id(7)), Buffer.alloc(600_000), { qos: 1 });
      expect(String(await there.wait(topics.result(id(7) as Id)))).toBe("refused too-large");
      there.client.publish(topics.commands.replace("+", "no-id"), Buffer.from("x"), { qos: 1 });
      await Bun.sleep(1500);
      expect(there.count(topics.birth)).toBe(births);
      expect(reporter.state).toEqual({ state: "connected" });
      there.client.end(true);
    });

    test("a wish reaches the box once, the newest version only, and only when it is signed and ours", async () => {
      const there = await coordinator(broker);
      const heard: number[] = [];
      run({ onDesired: ({ body }) => heard.push(body.version) });
      await there.wait(topics.reported);
      const wish = (version: number, over: Partial<Desired> = {}, signer = coordinatorKey) => {
        const body: Desired = {
          box,
          version,
          titles: [],
          takedowns: [],
          at: unixSeconds(1),
          ...over,
        };
        const { bytes: sealed } = seal("desired", body, signer, environment);
        return there.client.publishAsync(topics.desired, Buffer.from(sealed), {
          qos: 1,
          retain: true,
        });
      };
      await wish(5);
      await wish(5);
      await wish(4);
      await wish(9, {}, viewerKey);
      await wish(9, { box: viewerKey.publicKey });
      await wish(6);
      while (heard.at(-1) !== 6) await Bun.sleep(10);
      expect(heard).toEqual([5, 6]);
      there.client.end(true);
    });

    test("the broker is killed and comes back: what was not acked is sent again", async () => {
      serve(1, 2);
      const reporter = run({ random: { unit: () => 0.1, bytes: () => new Uint8Array(16) } });
      while (reporter.state.state !== "connected") await Bun.sleep(10);
      await broker.stop();
      while (reporter.state.state === "connected") await Bun.sleep(10);
      await broker.start();
      const there = await coordinator(broker);
      const frame = decodeBatch(await there.wait(topics.usage));
      expect(frame.ok && frame.messages.length).toBe(2);
      there.client.end(true);
    });

    test("wrong credentials: seldom retries, and nothing else breaks", async () => {
      const reporter = run({ broker: { url: broker.url, password: () => "wrong" } });
      while (reporter.state.state !== "waiting") await Bun.sleep(10);
      expect(reporter.state).toMatchObject({ failure: "refused" });
      expect(reporter.state.until - systemClock.monotonicMs()).toBeGreaterThan(14 * 60_000);
    });

    test("a second device with the same key: each take-over is noticed, and then it is said", async () => {
      const reporter = run({ clock: hurried });
      const stopClone = new AbortController();
      const other = makeJournal(join(state, "clone"));
      const clone = new Reporter(
        reporterOptions(broker.url, other.journal, {
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
      expect([reporter.cloneSuspected, clone.cloneSuspected]).toEqual([true, true]);
    });

    test("the shipped access rules: a box can neither read nor write what is another box's", async () => {
      const other = topicsOf("home", viewerKey.publicKey);
      const there = await coordinator(broker);
      const intruder = await mqtt.connectAsync(broker.url, {
        protocolVersion: 5,
        username: box,
        password: users[box] as string,
        reconnectPeriod: 0,
      });
      const ears = new Listener(intruder);
      const grants = await intruder
        .subscribeAsync(
          [other.ack, other.desired, other.commands, other.tail, "spareband/#", "#"],
          { qos: 1 },
        )
        .catch(() => []);
      for (const topic of [
        other.state,
        other.birth,
        other.usage,
        other.reported,
        other.tail,
        other.result("0".repeat(32) as Id),
        topics.ack,
        topics.desired,
      ]) {
        await intruder
          .publishAsync(topic, "mine now", { qos: 1, retain: true })
          .catch(() => undefined);
      }
      await intruder.publishAsync(topics.usage, "allowed", { qos: 1 });
      expect(String(await there.wait(topics.usage))).toBe("allowed");
      await there.client.publishAsync(other.ack, "secret", { qos: 1 });
      await there.client.publishAsync(other.desired, "secret", { qos: 1, retain: true });
      await there.client.publishAsync(other.commands.replace("+", "0".repeat(32)), "secret", {
        qos: 1,
      });
      await Bun.sleep(300);
      expect(
        [other.state, other.birth, other.usage, other.reported].map((topic) => there.count(topic)),
      ).toEqual([0, 0, 0, 0]);
      const heard = [other.ack, other.desired, other.tail].map((topic) => ears.count(topic));
      expect(heard).toEqual([0, 0, 0]);
      expect(grants.length).toBeGreaterThanOrEqual(0);
      intruder.end(true);
      there.client.end(true);
    });
  },
);

/** Waits of the back-off pass a thousand times faster. */
const hurried: ReporterOptions["clock"] = {
  ...systemClock,
  sleep: (duration, signal) =>
    systemClock.sleep((duration > 5000 ? duration / 1000 : duration) as never, signal),
};
