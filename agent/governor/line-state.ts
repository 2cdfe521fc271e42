/** What the line law remembers between two ticks. */
import type { DelayState } from "./delay.ts";
import type { Delivery } from "./delivery.ts";

/**
 * - `listen`: at the floor, learning what the delay is without us
 * - `discover`: growing with real demand until the first queue shows the capacity
 * - `hold`: just below what is known to be free
 * - `glance`: after a long look back, some milliseconds to tell somebody from a line that stood still
 * - `creep`: in small steps above it, to see whether more is free
 * - `drain`: after that first queue, until it is gone
 * - `settle`: a little below what was delivered, until the queue that we may have made is gone
 * - `look`: nearly stopped, to see whether the queue that someone else made goes away
 * - `track`: following a line whose rate keeps changing, with a short queue to see it by
 * - `yield`: at the floor while someone at home uses the line
 * - `aside`: the same on routers that queue each flow by itself, where only our own flows and
 *   trains of probes show the contention; `free` counts what trains in a row found free,
 *   `taken` is what our own flows got before, `alike` since when all trains read the same rate
 * - `weigh`: there, after long, part of that rate and one more train: together they are no more than
 *   the train alone was when nobody is there and the line itself has become slower
 * - `test`: there, a short pulse, where no reflector answers trains
 */
export type Phase =
  | { readonly kind: "listen"; readonly since: number }
  | {
      readonly kind: "discover";
      readonly since: number;
      /** How often it has ended without a queue. */
      readonly tries?: number;
    }
  | { readonly kind: "hold"; readonly since: number }
  | {
      readonly kind: "creep";
      readonly since: number;
      readonly step: number;
      /** The most that was known of the line when it began, and whether it was found to carry more than that. */
      readonly known?: number;
      readonly changed: boolean;
    }
  | {
      readonly kind: "glance";
      readonly since: number;
      /** What was held until then, and since when. */
      readonly rate: number;
      readonly held: number;
    }
  | {
      readonly kind: "drain";
      readonly since: number;
      /** The same, and what a train must read of what was found to go on; undefined where there is no more to be found. */
      readonly tries?: number;
      readonly more?: number;
    }
  | {
      readonly kind: "settle";
      readonly since: number;
      readonly resume: number;
      /** At less than half of the rate, for somebody may just be coming: the queue that told of him. */
      readonly ducks?: number;
      /** So long it must then be clear: who begins to send comes again after a round trip, with twice as much. */
      readonly clearFor?: number;
    }
  | { readonly kind: "look"; readonly since: number; readonly drained: number }
  | Track
  | { readonly kind: "yield"; readonly since: number; readonly until: number }
  | {
      readonly kind: "aside";
      readonly since: number;
      readonly free: number;
      readonly taken: number;
      readonly alike?: { readonly rate: number; readonly since: number };
    }
  | {
      readonly kind: "weigh";
      readonly since: number;
      readonly alone: number;
      /** Trains so far that found nobody. */
      readonly weighed: number;
    }
  | { readonly kind: "test"; readonly since: number };

export interface Track {
  readonly kind: "track";
  readonly since: number;
  /** Since when the queue has been longer than one of ours would be. */
  readonly longSince?: number;
  /** What arrived while a queue of ours stood: what the line carried then. */
  readonly seen: number;
  /** Least and most of that since then, to see whether the line still changes. */
  readonly span: { readonly since: number; readonly least: number; readonly most: number };
}

/** What the last train told: bits per second that the line carried at the least and at the most. */
export interface Carried {
  readonly at: number;
  readonly least: number;
  readonly most: number;
  /** What was known before, where this one says something else. */
  readonly instead?: Pick<Carried, "least" | "most">;
}

export interface LineState {
  readonly delay: DelayState;
  readonly delivery: Delivery;
  readonly phase: Phase;
  /** Bits per second asked for now. */
  readonly rate: number;
  /** What the line is believed to have free for us, household included; undefined until learned. */
  readonly available?: number;
  /** Most that was ever proven on this line of late, and when it was found. */
  readonly capacity?: number;
  readonly foundAt: number;
  /** A queue told it: what ends a search without one may be nothing of the line. */
  readonly foundByQueue: boolean;
  /** How busy the home is: +1 for each time someone pushed us away, fading with `ACTIVITY_FADE_MS`. */
  readonly activity: number;
  /** Typical queue while below the knee: our own bursts and the path's noise. */
  readonly usual: number;
  /** When to look for more next. */
  readonly creepAt: number;
  /** Recent knees and pushes, newest last. */
  readonly knees: readonly number[];
  readonly pushes: readonly number[];
  /** What the line carried when last a train passed it with a queue, when of late that changed, and when to ask next. */
  readonly carried?: Carried;
  /** The same of a train that met no queue, which another one has to confirm. */
  readonly hint?: Carried;
  readonly changes: readonly number[];
  readonly askAgainAt: number;
  /** Above this the way back is slow: what drained, or what led to the last push. */
  readonly caution: number;
  /** Share of segments that are lost without a queue. */
  readonly lossRate: number;
  /** The last push came with loss. */
  readonly shallow: boolean;
  /** How long a clear line must last before we come back. */
  readonly patience: number;
  /** How long to stay aside on a router with flow queues, and when to weigh whether anybody is there. */
  readonly asideFor: number;
  readonly weighAfter: number;
  /** Last time that a first sign of somebody was answered. */
  readonly duckedAt: number;
  /** Last queue that went away by itself. */
  readonly passedAt: number;
  /** Last change of rate by a ramp, last deliberate decrease. */
  readonly rampedAt: number;
  readonly loweredAt: number;
  /** Last time that a queue, loss or a lack of deliveries was out of the ordinary. */
  readonly unusualAt: number;
  /** Ticks in a row that our own flows looked crowded while the probes did not. */
  readonly crowded: number;
  /** Since when less arrives than is asked for, though there is more to send. */
  readonly shortSince: number;
  /** Last train that was asked for, and last one that came back. */
  readonly trainAt: number;
  readonly trainHeardAt: number;
  /** Until when peers that take no less than this rate are believed to be slowed by their own lines. */
  readonly peersSlow: { readonly until: number; readonly rate: number; readonly lasts: number };
  /** Last time there was something to send, and since when there has been; undefined before the first time. */
  readonly demandAt: number;
  readonly demandSince?: number;
  readonly startedAt: number;
  readonly at: number;
}
