/**
 * Plays many boxes for the coordinator's benchmark, in a process of its own: reads frames from a
 * file, publishes them as reporters do, at most a window ahead of the acks. Prints "done" at the end.
 */
import { connectAsync } from "mqtt";
import { decodeBatch } from "../../agent/accounting/batch.ts";
import { open } from "../../agent/accounting/envelope.ts";
import { isPublicKey, type PublicKey } from "../../agent/core/encoding.ts";

export interface FeederPlan {
  readonly url: string;
  readonly fleet: string;
  readonly coordinator: PublicKey;
  readonly boxes: readonly { readonly key: string; readonly frames: readonly string[] }[];
}

/** As in `agent/reporting/usage-pump.ts`. */
const WINDOW = 1_024;

async function feed(plan: FeederPlan, key: PublicKey, frames: readonly Buffer[]): Promise<void> {
  const base = `spareband/v1/${plan.fleet}/${key}`;
  const client = await connectAsync(plan.url, {
    protocolVersion: 5,
    username: key,
    password: "bench",
    reconnectPeriod: 0,
  });
  const sizes = frames.map((frame) => {
    const decoded = decodeBatch(frame);
    return decoded.ok ? decoded.messages.length : 0;
  });
  const total = sizes.reduce((sum, size) => sum + size, 0);
  await client.subscribeAsync(`${base}/ack`, { qos: 1 });
  let acked = 0;
  await new Promise<void>((resolve, reject) => {
    let next = 0;
    let sent = 0;
    const pump = () => {
      while (next < frames.length && sent - acked < WINDOW) {
        client.publish(`${base}/usage`, frames[next] as Buffer, { qos: 1 });
        sent += sizes[next] ?? 0;
        next += 1;
      }
      if (acked >= total) resolve();
    };
    client.on("error", reject);
    client.on("message", (_topic, payload) => {
      const ack = open("ack", payload, { environment: "dev", signer: plan.coordinator });
      if (!ack.ok) return reject(new Error(ack.detail));
      acked = Math.max(acked, ack.message.body.upTo);
      pump();
    });
    pump();
  });
  await client.endAsync();
}

if (import.meta.main) {
  const plan = (await Bun.file(process.argv[2] ?? "").json()) as FeederPlan;
  await Promise.all(
    plan.boxes.map(({ key, frames }) => {
      if (!isPublicKey(key)) throw new Error(`${key} is no key`);
      return feed(
        plan,
        key,
        frames.map((frame) => Buffer.from(frame, "base64")),
      );
    }),
  );
  process.stdout.write("done\n");
}
