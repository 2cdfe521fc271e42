/**
 * The reporter over TLS: the fleet's authority and nobody else's, a client certificate instead of a
 * password, and a box whose clock is decades off (9, 53, 54).
 */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClockQuality } from "../../agent/accounting/messages.ts";
import type { Journal } from "../../agent/journal/journal.ts";
import { makeJournal } from "../../agent/journal/journal-testing.ts";
import { type BrokerOptions, Reporter } from "../../agent/reporting/reporter.ts";
import { type Certificate, certificateMaker, hasFaketime, hasOpenssl } from "./certificates.ts";
import { type Broker, hasMosquitto, startMosquitto } from "./mosquitto.ts";
import { box, reporterOptions } from "./reporter-bench.ts";

// Real brokers and disks, on machines that may be busy.
setDefaultTimeout(60_000);

const users = { [box]: "box-word" };
const missing = [
  ...(hasMosquitto ? [] : ["mosquitto is missing"]),
  ...(hasOpenssl ? [] : ["openssl is missing"]),
];
const LOCAL = "IP:127.0.0.1,DNS:localhost";

let state: string;
let journal: Journal;
let stop: AbortController;
let running: Promise<void>;
let broker: Broker | undefined;

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), "spareband-tls-"));
  chmodSync(state, 0o755);
  journal = makeJournal(state).journal;
  stop = new AbortController();
  running = Promise.resolve();
});

afterEach(async () => {
  stop.abort();
  await running;
  journal[Symbol.dispose]();
  await broker?.[Symbol.asyncDispose]();
  broker = undefined;
  rmSync(state, { recursive: true, force: true });
});

function run(options: BrokerOptions, quality: ClockQuality = "synchronised"): Reporter {
  const clockQuality = () => quality;
  const reporter = new Reporter(reporterOptions(options, journal, { clockQuality }));
  running = reporter.run(stop.signal);
  return reporter;
}

async function settled(reporter: Reporter) {
  while (reporter.state.state === "connecting") await Bun.sleep(10);
  return reporter.state;
}

const listener =
  (server: Certificate, ca: Certificate, further: readonly string[]) => (port: number) =>
    [
      `listener ${port} 127.0.0.1`,
      `certfile ${server.certificatePath}`,
      `keyfile ${server.keyPath}`,
      `cafile ${ca.certificatePath}`,
      ...further,
    ].join("\n");

const start = async (server: Certificate, ca: Certificate, further: readonly string[] = []) => {
  broker = await startMosquitto({ users, listener: listener(server, ca, further) });
  return `mqtts://127.0.0.1:${broker.port}`;
};

const label = missing.length === 0 ? "" : ` (${missing.join(", ")})`;
describe.skipIf(missing.length > 0)(`reporter over TLS${label}`, () => {
  test("a client certificate whose name is the box's id stands for a password", async () => {
    const make = certificateMaker(state);
    const ca = make.authority("fleet");
    const server = make.signed("broker", "broker", LOCAL, ca);
    const client = make.signed("box", box, "DNS:box", ca);
    const url = await start(server, ca, [
      "require_certificate true",
      "use_identity_as_username true",
    ]);
    const tls = { ca: ca.certificate, certificate: client.certificate, key: client.key };
    expect(await settled(run({ url, tls: () => tls }))).toEqual({ state: "connected" });
  });

  test("the sample configuration that is shipped starts a broker, and a box with a certificate gets in", async () => {
    const make = certificateMaker(state);
    const ca = make.authority("fleet");
    const server = make.signed("broker", "broker", LOCAL, ca);
    const client = make.signed("box", box, "DNS:box", ca);
    const sample = readFileSync("agent/reporting/mosquitto/spareband.conf", "utf8");
    // As on Debian, whose own file is read first: what may not be said twice is not said in ours.
    const debians = `persistence true\npersistence_location ${state}/\n`;
    const configuration = (port: number, acl: string) =>
      `${debians}${sample}`
        .replace("listener 8883", `user root\nlistener ${port} 127.0.0.1`)
        .replace("/etc/mosquitto/spareband.acl", acl)
        .replace("/etc/mosquitto/certs/fleet-ca.crt", ca.certificatePath)
        .replace("/etc/mosquitto/certs/broker.crt", server.certificatePath)
        .replace("/etc/mosquitto/certs/broker.key", server.keyPath);
    broker = await startMosquitto({ users, configuration });
    const tls = { ca: ca.certificate, certificate: client.certificate, key: client.key };
    const reporter = run({ url: `mqtts://127.0.0.1:${broker.port}`, tls: () => tls });
    expect(await settled(reporter)).toEqual({ state: "connected" });
  });

  test("a broker of another authority, or under another name, gets no password", async () => {
    const make = certificateMaker(state);
    const ca = make.authority("fleet");
    const other = make.authority("other");
    let asked = 0;
    const password = () => {
      asked += 1;
      return users[box];
    };
    for (const server of [
      make.signed("stranger", "broker", LOCAL, other),
      make.signed("misnamed", "broker", "DNS:elsewhere.example", ca),
    ]) {
      const url = await start(server, ca);
      const reporter = run({ url, tls: () => ({ ca: ca.certificate }), password });
      expect(await settled(reporter)).toMatchObject({
        state: "waiting",
        failure: "unreachable",
        reason: expect.stringContaining("is not trusted"),
      });
      stop.abort();
      await running;
      stop = new AbortController();
      await broker?.[Symbol.asyncDispose]();
    }
    expect(asked).toBe(0);
  });
});

