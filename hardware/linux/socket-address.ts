import { ipv6Groups } from "../../agent/core/network-prefix.ts";
import { AF_INET, AF_INET6 } from "./ffi.ts";

/** sizeof(struct sockaddr_in6), the larger of the two families. */
export const SOCKADDR_LENGTH = 28;

export interface SocketAddress {
  readonly family: 4 | 6;
  readonly address: string;
  readonly port: number;
}

/** struct sockaddr_in or sockaddr_in6 → address; undefined for other families. */
export function parseSocketAddress(data: Uint8Array): SocketAddress | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const family = view.getUint16(0, true);
  const port = view.getUint16(2, false);
  if (family === AF_INET) return { family: 4, address: data.subarray(4, 8).join("."), port };
  if (family !== AF_INET6) return undefined;
  const address = data.subarray(8, 24);
  const mapped =
    address.subarray(0, 10).every((byte) => byte === 0) && view.getUint16(18) === 0xffff;
  if (mapped) return { family: 4, address: address.subarray(12).join("."), port };
  const words = Array.from({ length: 8 }, (_, i) => view.getUint16(8 + 2 * i).toString(16));
  return { family: 6, address: words.join(":"), port };
}

/** Where the address stands in a struct sockaddr_in or sockaddr_in6. */
export const addressBytes = (name: Uint8Array) =>
  name[0] === AF_INET ? { from: 4, to: 8 } : { from: 8, to: 24 };

/** Literal address → struct sockaddr_in or sockaddr_in6; undefined when it is not a literal. */
export function formatSocketAddress(address: string, port: number): Uint8Array | undefined {
  return address.includes(":") ? format6(address, port) : format4(address, port);
}

function format4(address: string, port: number): Uint8Array | undefined {
  const parts = address.split(".").map(Number);
  if (parts.length !== 4 || !parts.every((n) => Number.isInteger(n) && n >= 0 && n < 256)) {
    return undefined;
  }
  const data = new Uint8Array(16);
  const view = new DataView(data.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port, false);
  data.set(parts, 4);
  return data;
}

function format6(address: string, port: number): Uint8Array | undefined {
  const groups = ipv6Groups(address);
  if (!groups) return undefined;
  const data = new Uint8Array(28);
  const view = new DataView(data.buffer);
  view.setUint16(0, AF_INET6, true);
  view.setUint16(2, port, false);
  groups.forEach((group, i) => {
    view.setUint16(8 + 2 * i, group, false);
  });
  return data;
}
