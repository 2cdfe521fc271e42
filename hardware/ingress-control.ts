import type { BitsPerSecond } from "../agent/core/units.ts";
import type { Obstacle } from "./traffic-control.ts";

/** Where the box fetches from: one TCP endpoint, as a literal address. */
export interface Source {
  readonly address: string;
  readonly port: number;
}

/** What the box itself fetches is slowed on arrival, so that its senders slow down; nothing else is. */
export interface IngressPlan {
  readonly device: string;
  readonly sources: readonly Source[];
  readonly rate: BitsPerSecond;
}

export type IngressInForce =
  | { readonly state: "none" }
  | {
      readonly state: "shaped";
      readonly device: string;
      readonly sources: readonly Source[];
      readonly rate: BitsPerSecond;
      /** Bytes from the sources that were let in since shaping began, by the kernel's own counter. */
      readonly received: number;
    }
  | Obstacle;

/**
 * The same promises as `TrafficControl`: `apply` is idempotent, what `read` says is in force, and
 * what is not ours is never touched.
 */
export interface IngressControl {
  read(device: string): Promise<IngressInForce>;
  apply(plan: IngressPlan): Promise<IngressInForce>;
  remove(device: string): Promise<void>;
}