const withoutClock = [...missing, ...(hasFaketime ? [] : ["faketime is missing"])];
const clockLabel = withoutClock.length === 0 ? "" : ` (${withoutClock.join(", ")})`;
describe.skipIf(withoutClock.length > 0)(`a box whose clock is years behind${clockLabel}`, () => {
  test("reaches the broker of its pinned authority, and no other, until it knows the time", async () => {
    const make = certificateMaker(state, new Date().getFullYear() + 14);
    const ca = make.authority("fleet");
    const other = make.authority("other");
    const server = make.signed("broker", "broker", LOCAL, ca);
    const url = await start(server, ca);
    const password = () => users[box];
    const attempt = async (authority: Pick<Certificate, "certificate">, quality: ClockQuality) => {
      const tls = () => ({ ca: authority.certificate });
      const reporter = run({ url, tls, password }, quality);
      const { state: outcome } = await settled(reporter);
      stop.abort();
      await running;
      stop = new AbortController();
      return outcome;
    };
    expect(await attempt(ca, "untrusted")).toBe("connected");
    expect(await attempt(ca, "synchronised")).toBe("waiting");
    expect(await attempt(other, "untrusted")).toBe("waiting");
    // While a fleet changes its authority its boxes are given both.
    const both = `${other.certificate}${ca.certificate}`;
    expect(await attempt({ certificate: both }, "untrusted")).toBe("connected");
  });
});

describe("a network that is not there or lies", () => {
  test("a name that does not resolve, a port nobody listens on: soon again, and it stops at once", async () => {
    for (const url of ["mqtt://no-such-host.invalid", "mqtt://127.0.0.1:1"]) {
      const reporter = run({ url });
      expect(await settled(reporter)).toMatchObject({ state: "waiting", failure: "unreachable" });
      stop.abort();
      await running;
      stop = new AbortController();
    }
  });

  test("a captive portal that answers with a web page is no broker", async () => {
    const portal = createServer((socket) =>
      socket.end("HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\n\r\n"),
    );
    await new Promise<void>((done) => portal.listen(0, "127.0.0.1", done));
    const address = portal.address();
    const port = typeof address === "object" && address ? address.port : 0;
    const reporter = run({ url: `mqtt://127.0.0.1:${port}`, password: () => "secret" });
    expect(await settled(reporter)).toMatchObject({
      state: "waiting",
      reason: expect.stringContaining("what answers is no MQTT broker"),
    });
    portal.close();
  });

  test("a broker that accepts and never speaks does not hold up a stop", async () => {
    const accepted = Promise.withResolvers<void>();
    const mute = createServer(() => accepted.resolve());
    await new Promise<void>((done) => mute.listen(0, "127.0.0.1", done));
    const address = mute.address();
    const port = typeof address === "object" && address ? address.port : 0;
    run({ url: `mqtt://127.0.0.1:${port}` });
    await accepted.promise;
    stop.abort();
    await running;
    mute.close();
    // Left alone it gives up after 30 s; a stop that waited for that would not end in time here.
  }, 20_000);
});
