/** What is said between boxes and coordinator over MQTT, beside usage and its acks. */
import type { Clock } from "../core/clock.ts";
import type { PublicKey } from "../core/encoding.ts";
import { reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { createFleet } from "./fleet.ts";
import type { MqttLink } from "./mqtt-link.ts";
import type { createPresence } from "./presence.ts";
import type { createReachCheck } from "./reach.ts";
import type { Store } from "./store/store.ts";
import { TokenBuckets } from "./token-bucket.ts";
import type { FromBox } from "./topics.ts";

export interface BoxConversationOptions {
  readonly store: Store;
  readonly presence: ReturnType<typeof createPresence>;
  readonly fleet: ReturnType<typeof createFleet>;
  readonly reach: ReturnType<typeof createReachCheck>;
  /** Throws while the broker is not connected. */
  readonly publish: MqttLink["publish"];
  readonly clock: Clock;
  readonly log: Log;
}

/** Births, states and reports that one box may send. */
const CHATTER = { burst: 60, perSecond: 2 };

export function createBoxConversation(options: BoxConversationOptions) {
  const { store, presence, fleet, reach, publish, clock, log } = options;
  const chatter = new TokenBuckets(CHATTER);

  const tell = (box: PublicKey) => {
    const desired = fleet.desired(box);
    if (desired) publish(box, "desired", desired.bytes);
  };
  const answer = (box: PublicKey, kind: Exclude<FromBox, "usage">, payload: Uint8Array): void => {
    switch (kind) {
      case "birth": {
        const ack = presence.birth(box, payload);
        if (!ack) return;
        publish(box, "ack", ack.bytes);
        reach.announced(box, JSON.parse(store.boxes.get(box)?.addresses ?? "[]") as string[]);
        tell(box);
        return;
      }
      case "reported":
        // It may have got a title, or come back with one, after the notice went out.
        if (presence.reported(box, payload) && fleet.holdsTaken(box)) tell(box);
        return;
      case "state":
        presence.state(box, payload);
        return;
    }
  };
  return {
    hear(box: PublicKey, kind: Exclude<FromBox, "usage">, payload: Uint8Array): void {
      if (!chatter.take(box, clock.monotonicMs())) return;
      try {
        answer(box, kind, payload);
      } catch (fault) {
        log.error("message of a box failed", { box, kind, reason: reasonOf(fault) });
      }
    },

    /** Says anew what boxes should hold and what was taken down. */
    tellBoxes(boxes: readonly PublicKey[] | "all"): void {
      const everyone = () => store.boxes.page(store.boxes.count(), 0).map(({ key }) => key);
      for (const box of boxes === "all" ? everyone() : boxes) {
        try {
          tell(box);
        } catch (fault) {
          // It is told at its next birth; the broker is down or the box unknown to it.
          log.debug("box not told", { box, reason: reasonOf(fault) });
        }
      }
    },
  };
}
