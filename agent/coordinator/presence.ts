/** What boxes say of themselves: births enrol them, reports say what they hold, wills when they went. */
import { open } from "../accounting/envelope.ts";
import type { Birth, Environment, Sealed } from "../accounting/messages.ts";
import type { Clock } from "../core/clock.ts";
import type { PublicKey } from "../core/encoding.ts";
import type { Log } from "../core/log.ts";
import { toUnixSeconds, unixSeconds } from "../core/units.ts";
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

/** The retained `state` message, plain text, because a will is written before its sender dies. */
const STATE = /^(online|offline) (\d{1,15})$/;

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
        // A box whose clock was ahead is not deaf until that time has come.
        const said = unixSeconds(Math.min(at, now));
        store.boxes.noteReport(row.id, sharing, rate, said, now);
        store.boxes.replaceHoldings(row.id, titles, blocked);
      });
      return true;
    },

    /** An old will, delivered late, has an old boot counter and changes nothing. */
    state(box: PublicKey, payload: Uint8Array): void {
      const [, word, boot] = STATE.exec(Buffer.from(payload.subarray(0, 32)).toString()) ?? [];
      const row = store.boxes.get(box);
      if (!word || !row || Number(boot) < row.boot_counter) return;
      store.boxes.setOnline(box, word === "online", toUnixSeconds(clock.wallMs()));
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
    if (!row) return undefined;
    // An earlier boot is an old message, or storage that was rolled back: it is answered, not noted.
    if (birth.bootCounter >= row.boot_counter) {
      store.boxes.noteBirth({ ...birth, key: birth.box, wallet, at: now });
    }
    // A box that is behind learns of the later generation, and that its storage is not the newest.
    const generation = Math.max(row.generation, birth.generation);
    const reached = chainOf(store.records.chains(row.id), generation)?.sequence ?? 0;
    return makeAck(birth.box, { generation, from: reached + 1 }, options, now);
  }
}
