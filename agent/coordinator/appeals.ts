/** Whoever was refused can say so; the evidence is kept until the operator has decided. */

import type { Clock } from "../core/clock.ts";
import type { PublicKey } from "../core/encoding.ts";
import { toUnixSeconds } from "../core/units.ts";
import { type Refusal, refuse } from "./refusal.ts";
import type { Store } from "./store/store.ts";
import type { createWalletOffice } from "./wallet.ts";

export interface AppealOfficeOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly authenticate: ReturnType<typeof createWalletOffice>["authenticate"];
}

/** Open appeals of one key; more say nothing new. */
const MAX_OPEN = 5;

export function createAppealOffice({ store, clock, authenticate }: AppealOfficeOptions) {
  const release = (key: PublicKey): boolean => {
    const box = store.boxes.get(key);
    if (!box) return false;
    store.boxes.quarantine(box.id, undefined);
    return true;
  };
  return {
    /** Signed by a box's or wallet's key; binds the evidence there is now about it and its boxes. */
    make(signed: Uint8Array, text: string): { readonly ok: true; readonly id: number } | Refusal {
      return store.transaction(() => {
        const asked = authenticate(signed);
        if (!asked.ok) return asked;
        const { wallet } = asked;
        if (store.cases.openAppeals(wallet) >= MAX_OPEN) return refuse("throttled");
        const subjects = new Set<PublicKey>([wallet, ...store.boxes.ofWallet(wallet)]);
        const evidence = [...subjects].flatMap((key) => store.cases.about(key).map(({ id }) => id));
        const now = toUnixSeconds(clock.wallMs());
        const id = store.cases.appeal(wallet, text, evidence, signed, now);
        if (id === undefined) throw new Error(`cannot keep an appeal of ${wallet}`);
        return { ok: true as const, id };
      });
    },
    /** Ends an appeal; with `release` its boxes are no longer held back. Returns who appealed. */
    decide: (id: number, decision: string, andRelease: boolean): PublicKey | undefined =>
      store.transaction(() => {
        const now = toUnixSeconds(clock.wallMs());
        const subject = store.cases.decide(id, decision, now) as PublicKey | undefined;
        if (subject && andRelease) {
          for (const key of new Set([subject, ...store.boxes.ofWallet(subject)])) release(key);
        }
        return subject;
      }),
    release,
  };
}
