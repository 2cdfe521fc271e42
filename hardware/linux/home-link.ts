/** Multicast that no router carries on: of local scope (RFC 2365) and with a hop limit of 1. */
import type { HomeLink } from "../home-link.ts";
import { DatagramSocket } from "./datagram.ts";
import type { Libc } from "./ffi.ts";

const GROUP = "239.255.83.66";
const PORT = 7403;
const MOST_AT_ONCE = 32;
/** A group is joined on one interface; after so many messages on that which is the default one by then. */
const JOINED_FOR = 600;

export class LinuxHomeLink implements HomeLink {
  readonly #libc: Libc;
  #socket: DatagramSocket | undefined;
  #sent = 0;

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  announce(message: Uint8Array): boolean {
    if (this.#sent++ % JOINED_FOR === 0) this.close();
    this.#socket ??= DatagramSocket.openGroup(this.#libc, GROUP, PORT);
    if (this.#socket?.send(message, GROUP, PORT)) return true;
    // No network yet, or it is another one now.
    this.close();
    return false;
  }

  receive(): readonly Uint8Array[] {
    const messages: Uint8Array[] = [];
    while (messages.length < MOST_AT_ONCE) {
      const next = this.#socket?.receive();
      if (!next) break;
      messages.push(next.data.slice());
    }
    return messages;
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }
}
