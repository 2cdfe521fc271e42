/** What boxes say of themselves: births enrol them, reports say what they hold, wills when they went. */
import * as v from "valibot";
import { open } from "../accounting/envelope.ts";
import type { Birth, Environment, Sealed } from "../accounting/messages.ts";
import type { Clock } from "../core/clock.ts";
import type { PublicKey } from "../core/encoding.ts";
import type { Log } from "../core/log.ts";
import { toUnixSeconds } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";
import type { Store } from "./store/store.ts";
import { makeAck } from "./verification/ack.ts";
import { chainOf } from "./verification/chain.ts";

export interface PresenceOptions {
  readonly store: Store;
  readonly signer: Signer;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly log: Log;
  /** May this box join? Births of others are ignored. */
  readonly mayEnrol: (birth: Birth) => boolean;
}

/** The retained `state` message: plain JSON, because a will is written before its sender dies. */
const stateMessage = v.strictObject({
  online: v.boolean(),
  boot: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
});

export function createPresence(options: PresenceOptions) {
  const { store, environment, clock, log } = options;
  return {
    /** Returns the ack that tells the box where its chain stands; undefined when the birth is ignored. */
    birth(box: PublicKey, signed: Uint8Array): Sealed<"ack"> | undefined {
      const opened = open("birth", signed, { environment, signer: box });
      if (!opened.ok) {
        log.warning("birth refused", { box, code: opened.code });
        return undefined;
      }
      const birth = opened.message.body;
      return store.transaction(() => welcome(birth));
    },

    /** False when the report is not the box's, or older than what is known. */
    reported(box: PublicKey, signed: Uint8Array): boolean {
      const opened = open("reported", signed, { environment, signer: box });
      const row = store.boxes.get(box);
      if (!opened.ok || !row || opened.message.body.at < row.reported_at) return false;
      const { sharing, rate, titles, blocked, at } = opened.message.body;
      const now = toUnixSeconds(clock.wallMs());
      store.transaction(() => {
        store.boxes.noteReport(row.id, sharing, rate, at, now);
        store.boxes.replaceHoldings(row.id, titles, blocked);
      });
      return true;
    },

    /** An old will, delivered late, has an old boot counter and changes nothing. */
    state(box: PublicKey, payload: Uint8Array): void {
      const parsed = v.safeParse(stateMessage, parseJson(payload));
      const row = store.boxes.get(box);
      if (!parsed.success || !row || parsed.output.boot < row.boot_counter) return;
      store.boxes.setOnline(box, parsed.output.online, toUnixSeconds(clock.wallMs()));
    },
  };

  function welcome(birth: Birth): Sealed<"ack"> | undefined {
    const now = toUnixSeconds(clock.wallMs());
    const wallet = birth.wallet ?? birth.box;
    if (!store.boxes.get(birth.box)) {
      if (!options.mayEnrol(birth)) return undefined;
      store.boxes.enrol(birth.box, wallet, now);
      log.info("box enrolled", { box: birth.box, device: birth.device });
    }
    const row = store.boxes.get(birth.box);
    if (!row || birth.bootCounter < row.boot_counter) return undefined;
    store.boxes.noteBirth({ ...birth, key: birth.box, wallet, at: now });
    // A box that is behind learns of the later generation, and that its storage is not the newest.
    const generation = Math.max(row.generation, birth.generation);
    const reached = chainOf(store.records.chains(row.id), generation)?.sequence ?? 0;
    return makeAck(birth.box, { generation, from: reached + 1 }, options, now);
  }
}

function parseJson(payload: Uint8Array): unknown {
  if (payload.length > 256) return undefined;
  try {
    return JSON.parse(Buffer.from(payload).toString("utf8"));
  } catch {
    // Not JSON: the schema refuses undefined, so it is treated as any other garbled state.
    return undefined;
  }
}
