/** The MQTT topics of one box: `spareband/v1/<fleet>/<box>/…`. */
import { type Id, isId, type PublicKey } from "../core/encoding.ts";

export interface Topics {
  readonly state: string;
  readonly birth: string;
  readonly usage: string;
  readonly reported: string;
  /** Ours alone: what a power cut would take. */
  readonly tail: string;
  readonly ack: string;
  readonly desired: string;
  /** A filter; the last level is the command's id. */
  readonly commands: string;
  readonly result: (command: Id) => string;
}

export function topicsOf(fleet: string, box: PublicKey): Topics {
  const base = `spareband/v1/${fleet}/${box}`;
  return {
    state: `${base}/state`,
    birth: `${base}/birth`,
    usage: `${base}/usage`,
    reported: `${base}/reported`,
    tail: `${base}/tail`,
    ack: `${base}/ack`,
    desired: `${base}/desired`,
    commands: `${base}/cmd/+`,
    result: (command) => `${base}/res/${command}`,
  };
}

/** The id in a command's topic; undefined when it is none. */
export function commandIdOf(topic: string): Id | undefined {
  const id = topic.slice(topic.lastIndexOf("/") + 1);
  return isId(id) ? id : undefined;
}

/** What `state` holds: retained, and the will of the connection; an old one is told by its boot. */
export const formatState = (online: boolean, boot: number) =>
  `${online ? "online" : "offline"} ${boot}`;
