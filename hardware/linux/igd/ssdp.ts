/** Simple Service Discovery Protocol (UPnP Device Architecture 1.1 §1.3): who on the LAN describes itself where. */
import { createSocket } from "node:dgram";
import type { Clock } from "../../../agent/core/clock.ts";
import type { Milliseconds } from "../../../agent/core/units.ts";

const PORT = 1900;
const GROUP = "239.255.255.250";
const LONGEST_REPLY = 2048;

export interface SsdpQuery {
  /** Only this host's answer counts: a counter from anybody else on the LAN could be made up. */
  readonly host: string;
  readonly target: string;
  readonly timeout: Milliseconds;
  readonly clock: Clock;
  /** Where the host listens, when not on the port of the standard. */
  readonly port?: number;
}

/** The description's address from the host's first answer; undefined when it stays silent. */
export async function discover(query: SsdpQuery): Promise<URL | undefined> {
  const { host, target, timeout, clock, port = PORT } = query;
  const over = new AbortController();
  const socket = createSocket("udp4");
  const answered = new Promise<URL | undefined>((resolve) => {
    socket.on("error", () => resolve(undefined));
    socket.on("message", (message, sender) => {
      if (sender.address !== host || message.length > LONGEST_REPLY) return;
      const location = parseReply(message.toString("latin1"), host);
      if (location) resolve(location);
    });
  });
  socket.bind(0, () => {
    const search = Buffer.from(searchRequest(target));
    // most routers answer the group, some only when asked by name; a refusal shows as silence
    for (const address of [GROUP, host]) socket.send(search, port, address, () => {});
  });
  const silence = clock.sleep(timeout, over.signal).then(() => undefined);
  const location = await Promise.race([answered, silence]);
  over.abort();
  socket.close();
  return location;
}

export const searchRequest = (target: string) =>
  `M-SEARCH * HTTP/1.1\r\nHOST: ${GROUP}:${PORT}\r\nMAN: "ssdp:discover"\r\nMX: 1\r\nST: ${target}\r\n\r\n`;

/** The LOCATION of an answer, which has to lie on the host that sent it. */
export function parseReply(reply: string, host: string): URL | undefined {
  if (!/^HTTP\/1\.[01] 200\b/.test(reply)) return undefined;
  const location = reply.match(/^location:[ \t]*(\S+)[ \t]*\r?$/im)?.[1];
  const url = location ? URL.parse(location) : null;
  return url?.protocol === "http:" && url.hostname === host ? url : undefined;
}
