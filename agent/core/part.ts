import type { Clock } from "./clock.ts";
import { reasonOf } from "./errors.ts";
import type { Log } from "./log.ts";
import type { Milliseconds } from "./units.ts";

/** A long-running part of a daemon. `run` ends when the signal aborts, or fails with a fault. */
export interface Part {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Runs parts until the signal aborts. The first part that fails, or ends early, stops its siblings;
 * all are waited for, then the first fault is thrown.
 */
export async function runAll(parts: readonly Part[], signal: AbortSignal): Promise<void> {
  const siblings = new AbortController();
  const both = AbortSignal.any([signal, siblings.signal]);
  const faults: unknown[] = [];
  await Promise.all(
    parts.map(async (part) => {
      try {
        await part.run(both);
        if (!both.aborted) throw new Error(`part ${part.name} ended by itself`);
      } catch (fault) {
        faults.push(fault);
      } finally {
        siblings.abort();
      }
    }),
  );
  if (faults.length > 0) throw faults[0];
}

/**
 * Calls `tick` at a steady pace until the signal aborts. A tick that fails is logged once until one
 * works again; the loop goes on. Ticks never overlap, and a late one is not made up for.
 */
export async function every(
  period: Milliseconds,
  tick: () => Promise<void> | void,
  context: { clock: Clock; log: Log; signal: AbortSignal; name: string },
): Promise<void> {
  const { clock, log, signal, name } = context;
  let failing = false;
  while (!signal.aborted) {
    const started = clock.monotonicMs();
    try {
      await tick();
      if (failing) log.notice("loop works again", { loop: name });
      failing = false;
    } catch (fault) {
      if (!failing) log.error("loop tick failed", { loop: name, reason: reasonOf(fault) });
      failing = true;
    }
    const spent = clock.monotonicMs() - started;
    await clock.sleep(Math.max(0, period - spent) as Milliseconds, signal);
  }
}
