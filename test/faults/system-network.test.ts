/** A whole box on a network that is broken from its start: the page is up, and a stop is not held up. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../scenario/run.ts";
import { configFile } from "../soak/config-file.ts";
import { freePort } from "./mosquitto.ts";

const directory = mkdtempSync(join(tmpdir(), "spareband-network-"));
const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
  rmSync(directory, { recursive: true, force: true });
});

/** A listener that answers every first packet with `text`, or never with anything. */
async function listener(text?: string): Promise<string> {
  const port = await freePort();
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    if (text !== undefined) socket.once("data", () => socket.end(text));
  });
  await new Promise<void>((done) => server.listen(port, "127.0.0.1", done));
  servers.push(server);
  return `127.0.0.1:${port}`;
}

const PORTAL =
  "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 24\r\nconnection: close\r\n\r\n<h1>Please log in.</h1>\n";

test.each([
  ["no name can be looked up", async () => "no-such-host.invalid:9"],
  ["a captive portal answers for everyone", () => listener(PORTAL)],
  ["everyone accepts and nobody answers", () => listener()],
  ["nobody is there", async () => `127.0.0.1:${await freePort()}`],
])(
  "fault 54: when %s the page is up, it says so, and a stop waits for nobody",
  async (name, open) => {
    const there = await open();
    const page = `127.0.0.1:${await freePort()}`;
    const folder = join(directory, name.replaceAll(" ", "-"));
    const config = configFile(folder, {
      environment: "dev",
      "box.state_dir": join(folder, "state"),
      "box.hardware": "simulated",
      "box.listen": "127.0.0.1:0",
      "status.listen": page,
      "coordinator.url": `http://${there}`,
      "mqtt.url": `mqtt://${there}`,
    });
    const box = run(["box", "--config", config]);
    await box.line(/box runs/);
    const shown = await fetch(`http://${page}/`);
    expect(shown.status).toBe(200);
    // Long enough for its first tries to have failed, and for second ones.
    await box.line(/coordinator/);
    expect((await fetch(`http://${page}/`)).status).toBe(200);
    const status = run(["status", "--json", "--config", config]);
    expect(JSON.parse((await status.ended).stdout).sharing.state).toBe("held");
    // Who never answers goes on holding its connections meanwhile.
    box.kill("SIGTERM");
    expect((await box.ended).status).toBe(0);
  },
  60_000,
);
