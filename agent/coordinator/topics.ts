import { isPublicKey, type PublicKey } from "../core/encoding.ts";

/** Topics of docs/architecture.md as the coordinator uses them. */
export type FromBox = "usage" | "birth" | "state" | "reported";

const FROM_BOX: readonly string[] = ["usage", "birth", "state", "reported"] satisfies FromBox[];

export const toBox = (fleet: string, box: PublicKey, kind: "ack" | "desired") =>
  `spareband/v1/${fleet}/${box}/${kind}`;

export const fromBoxes = (fleet: string, kind: FromBox) => `spareband/v1/${fleet}/+/${kind}`;

/** One worker of all that share the subscription gets each message (MQTT 5 §4.8.2). */
export const shared = (group: string, filter: string) => `$share/${group}/${filter}`;

/** undefined for a topic that no box publishes on. */
export function parseTopic(
  topic: string,
  fleet: string,
): { readonly box: PublicKey; readonly kind: FromBox } | undefined {
  const [root, version, name, box = "", kind = "", ...rest] = topic.split("/");
  const known = root === "spareband" && version === "v1" && name === fleet && rest.length === 0;
  if (!known || !isPublicKey(box) || !FROM_BOX.includes(kind)) return undefined;
  return { box, kind: kind as FromBox };
}
