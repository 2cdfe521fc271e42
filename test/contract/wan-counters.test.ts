import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createSocket, type Socket } from "node:dgram";
import { systemClock } from "../../agent/core/system-clock.ts";
import { bytes, milliseconds } from "../../agent/core/units.ts";
import { WAN_COMMON } from "../../hardware/linux/igd/soap.ts";
import { createWanCounters, type WanCounters } from "../../hardware/linux/igd/wan-counters.ts";

const HOST = "127.0.0.1";

/** A router on loopback that answers searches and SOAP calls as it is told. */
class FakeRouter {
  readonly #udp: Socket = createSocket("udp4");
  readonly #http;
  control = "/ctl";
  answer: (action: string) => string | Response = (action) =>
    `<New${action.slice(3)}>${action.includes("Sent") ? 1000 : 2000}</New${action.slice(3)}>`;

  constructor() {
    this.#http = Bun.serve({
      hostname: HOST,
      port: 0,
      fetch: (request) => {
        if (request.method === "GET") return new Response(this.#description());
        const action = request.headers.get("soapaction")?.match(/#(\w+)"/)?.[1] ?? "";
        const answer = this.answer(action);
        return answer instanceof Response ? answer : new Response(answer);
      },
    });
    this.#udp.on("message", (_, { port, address }) => {
      const location = `http://${HOST}:${this.#http.port}/desc.xml`;
      this.#udp.send(`HTTP/1.1 200 OK\r\nLOCATION: ${location}\r\n\r\n`, port, address);
    });
  }

  #description() {
    return `<root><service><serviceType>${WAN_COMMON}</serviceType><controlURL>${this.control}</controlURL></service></root>`;
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#udp.bind(0, HOST, resolve));
    return this.#udp.address().port;
  }

  close() {
    this.#udp.close();
    this.#http.stop(true);
  }
}

let router: FakeRouter;
let counters: WanCounters;

beforeEach(async () => {
  router = new FakeRouter();
  counters = createWanCounters({ clock: systemClock, ssdpPort: await router.listen() });
});
afterEach(() => router.close());

/** Reads until an answer comes; searching happens beside the readings. */
async function readFound(tries = 200) {
  for (let attempt = 0; attempt < tries; attempt++) {
    const found = await counters.read(HOST);
    if (found) return found;
    await systemClock.sleep(milliseconds(5));
  }
  return undefined;
}

describe("WAN counters over UPnP", () => {
  test("are found and read, and the first reading does not wait for the search", async () => {
    expect(await counters.read(HOST)).toBeUndefined();
    expect(await readFound()).toEqual({ sent: bytes(1000), received: bytes(2000) });
  });

  test("of a control address on another host are not asked for", async () => {
    router.control = "http://10.0.0.9/ctl";
    expect(await readFound(20)).toBeUndefined();
  });

  test("an error, nonsense and an endless answer are unknown", async () => {
    await readFound();
    router.answer = () => new Response("broken", { status: 500 });
    expect(await counters.read(HOST)).toBeUndefined();
    router.answer = () => "<html>log in</html>";
    expect(await counters.read(HOST)).toBeUndefined();
  });

  test("an answer that is too long is cut off", async () => {
    await readFound();
    router.answer = () => `${" ".repeat(1 << 20)}<NewTotalBytesSent>1</NewTotalBytesSent>`;
    expect(await counters.read(HOST)).toBeUndefined();
  });

  test("a router that lost its service is searched again and found", async () => {
    await readFound();
    const works = router.answer;
    router.answer = () => new Response("gone", { status: 404 });
    for (let failure = 0; failure < 3; failure++) await counters.read(HOST);
    router.answer = works;
    expect(await readFound()).toBeDefined();
  });
});
