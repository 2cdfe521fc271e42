/** One question to the gateway over UDP, asked again until it answers. */
import { createSocket, type Socket } from "node:dgram";
import type { Clock } from "../../../agent/core/clock.ts";
import { milliseconds } from "../../../agent/core/units.ts";

/** NAT-PMP and PCP share it. */
export const MAPPING_PORT = 5351;
/** RFC 6886 §3.1 begins at 250 ms and doubles; who stays silent this long is asked anew minutes later. */
const WAITS = [250, 500, 1000].map(milliseconds);

export interface GatewayQuestion<T> {
  readonly gateway: string;
  readonly port?: number | undefined;
  readonly message: Uint8Array;
  /** undefined for a datagram that answers something else. */
  readonly parse: (answer: Uint8Array) => T | undefined;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/**
 * undefined when nothing usable came. The socket is connected, so the kernel lets nobody but the
 * gateway answer, and a closed port is known at once.
 */
export async function askGateway<T>(question: GatewayQuestion<T>): Promise<T | undefined> {
  const { gateway, port = MAPPING_PORT, message, parse, clock } = question;
  const socket = createSocket("udp4");
  const over = new AbortController();
  const stop = AbortSignal.any([over.signal, ...(question.signal ? [question.signal] : [])]);
  let answer: T | undefined;
  socket.on("error", () => over.abort());
  socket.on("message", (datagram) => {
    answer ??= parse(datagram);
    if (answer !== undefined) over.abort();
  });
  try {
    if (!(await connected(socket, port, gateway))) return undefined;
    for (const wait of WAITS) {
      if (stop.aborted) break;
      // a refusal shows as an error of the socket, a loss as silence
      socket.send(message, () => {});
      await clock.sleep(wait, stop);
    }
    return answer;
  } finally {
    socket.close();
  }
}

/** The address that this machine has towards the gateway; undefined without a route. Sends nothing. */
export async function addressTowards(gateway: string): Promise<string | undefined> {
  const socket = createSocket("udp4");
  try {
    return (await connected(socket, MAPPING_PORT, gateway)) ? socket.address().address : undefined;
  } finally {
    socket.close();
  }
}

function connected(socket: Socket, port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    socket.once("error", () => resolve(false));
    socket.connect(port, host, () => resolve(true));
  });
}
