/**
 * One MQTT 5 connection, from CONNECT to its end. mqtt.js speaks the protocol; queueing and
 * reconnecting are ours (its queue lives in memory, and it stops for good after a refusal).
 */
import type { Socket } from "node:net";
import { type IClientOptions, MqttClient } from "mqtt";
import { sha256 } from "../core/encoding.ts";
import { milliseconds } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";
import { type Failure, failureOfReason } from "./backoff.ts";

export interface SessionOptions {
  /** See `clientIdOf`. */
  readonly clientId: string;
  readonly username: string;
  readonly password: string | undefined;
  readonly will: { readonly topic: string; readonly payload: string };
  /** Filters to subscribe to before the session counts as open. */
  readonly subscribe: readonly string[];
  /** Access rules of an earlier version may refuse this one. */
  readonly subscribeIfAllowed: string;
  readonly onMessage: (topic: string, payload: Uint8Array) => void;
}

/**
 * The same for everyone with the key, so that a second device is noticed, and known to nobody else:
 * a broker ends the connection of whoever has a client's id, and a box's public key is no secret.
 */
export const clientIdOf = (signer: Signer): string =>
  sha256(signer.sign(Buffer.from("spareband mqtt client id")));

export interface Ended {
  readonly failure: Failure;
  readonly reason: string;
}

export type SessionOutcome =
  | { readonly state: "open"; readonly session: BrokerSession }
  | ({ readonly state: "failed" } & Ended);

export interface PublishOptions {
  readonly retain?: boolean;
  readonly expirySeconds?: number;
}

/** Larger packets from the broker are not for us, and the broker is told so. */
const MAX_INCOMING = 640 * 1024;
const CONNECT_TIMEOUT = milliseconds(30_000);
const KEEPALIVE_S = 60;
/** A broker that speaks of a short break ends a session; its will must not say "offline" at once. */
const WILL_DELAY_S = 10;

export class BrokerSession {
  readonly #client: MqttClient;
  /** Resolves when the connection is over, for whatever reason. */
  readonly ended: Promise<Ended>;

  constructor(client: MqttClient, ended: Promise<Ended>) {
    this.#client = client;
    this.ended = ended;
  }

  /** The largest packet the broker takes; undefined when it does not say. */
  get maxPacket(): number | undefined {
    return this.#client.serverProperties?.maximumPacketSize;
  }

  /** QoS 1. Rejects when the broker refuses it or the connection ends first. */
  async publish(
    topic: string,
    payload: Uint8Array | string,
    options: PublishOptions = {},
  ): Promise<void> {
    const { retain = false, expirySeconds } = options;
    const properties = expirySeconds === undefined ? {} : { messageExpiryInterval: expirySeconds };
    const sent = this.#client.publishAsync(topic, Buffer.from(payload as Uint8Array), {
      qos: 1,
      retain,
      properties,
    });
    const lost = this.ended.then(({ reason }) => {
      throw new Error(`connection ended: ${reason}`);
    });
    await Promise.race([sent, lost]);
  }

  /** Ends the connection in order: no will is sent. */
  async close(): Promise<void> {
    this.#client.end();
    await this.ended;
  }

  /** Ends the connection without a word. */
  drop(): void {
    this.#client.end(true);
  }
}

/** Speaks MQTT over a socket that is connected. Never rejects. */
export async function openSession(
  socket: Socket,
  options: SessionOptions,
): Promise<SessionOutcome> {
  const client = new MqttClient(() => socket, clientOptions(options));
  const ended = watch(client);
  const opened = new Promise<"open">((resolve) => client.once("connect", () => resolve("open")));
  client.on("message", (topic, payload) => options.onMessage(topic, payload));
  const first = await Promise.race([opened, ended]);
  if (first !== "open") return { state: "failed", ...first };
  const session = new BrokerSession(client, ended);
  const subscribed = client
    .subscribeAsync([...options.subscribe], { qos: 1 })
    .then((grants) => grants.every(({ qos }) => qos < 128))
    .then(async (granted) => {
      await client.subscribeAsync(options.subscribeIfAllowed, { qos: 1 }).catch(() => []);
      return granted;
    })
    .catch(() => false);
  if ((await Promise.race([subscribed, ended])) === true) return { state: "open", session };
  session.drop();
  const { failure, reason } = await ended;
  return failure === "lost"
    ? { state: "failed", failure: "refused", reason: "the broker refused the subscriptions" }
    : { state: "failed", failure, reason };
}

/** How the connection should end because the broker took a message and refused it; undefined for other faults. */
export function refusalOf(fault: unknown): Ended | undefined {
  const code = fault instanceof Error && "code" in fault ? fault.code : undefined;
  const failure = typeof code === "number" ? failureOfReason(code) : "lost";
  if (failure === "busy") return { failure, reason: "the broker takes no more messages now" };
  if (failure !== "refused") return undefined;
  return { failure, reason: "the broker's access rules do not let this box publish" };
}

function clientOptions(options: SessionOptions): IClientOptions {
  const { clientId, username, password, will } = options;
  return {
    protocolVersion: 5,
    clientId,
    username,
    ...(password === undefined ? {} : { password }),
    clean: true,
    keepalive: KEEPALIVE_S,
    connectTimeout: CONNECT_TIMEOUT,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    properties: { maximumPacketSize: MAX_INCOMING, receiveMaximum: 16 },
    will: {
      topic: will.topic,
      payload: Buffer.from(will.payload),
      qos: 1,
      retain: true,
      properties: { willDelayInterval: WILL_DELAY_S },
    },
  };
}

/** Why the connection ended: the most telling of what was said before it closed. */
function watch(client: MqttClient): Promise<Ended> {
  let told: Ended = { failure: "lost", reason: "the connection was closed" };
  client.on("error", (fault) => {
    const code = "code" in fault && typeof fault.code === "number" ? fault.code : undefined;
    // A web page, as a captive portal sends it, is read as a packet that makes no sense.
    const stranger = !client.connected && !("code" in fault);
    const reason = stranger ? `what answers is no MQTT broker (${fault.message})` : fault.message;
    told = { failure: code === undefined ? "lost" : failureOfReason(code), reason };
  });
  client.on("disconnect", ({ reasonCode = 0, properties }) => {
    const reason = properties?.reasonString ?? `the broker ended the session (${reasonCode})`;
    told = { failure: failureOfReason(reasonCode), reason };
  });
  return new Promise((resolve) => client.once("close", () => resolve(told)));
}
