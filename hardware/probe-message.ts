/**
 * What a delay probe carries, 32 bytes big-endian: "SBP1", sequence (4), token (8), then in a
 * request zeros and in a reflector's reply "received at" and "sent at" in microseconds of its clock.
 * A reply is as long as the shortest request, so a reflector never amplifies.
 */
export const PROBE_LENGTH = 32;
/** A packet of a train; with IPv4 and UDP headers 1228 bytes, which fits every path. */
export const TRAIN_LENGTH = 1200;
const MAGIC = 0x53425031;

/** A request; `token` is 8 bytes that the reply must repeat. */
export function formatProbe(
  sequence: number,
  token: Uint8Array,
  length = PROBE_LENGTH,
): Uint8Array {
  const data = new Uint8Array(length);
  writeUint32(data, 0, MAGIC);
  writeUint32(data, 4, sequence);
  data.set(token, 8);
  return data;
}

export interface ParsedProbeReply {
  readonly sequence: number;
  /** Milliseconds of the reflector's clock; absent in an echo, which comes back as it went. */
  readonly receivedAt?: number;
}

/** undefined for anything that does not answer a request with this token. */
export function parseProbeReply(data: Uint8Array, token: Uint8Array): ParsedProbeReply | undefined {
  if (data.length !== PROBE_LENGTH) return undefined;
  if (readUint32(data, 0) !== MAGIC) return undefined;
  for (let i = 0; i < token.length; i++) if (token[i] !== data[8 + i]) return undefined;
  const sequence = readUint32(data, 4);
  const received = readUint32(data, 16) * 2 ** 32 + readUint32(data, 20);
  return received === 0 ? { sequence } : { sequence, receivedAt: received / 1000 };
}

/** Writes the reply to a request; undefined for anything that is not one. */
export function answerProbe(
  request: Uint8Array,
  receivedAt: number,
  sentAt: number,
): Uint8Array | undefined {
  if (request.length < PROBE_LENGTH || request.length > 1472) return undefined;
  if (readUint32(request, 0) !== MAGIC) return undefined;
  const reply = request.slice(0, PROBE_LENGTH);
  const view = new DataView(reply.buffer);
  view.setBigUint64(16, BigInt(Math.max(1, Math.round(receivedAt * 1000))));
  view.setBigUint64(24, BigInt(Math.max(1, Math.round(sentAt * 1000))));
  return reply;
}

// Not by a DataView: the first use of a small array's `buffer` moves its bytes, some hundred times a second.
const readUint32 = (data: Uint8Array, at: number): number =>
  (((data[at] ?? 0) << 24) |
    ((data[at + 1] ?? 0) << 16) |
    ((data[at + 2] ?? 0) << 8) |
    (data[at + 3] ?? 0)) >>>
  0;

function writeUint32(data: Uint8Array, at: number, value: number): void {
  data[at] = value >>> 24;
  data[at + 1] = value >>> 16;
  data[at + 2] = value >>> 8;
  data[at + 3] = value;
}
