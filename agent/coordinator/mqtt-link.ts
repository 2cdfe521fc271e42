/**
 * The coordinator's connection to the broker; it is kept up for ever. Reads no faster than messages
 * are taken in: the next packet is asked for when the last one's promise has settled.
 */
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import { MAX_BATCH_BYTES } from "../accounting/batch.ts";
import { brokerAddress } from "../core/broker-address.ts";
import type { PublicKey } from "../core/encoding.ts";
import { reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Part } from "../core/part.ts";
import { type FromBox, fromBoxes, parseTopic, shared, toBox } from "./topics.ts";

/** User name, password, CA and client certificate, as the deployment's broker wants them. */
export type MqttCredentials = Pick<
  IClientOptions,
  "username" | "password" | "ca" | "cert" | "key" | "rejectUnauthorized"
>;

export interface MqttLinkOptions {
  readonly url: string;
  readonly fleet: string;
  /**
   * What all workers share their subscription under, and nobody else knows: Mosquitto lets any client
   * join a group, and what it hands to one that may not read is lost.
   */
  readonly group: string;
  readonly credentials?: MqttCredentials | undefined;
  /** Returns a promise while no more should be read. */
  readonly onMessage: (
    box: PublicKey,
    kind: FromBox,
    payload: Uint8Array,
  ) => Promise<void> | undefined;
  /** Called when boxes are heard, after every connect. */
  readonly onListening?: () => void;
  readonly log: Log;
}

export interface MqttLink extends Part {
  /** Throws while the broker is not connected: nothing is queued in memory. */
  publish(box: PublicKey, kind: "ack" | "desired", payload: Uint8Array): void;
}

const RECONNECT_MS = 2_000;
/** Unacknowledged messages the broker may send at once. */
const RECEIVE_MAXIMUM = 256;

export function createMqttLink(options: MqttLinkOptions): MqttLink {
  const { fleet, url: broker, log } = options;
  let client: MqttClient | undefined;
  return {
    name: "mqtt-link",
    publish(box, kind, payload) {
      if (!client?.connected) throw new Error("the broker is not connected");
      const retain = kind === "desired";
      client.publish(toBox(fleet, box, kind), Buffer.from(payload), { qos: 1, retain });
    },
    async run(signal) {
      if (signal.aborted) return;
      const opened = open(signal);
      client = opened;
      await new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      await opened.endAsync(!opened.connected);
    },
  };

  function open(signal: AbortSignal): MqttClient {
    // mqtt.js would read an address with url.parse(), of which the runtime warns
    const { host, port, secure } = brokerAddress(broker);
    const opened = connect({
      protocol: secure ? "mqtts" : "mqtt",
      host,
      port,
      ...options.credentials,
      protocolVersion: 5,
      clean: true,
      reconnectPeriod: RECONNECT_MS,
      reconnectOnConnackError: true,
      resubscribe: false,
      queueQoSZero: false,
      properties: { maximumPacketSize: MAX_BATCH_BYTES + 4096, receiveMaximum: RECEIVE_MAXIMUM },
    });
    let wait: Promise<void> | undefined;
    opened.on("message", (topic, payload) => {
      const from = parseTopic(topic, fleet);
      wait = from ? options.onMessage(from.box, from.kind, payload) : undefined;
    });
    opened.handleMessage = (_packet, done) => {
      if (wait) wait.then(() => done());
      else done();
    };
    let failing = false;
    const lost = (reason: string) => {
      if (!failing && !signal.aborted) log.warning("broker cannot be used", { broker, reason });
      failing = true;
    };
    opened.on("close", () => lost("connection closed"));
    opened.on("error", (fault) => lost(reasonOf(fault)));
    opened.on("connect", ({ properties }) => {
      failing = false;
      subscribe(opened, properties?.sharedSubscriptionAvailable !== false).catch((fault) =>
        lost(reasonOf(fault)),
      );
    });
    return opened;
  }

  /** A broker without shared subscriptions (MQTT 5 §3.2.2.3.13) serves a single worker. */
  async function subscribe(opened: MqttClient, canShare: boolean): Promise<void> {
    const usage = fromBoxes(fleet, "usage");
    const others = (["birth", "state", "reported"] as const).map((kind) => fromBoxes(fleet, kind));
    await opened.subscribeAsync([canShare ? shared(options.group, usage) : usage, ...others], {
      qos: 1,
    });
    log.info("listening for boxes", { broker, shared: canShare });
    options.onListening?.();
  }
}
