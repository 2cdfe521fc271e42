import type { BitsPerSecond } from "../agent/core/units.ts";

/** The wanted shaping of what the box sends to peers; everything else leaves the box unshaped. */
export interface ShapingPlan {
  readonly device: string;
  /** Local TCP ports whose traffic is shaped. */
  readonly ports: readonly number[];
  readonly rate: BitsPerSecond;
}

export type ShapingInForce =
  | { readonly state: "none" }
  | {
      readonly state: "shaped";
      readonly device: string;
      readonly ports: readonly number[];
      readonly rate: BitsPerSecond;
      readonly leaf: "cake" | "fq_codel" | "bfifo";
      /** Bytes the peer class has sent since it was made, by the kernel's own counter. */
      readonly sent: number;
    }
  | Obstacle;

/** Why nothing of ours is in force: somebody else's qdisc stands there, or none can be set at all. */
export type Obstacle =
  | { readonly state: "foreign"; readonly device: string; readonly qdisc: string }
  | { readonly state: "unavailable"; readonly reason: string };

/**
 * Traffic control on one device. `apply` is idempotent; after a failure what `read` says is in
 * force, which may be nothing. A qdisc that is not ours is never touched.
 */
export interface TrafficControl {
  read(device: string): Promise<ShapingInForce>;
  apply(plan: ShapingPlan): Promise<ShapingInForce>;
  /** Takes away all that is ours on the device; nothing to do is not a failure. */
  remove(device: string): Promise<void>;
}
