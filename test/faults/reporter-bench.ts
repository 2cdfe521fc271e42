/** A reporter on a real broker, with the coordinator's side of it in the test's hands. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt, { type MqttClient } from "mqtt";
import { silentLog } from "../../agent/core/log.ts";
import { seededRandom } from "../../agent/core/random.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { bytes, seconds } from "../../agent/core/units.ts";
import type { Journal } from "../../agent/journal/journal.ts";
import {
  boxKey,
  coordinatorKey,
  makeJournal,
  makeSnapshot,
  makeTicket,
  viewerKey,
} from "../../agent/journal/journal-testing.ts";
import {
  type BrokerOptions,
  Reporter,
  type ReporterOptions,
} from "../../agent/reporting/reporter.ts";
import { topicsOf } from "../../agent/reporting/topics.ts";
import { type Broker, startMosquitto } from "./mosquitto.ts";

/** For a test with a broker and a disk of its own, on a machine that may be busy. */
export const LIMIT_MS = 60_000;

export const box = boxKey.publicKey;
export const topics = topicsOf("home", box);
const users = {
  [box]: "box-word",
  coordinator: "coordinator-word",
  [viewerKey.publicKey]: "other",
};

/** Everything that comes in, and a wait for the first that fits. */
export class Listener implements Disposable {
  readonly #seen: { topic: string; payload: Buffer; retain: boolean }[] = [];
  readonly client: MqttClient;

  constructor(client: MqttClient) {
    this.client = client;
    client.on("message", (topic, payload, { retain }) => {
      this.#seen.push({ topic, payload, retain });
    });
  }

  async wait(topic: string, fits: (payload: Buffer) => boolean = () => true): Promise<Buffer> {
    for (;;) {
      const found = this.#seen.find((message) => message.topic === topic && fits(message.payload));
      if (found) return found.payload;
      await Bun.sleep(25);
    }
  }

  count(topic: string): number {
    return this.#seen.filter((message) => message.topic === topic).length;
  }

  forget(): void {
    this.#seen.length = 0;
  }

  [Symbol.dispose](): void {
    this.client.end(true);
  }
}

/** The box's, with what most tests do not care about filled in. */
export const reporterOptions = (
  broker: BrokerOptions,
  records: Journal,
  over: Partial<ReporterOptions> = {},
): ReporterOptions => ({
  broker,
  fleet: "home",
  signer: boxKey,
  environment: "dev",
  coordinatorKeys: () => new Set([coordinatorKey.publicKey]),
  records,
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
});

export interface ReporterBench extends AsyncDisposable {
  /** The box's state directory. */
  readonly state: string;
  /** Both may be replaced by a test; what is there at the end is closed. */
  broker: Broker;
  journal: Journal;
  /** Starts the box's reporter; one at a time. */
  run(over?: Partial<ReporterOptions>): Reporter;
  /** Stops it and waits for its end. */
  stop(): Promise<void>;
  /** Durable records of sessions `from` to `to`. */
  serve(from: number, to: number): void;
  /** Connects as the coordinator, who hears all boxes. */
  coordinator(): Promise<Listener>;
  /** Connects as the box itself, beside its reporter. */
  asBox(): Promise<Listener>;
  optionsFor(journal: Journal, over?: Partial<ReporterOptions>): ReporterOptions;
}

export async function openBench(): Promise<ReporterBench> {
  const state = mkdtempSync(join(tmpdir(), "spareband-reporter-"));
  const stopping = new AbortController();
  let running = Promise.resolve();
  const connect = async (username: string, password: string) =>
    new Listener(
      await mqtt.connectAsync(bench.broker.url, {
        protocolVersion: 5,
        username,
        password,
        reconnectPeriod: 0,
      }),
    );
  const bench: ReporterBench = {
    state,
    broker: await startMosquitto({ users }),
    journal: makeJournal(state).journal,
    run: (over) => {
      const reporter = new Reporter(bench.optionsFor(bench.journal, over));
      running = reporter.run(stopping.signal);
      return reporter;
    },
    stop: () => {
      stopping.abort();
      return running;
    },
    serve: (from, to) => {
      for (let n = from; n <= to; n++)
        bench.journal.close(makeSnapshot(makeTicket(n), 1_000_000), "done");
      bench.journal.commit();
    },
    coordinator: async () => {
      const listener = await connect("coordinator", users.coordinator as string);
      const heard = ["state", "birth", "usage", "reported", "res/+"];
      await listener.client.subscribeAsync(
        heard.map((name) => `spareband/v1/home/+/${name}`),
        { qos: 1 },
      );
      return listener;
    },
    asBox: () => connect(box, users[box] as string),
    optionsFor: (journal, over) =>
      reporterOptions({ url: bench.broker.url, password: () => users[box] }, journal, over),
    [Symbol.asyncDispose]: async () => {
      await bench.stop();
      bench.journal[Symbol.dispose]();
      await bench.broker[Symbol.asyncDispose]();
      rmSync(state, { recursive: true, force: true });
    },
  };
  return bench;
}
