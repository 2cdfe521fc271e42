/** What a box that was let in can do to the broker: fill topics of its own, and never its machine. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import mqtt from "mqtt";
import type { Id } from "../../agent/core/encoding.ts";
import { hasMosquitto, startMosquitto } from "./mosquitto.ts";
import { box, LIMIT_MS, openBench, topics } from "./reporter-bench.ts";

setDefaultTimeout(LIMIT_MS);

const MIB = 1024 * 1024;
const shipped = (name: string) => readFileSync(`agent/reporting/mosquitto/${name}`, "utf8");
const kept = { qos: 1, retain: true } as const;

test("the shipped access rules let a box write under its own names, and a pattern for answers alone", () => {
  const rules = shipped("spareband.acl").matchAll(/^pattern (\w+) (.+)$/gm);
  const written = [...rules].flatMap(([, access, topic]) => (access === "read" ? [] : [topic]));
  expect(written).toHaveLength(6);
  const patterns = written.filter((topic) => topic === undefined || /[+#]/.test(topic));
  expect(patterns).toEqual(["spareband/v1/home/%u/res/+"]);
});

const label = hasMosquitto ? "" : " (mosquitto is missing)";
describe.skipIf(!hasMosquitto)(`a box that wants to fill mosquitto${label}`, () => {
  test("leaves a retained message under each of its names, and under no other", async () => {
    await using bench = await openBench();
    using intruder = await bench.asBox();
    const { state, birth, usage, reported, tail } = topics;
    const result = topics.result("0".repeat(32) as Id);
    const own = [state, birth, usage, reported, result, tail];
    const base = dirname(state);
    const others = [
      base,
      `${base}/more`,
      `${state}/1`,
      dirname(result),
      `${result}/1`,
      ...own.map((topic) => topic.replace("/home/", "/elsewhere/")),
    ];
    const outcomes = await Promise.allSettled(
      [...own, ...others].map((topic) => intruder.client.publishAsync(topic, "stays", kept)),
    );
    const taken = outcomes.map(({ status }) => status === "fulfilled");
    expect(taken).toEqual([...own.map(() => true), ...others.map(() => false)]);
  });

  test("is cut off at the limit on memory, and the others go on", async () => {
    const limit = 32 * MIB;
    const [other, word] = ["c".repeat(64), "word"];
    const limits = shipped("spareband.conf")
      .replace(/^memory_limit .*$/m, `memory_limit ${limit}`)
      .match(/^(max_|memory_|persistent_client_).*$/gm);
    await using broker = await startMosquitto({
      users: { [box]: word, [other]: word, coordinator: word },
      configuration: (port, acl) =>
        [
          `listener ${port} 127.0.0.1`,
          "allow_anonymous false",
          `password_file ${join(dirname(acl), "passwords")}`,
          `acl_file ${acl}`,
          "user root",
          "persistence false",
          ...(limits ?? []),
        ].join("\n"),
    });
    const connect = (username: string, clean = true) =>
      mqtt.connectAsync(broker.url, {
        protocolVersion: 5,
        clientId: `${username} ${clean}`,
        username,
        password: word,
        clean,
        reconnectPeriod: 0,
        properties: { sessionExpiryInterval: clean ? 0 : 0xffff_ffff },
      });
    // A session that stays behind: the broker queues for it what it will never fetch.
    const gone = await connect(box, false);
    await gone.subscribeAsync(topics.tail, { qos: 1 });
    await gone.endAsync();
    const flooding = await connect(box);
    const cut = new Promise<void>((done) => flooding.once("close", done));
    let taken = 0;
    const flood = async () => {
      for (; flooding.connected && taken < 4 * (limit / MIB); taken++)
        await flooding.publishAsync(topics.tail, Buffer.alloc(MIB, taken), { qos: 1 });
    };
    await Promise.race([cut, flood().catch(() => cut)]);
    expect(taken).toBeLessThan(limit / MIB);

    const listener = await connect("coordinator");
    const theirs = topics.state.replace(box, other);
    const heard = new Promise((done) => listener.once("message", (topic) => done(topic)));
    await listener.subscribeAsync(theirs, { qos: 1 });
    const honest = await connect(other);
    await honest.publishAsync(theirs, "online 1", kept);
    expect(await heard).toBe(theirs);
    expect(residentBytes(broker.pid())).toBeLessThan(2 * limit);
    for (const client of [flooding, listener, honest]) client.end(true);
  });
});

function residentBytes(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
