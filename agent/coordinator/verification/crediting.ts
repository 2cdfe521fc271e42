/**
 * Takes boxes' batches of prepared records into the store: each record, what it credits and charges,
 * and the ack that answers it, in one transaction. The only place where money moves for deliveries.
 */
import type { Sealed } from "../../accounting/messages.ts";
import type { Clock } from "../../core/clock.ts";
import type { PublicKey } from "../../core/encoding.ts";
import { reasonOf } from "../../core/errors.ts";
import { toUnixSeconds } from "../../core/units.ts";
import { type AckOptions, makeAck } from "./ack.ts";
import { Intake, type IntakeOptions } from "./intake.ts";
import type { Prepared } from "./prepare.ts";
import { createTally, type TallyOptions } from "./tally.ts";

export interface BoxBatch {
  readonly box: PublicKey;
  readonly records: readonly Prepared[];
}

export interface BatchOutcome {
  readonly box: PublicKey;
  /** One for each generation that the batch touched; none for a box nobody knows. */
  readonly acks: readonly Sealed<"ack">[];
  readonly settled: number;
  readonly paid: number;
}

export interface CreditingOptions extends IntakeOptions, TallyOptions, AckOptions {
  readonly clock: Clock;
}

/**
 * Credits several boxes' batches in one commit. A fault in one of them undoes all, then each is
 * tried alone, so that the others are not held up by it.
 */
export function createCrediting(options: CreditingOptions) {
  const { store, log, clock } = options;
  const creditTogether = (batches: readonly BoxBatch[]) =>
    store.transaction((): readonly BatchOutcome[] => {
      const now = toUnixSeconds(clock.wallMs());
      const tally = createTally(options, now);
      const taken = batches.map(({ box: key, records }) => {
        const box = store.boxes.get(key);
        if (!box) return { box: key, settled: 0, paid: 0, ranges: [] };
        return { box: key, ...new Intake(box, tally, options, now).takeAll(records) };
      });
      tally.finish();
      return taken.map(({ box, settled, paid, ranges }) => {
        const acks = ranges.map((range) => makeAck(box, range, options, now));
        return { box, settled, paid, acks };
      });
    });

  return function credit(batches: readonly BoxBatch[]): readonly BatchOutcome[] {
    try {
      return creditTogether(batches);
    } catch (fault) {
      if (batches.length === 1) {
        log.error("batch not credited", { box: batches[0]?.box, reason: reasonOf(fault) });
        return [];
      }
      return batches.flatMap((batch) => credit([batch]));
    }
  };
}
