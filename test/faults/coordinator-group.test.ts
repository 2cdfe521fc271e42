/** A device with a key of its own beside the coordinator's workers, at a real Mosquitto. */
import { expect, test } from "bun:test";
import { connectAsync } from "mqtt";
import { createCoordinator } from "../../agent/coordinator/coordinator.ts";
import { newSigner } from "../../agent/coordinator/coordinator-testing.ts";
import { silentLog } from "../../agent/core/log.ts";
import { runAll } from "../../agent/core/part.ts";
import { seededRandom } from "../../agent/core/random.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { milliseconds } from "../../agent/core/units.ts";
import { hasMosquitto, startMosquitto } from "./mosquitto.ts";

const FRAMES = 30;

test.skipIf(!hasMosquitto)(
  "fault 32, needs mosquitto: a box that joins the workers' subscription takes no frame from them",
  async () => {
    const random = seededRandom(32);
    const [rogue, honest] = [newSigner(random).publicKey, newSigner(random).publicKey];
    const users = { coordinator: "word", [rogue]: "word", [honest]: "word" };
    await using broker = await startMosquitto({ users });
    const listening = Promise.withResolvers<void>();
    await using coordinator = createCoordinator({
      signer: newSigner(random),
      environment: "dev",
      fleet: "home",
      database: ":memory:",
      listen: { host: "127.0.0.1", port: 0 },
      mqtt: { url: broker.url, credentials: { username: "coordinator", password: "word" } },
      origin: {
        store: {
          addManifest: async () => "added",
          putChunk: async () => "stored",
          complete: () => true,
          missing: () => [],
          refuse: async () => {},
        },
        addresses: [],
      },
      reflectors: [],
      epoch: milliseconds(3_600_000),
      operatorToken: "word",
      clock: systemClock,
      random,
      log: {
        ...silentLog,
        info: (message) => {
          if (message === "listening for boxes") listening.resolve();
        },
      },
    });
    const stop = new AbortController();
    const running = runAll(coordinator.parts, stop.signal);
    await listening.promise;
    const enter = (username: string) =>
      connectAsync(broker.url, { protocolVersion: 5, username, password: "word" });
    const clients = await Promise.all([honest, ...Array<string>(9).fill(rogue)].map(enter));
    const [box, ...rogues] = clients;
    for (const client of rogues)
      await client.subscribeAsync("$share/ingest/spareband/v1/home/+/usage", { qos: 1 });

    for (let sent = 0; sent < FRAMES; sent++)
      await box?.publishAsync(`spareband/v1/home/${honest}/usage`, "no frame", { qos: 1 });
    const { ingest } = coordinator;
    for (let tries = 0; tries < 200 && ingest.figures.malformed < FRAMES; tries++)
      await Bun.sleep(25);
    expect(ingest.figures.malformed).toBe(FRAMES);

    await Promise.all(clients.map((client) => client.endAsync()));
    stop.abort();
    await running;
  },
  60_000,
);
