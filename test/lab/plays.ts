/** What happens in a home while it is measured; several scenarios play the same. */
import { type Figure, ms, seconds, share, used } from "./figures.ts";
import type { Run } from "./run.ts";

export type Play = (run: Run) => Promise<readonly Figure[]>;

/** An upload alone, then against the sharer: what it keeps, how soon it has it, how soon we are back. */
export const upload =
  (
    flows: number,
    congestionControl: string,
    bars: { share: number; given?: number; back?: number; used?: number },
  ) =>
  async (run: Run): Promise<readonly Figure[]> => {
    await run.rest();
    // As long as with us: BBR for one lets go of the line every ten seconds.
    const alone = await run.transfer({ seconds: 12, flows, congestionControl });
    await run.wait(1);
    await run.share();
    const idle = await run.watch(8);
    const shared = await run.transfer({
      seconds: 12,
      flows,
      congestionControl,
      expected: alone.rate,
    });
    await run.wait(10);
    return [
      share(shared.rate, alone.rate, bars.share),
      seconds("given", shared.given, bars.given && bars.given + (alone.given ?? 0)),
      seconds("back", run.regained(shared.ended, 0.9 * idle.used), bars.back),
      ...(bars.used === undefined ? [] : [used(idle.used, run, bars.used)]),
    ];
  };

export const idle =
  (
    length: number,
    bars: { used: number; p50?: number; p95?: number; p99?: number },
    options: readonly string[] = [],
  ) =>
  async (run: Run): Promise<readonly Figure[]> => {
    await run.rest();
    await run.share(12, options);
    const seen = await run.watch(length);
    return [
      used(seen.used, run, bars.used),
      ms("p50", seen.added.p50, bars.p50),
      ms("p95", seen.added.p95, bars.p95),
      ms("p99", seen.added.p99, bars.p99),
    ];
  };

export async function step(run: Run, to: number): Promise<{ from: number; rate: number }> {
  await run.rest();
  await run.share(20);
  const from = Date.now() / 1000;
  run.home.command(`up ${to}`);
  await run.wait(12);
  return { from, rate: to * 1000 };
}

/** Seconds after which the box held 90 per cent of a rate and the delay stayed below 30 ms. */
export function settled(run: Run, from: number, rate: number): number | undefined {
  const at = run.regained(from + 0.2, 0.9 * rate);
  return at === undefined ? undefined : at + 0.2;
}

/** What the ordinary line is measured by, in one run: idle, an upload, and coming back. */
export const everyday: Play = async (run) => {
  await run.rest();
  const alone = await run.transfer({ seconds: 12 });
  await run.wait(1);
  await run.share();
  const seen = await run.watch(15);
  const shared = await run.transfer({ seconds: 12, expected: alone.rate });
  await run.wait(10);
  return [
    used(seen.used, run, 93),
    ms("p50", seen.added.p50, 2),
    ms("p95", seen.added.p95, 4),
    share(shared.rate, alone.rate, 96),
    seconds("given", shared.given, 0.4 + (alone.given ?? 0)),
    seconds("back", run.regained(shared.ended, 0.8 * seen.used), 4),
  ];
};
