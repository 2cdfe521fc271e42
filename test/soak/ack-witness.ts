/** Hears every ack that leaves the coordinator, whoever else does, and remembers what it promised. */
import mqtt from "mqtt";
import { open } from "../../agent/accounting/envelope.ts";
import type { Ack } from "../../agent/accounting/messages.ts";
import { type Deployment, environment, fleet } from "./deployment.ts";

export class AckWitness implements AsyncDisposable {
  readonly acks: Ack[] = [];
  readonly #client: mqtt.MqttClient;

  constructor({ broker, coordinatorKey }: Deployment) {
    this.#client = mqtt.connect(broker.url, { protocolVersion: 5, reconnectPeriod: 50 });
    // The broker is killed again and again; mqtt.js reconnects by itself.
    this.#client.on("error", () => {});
    this.#client.on("connect", () => {
      this.#client.subscribe(`spareband/v1/${fleet}/+/ack`, { qos: 1 });
    });
    this.#client.on("message", (_topic, payload) => {
      const opened = open("ack", payload, { environment, signer: coordinatorKey });
      if (!opened.ok) throw new Error(`the coordinator sent what is no ack: ${opened.detail}`);
      this.acks.push(opened.message.body);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.endAsync(true);
  }
}
