/** Port Control Protocol, RFC 6887: the MAP opcode for TCP over IPv4, as bytes and back. */
import { isIPv4 } from "node:net";
import { type Milliseconds, seconds } from "../../../agent/core/units.ts";

const VERSION = 2;
const MAP = 1;
const ANSWER = 0x80;
const TCP = 6;
const NONCE_BYTES = 12;
const ANSWER_BYTES = 60;
/** Longest PCP message (§7). */
const LONGEST = 1100;

export interface PcpRequest {
  readonly client: string;
  readonly nonce: Uint8Array;
  readonly internalPort: number;
  readonly externalPort: number;
  /** 0 takes the mapping back. */
  readonly lifetime: Milliseconds;
}

export type PcpAnswer =
  | {
      readonly kind: "mapped";
      readonly externalPort: number;
      readonly externalAddress: string;
      readonly lifetime: Milliseconds;
    }
  /** The router speaks something else on this port; NAT-PMP most likely (§9, appendix A). */
  | { readonly kind: "other-version" }
  | { readonly kind: "refused"; readonly code: number };

/** Result codes of §7.4 that say something about us and not about the request. */
export const NETWORK_FAILURE = 7;
export const NO_RESOURCES = 8;
export const CANNOT_PROVIDE_EXTERNAL = 11;

export function encodeMap(request: PcpRequest): Uint8Array {
  const message = Buffer.alloc(ANSWER_BYTES);
  message[0] = VERSION;
  message[1] = MAP;
  message.writeUInt32BE(Math.ceil(request.lifetime / 1000), 4);
  mappedV4(request.client).copy(message, 8);
  message.set(request.nonce.subarray(0, NONCE_BYTES), 24);
  message[36] = TCP;
  message.writeUInt16BE(request.internalPort, 40);
  message.writeUInt16BE(request.externalPort, 42);
  // any outside address will do: the all-zeros IPv4 address, mapped (§11.1)
  mappedV4("0.0.0.0").copy(message, 44);
  return message;
}

/** undefined for what does not answer this request. */
export function parseMap(message: Uint8Array, request: PcpRequest): PcpAnswer | undefined {
  if (message.length < 4 || message.length > LONGEST) return undefined;
  const bytes = Buffer.from(message);
  if (((bytes[1] ?? 0) & ANSWER) === 0) return undefined;
  if (bytes[0] !== VERSION) return { kind: "other-version" };
  if (bytes.length < 24 || bytes.length % 4 !== 0 || bytes[1] !== (MAP | ANSWER)) return undefined;
  const code = bytes[3] ?? 0;
  if (code !== 0) return { kind: "refused", code };
  if (bytes.length < ANSWER_BYTES) return undefined;
  const ours =
    bytes.subarray(24, 36).equals(request.nonce.subarray(0, NONCE_BYTES)) &&
    bytes[36] === TCP &&
    bytes.readUInt16BE(40) === request.internalPort;
  const externalAddress = plainV4(bytes.subarray(44, 60));
  if (!ours || externalAddress === undefined) return undefined;
  return {
    kind: "mapped",
    externalPort: bytes.readUInt16BE(42),
    externalAddress,
    lifetime: seconds(bytes.readUInt32BE(4)),
  };
}

/** ::ffff:a.b.c.d, in which PCP carries IPv4 addresses (§5). */
const MAPPED_PREFIX = Buffer.from("00000000000000000000ffff", "hex");

function mappedV4(address: string): Buffer {
  if (!isIPv4(address)) throw new Error(`${address} is no IPv4 address`);
  return Buffer.concat([MAPPED_PREFIX, Buffer.from(address.split(".").map(Number))]);
}

function plainV4(bytes: Buffer): string | undefined {
  const isV4 = bytes.subarray(0, 12).equals(MAPPED_PREFIX);
  return isV4 ? [...bytes.subarray(12, 16)].join(".") : undefined;
}
