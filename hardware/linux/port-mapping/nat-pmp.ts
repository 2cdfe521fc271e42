/** NAT Port Mapping Protocol, RFC 6886: outside address and TCP mapping, as bytes and back. */
import { type Milliseconds, seconds } from "../../../agent/core/units.ts";

const EXTERNAL_ADDRESS = 0;
const MAP_TCP = 2;
const ANSWER = 0x80;
/** RFC 6886 §3.5: no address from the provider; no ports left. */
export const NETWORK_FAILURE = 3;
export const OUT_OF_RESOURCES = 4;

export interface NatPmpRequest {
  readonly internalPort: number;
  /** 0 in a removal (§3.4). */
  readonly externalPort: number;
  /** 0 takes the mapping back. */
  readonly lifetime: Milliseconds;
}

export type NatPmpAnswer<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "refused"; readonly code: number };

export const encodeAddressRequest = (): Uint8Array => Uint8Array.of(0, EXTERNAL_ADDRESS);

export function encodeMap(request: NatPmpRequest): Uint8Array {
  const message = Buffer.alloc(12);
  message[1] = MAP_TCP;
  message.writeUInt16BE(request.internalPort, 4);
  message.writeUInt16BE(request.externalPort, 6);
  message.writeUInt32BE(Math.ceil(request.lifetime / 1000), 8);
  return message;
}

/** undefined for what is no answer to it. */
export function parseAddress(message: Uint8Array): NatPmpAnswer<string> | undefined {
  return parse(message, EXTERNAL_ADDRESS, 12, (bytes) => [...bytes.subarray(8, 12)].join("."));
}

export function parseMap(message: Uint8Array, { internalPort }: NatPmpRequest) {
  return parse(message, MAP_TCP, 16, (bytes) =>
    bytes.readUInt16BE(8) === internalPort
      ? { externalPort: bytes.readUInt16BE(10), lifetime: seconds(bytes.readUInt32BE(12)) }
      : undefined,
  );
}

function parse<T>(
  message: Uint8Array,
  opcode: number,
  length: number,
  read: (bytes: Buffer) => T | undefined,
): NatPmpAnswer<T> | undefined {
  const bytes = Buffer.from(message);
  // version, opcode and result code come in every answer, the rest only in a success
  if (bytes.length < 8 || bytes[0] !== 0 || bytes[1] !== (opcode | ANSWER)) return undefined;
  const code = bytes.readUInt16BE(2);
  if (code !== 0) return { kind: "refused", code };
  if (bytes.length !== length) return undefined;
  const value = read(bytes);
  return value === undefined ? undefined : { kind: "done", value };
}
