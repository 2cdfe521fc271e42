/** Delay probes over ICMP "ping" sockets (no privilege, see ping_group_range) and UDP reflectors. */
import type { Clock } from "../../agent/core/clock.ts";
import type { Random } from "../../agent/core/random.ts";
import { type Milliseconds, milliseconds } from "../../agent/core/units.ts";
import type { DelayProbe, ProbeReply, ProbeTarget, TrainReply } from "../probe.ts";
import { formatProbe, parseProbeReply, TRAIN_LENGTH } from "../probe-message.ts";
import { type Datagram, DatagramSocket } from "./datagram.ts";
import type { Libc } from "./ffi.ts";
import { PacketTrain } from "./packet-train.ts";

const IPPROTO_UDP = 17;
const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;
const ECHO_REQUEST = { 4: 8, 6: 128 } as const;
const ECHO_REPLY = { 4: 0, 6: 129 } as const;
/** Later answers tell nothing that their absence did not. */
const FORGET_MS = 3000;

interface Outstanding {
  readonly target: ProbeTarget;
  readonly sentAt: number;
}

export interface LinuxDelayProbeOptions {
  readonly libc: Libc;
  readonly clock: Clock;
  readonly random: Random;
}

export class LinuxDelayProbe implements DelayProbe {
  readonly #options: LinuxDelayProbeOptions;
  readonly #sockets = new Map<string, DatagramSocket | undefined>();
  readonly #outstanding = new Map<number, Outstanding>();
  /** Echoed back in every reply, so that nobody off the path can forge one. */
  readonly #token: Uint8Array;
  #sequence = 0;
  /** When the newest request left that was answered. */
  #answered = Number.NEGATIVE_INFINITY;
  #train: PacketTrain | undefined;

  constructor(options: LinuxDelayProbeOptions) {
    this.#options = options;
    this.#token = options.random.bytes(8);
  }

  send(target: ProbeTarget): boolean {
    const family = target.address.includes(":") ? 6 : 4;
    const socket = this.#socket(target, family);
    if (!socket) return false;
    this.#sequence = (this.#sequence + 1) >>> 0;
    const body = formatProbe(this.#sequence, this.#token);
    const data = target.kind === "echo" ? echoRequest(family, this.#sequence, body) : body;
    const sentAt = this.#options.clock.monotonicMs();
    if (!socket.send(data, target.address, target.port ?? 0)) return false;
    this.#outstanding.set(this.#sequence, { target, sentAt });
    return true;
  }

  receive(): readonly ProbeReply[] {
    const replies: ProbeReply[] = [];
    for (const [key, socket] of this.#sockets) {
      for (let next = socket?.receive(); socket && next; next = socket.receive()) {
        const reply = this.#match(key, socket, next);
        if (reply) replies.push(reply);
      }
    }
    const horizon = this.#options.clock.monotonicMs() - FORGET_MS;
    for (const [sequence, { sentAt }] of this.#outstanding) {
      if (sentAt > horizon) break;
      this.#outstanding.delete(sequence);
    }
    return replies;
  }

  unanswered(): Milliseconds | undefined {
    for (const { sentAt } of this.#outstanding.values()) {
      if (sentAt > this.#answered) return milliseconds(sentAt);
    }
    return undefined;
  }

  sendTrain(target: ProbeTarget, packets: number): boolean {
    const socket = this.#socket(target, target.address.includes(":") ? 6 : 4);
    if (!socket || target.kind !== "reflector") return false;
    const sentAt = this.#options.clock.monotonicMs();
    this.#train = new PacketTrain(sentAt, (this.#sequence + 1) >>> 0, packets);
    for (let i = 0; i < packets; i++) {
      this.#sequence = (this.#sequence + 1) >>> 0;
      const data = formatProbe(this.#sequence, this.#token, TRAIN_LENGTH);
      socket.send(data, target.address, target.port ?? 0);
    }
    this.#train.left(this.#options.clock.monotonicMs());
    return true;
  }

  receiveTrain(): TrainReply | undefined {
    const result = this.#train?.result(this.#options.clock.monotonicMs());
    if (result) this.#train = undefined;
    return result;
  }

  close(): void {
    for (const socket of this.#sockets.values()) socket?.close();
    this.#sockets.clear();
  }

  #socket({ kind }: ProbeTarget, family: 4 | 6): DatagramSocket | undefined {
    const key = `${kind}${family}`;
    if (!this.#sockets.has(key)) {
      const echo = family === 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
      const protocol = kind === "echo" ? echo : IPPROTO_UDP;
      this.#sockets.set(key, DatagramSocket.open(this.#options.libc, family, protocol));
    }
    return this.#sockets.get(key);
  }

  #match(key: string, socket: DatagramSocket, datagram: Datagram): ProbeReply | undefined {
    const body = key.startsWith("echo")
      ? echoBody(key.endsWith("6") ? 6 : 4, datagram.data)
      : datagram.data;
    const reply = body && parseProbeReply(body, this.#token);
    if (reply?.receivedAt !== undefined && this.#train?.take(reply.sequence, reply.receivedAt)) {
      return undefined;
    }
    const sent = reply && this.#outstanding.get(reply.sequence);
    if (!sent || !socket.cameFrom(sent.target.address, sent.target.port ?? 0)) return undefined;
    this.#outstanding.delete(reply.sequence);
    this.#answered = Math.max(this.#answered, sent.sentAt);
    const receivedAt = this.#options.clock.monotonicMs() - datagram.waited;
    return {
      target: sent.target,
      sentAt: milliseconds(sent.sentAt),
      rtt: milliseconds(Math.max(0, receivedAt - sent.sentAt)),
      ...(reply.receivedAt !== undefined && {
        outward: milliseconds(reply.receivedAt - sent.sentAt),
      }),
    };
  }
}

/** RFC 792 and RFC 4443; the kernel fills in the identifier and the checksum. */
function echoRequest(family: 4 | 6, sequence: number, body: Uint8Array): Uint8Array {
  const data = new Uint8Array(8 + body.length);
  data[0] = ECHO_REQUEST[family];
  new DataView(data.buffer).setUint16(6, sequence & 0xffff, false);
  data.set(body, 8);
  return data;
}

const echoBody = (family: 4 | 6, data: Uint8Array) =>
  data[0] === ECHO_REPLY[family] ? data.subarray(8) : undefined;
