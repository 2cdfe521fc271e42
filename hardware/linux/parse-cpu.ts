/** /proc/stat (proc_stat(5)) and /proc/pressure (Documentation/accounting/psi.rst). */

export interface CoreTimes {
  readonly core: number;
  readonly busy: number;
  readonly total: number;
}

/** One entry for each core that is online now. Waiting for IO counts as idle, time stolen as busy. */
export function parseStat(text: string): readonly CoreTimes[] {
  return [...text.matchAll(/^cpu(\d{1,4}) ([\d ]+)$/gm)].map(([, core, times]) => {
    // guest time (fields 9 and 10) is already inside user and nice
    const counted = (times ?? "").trim().split(/ +/).slice(0, 8).map(Number);
    const total = counted.reduce((sum, ticks) => sum + ticks, 0);
    const idle = (counted[3] ?? 0) + (counted[4] ?? 0);
    return { core: Number(core), busy: total - idle, total };
  });
}

/** The share of the last 10 s, in per cent, in which some task waited. */
export function parsePressure(text: string | undefined): number | undefined {
  const value = text?.match(/^some avg10=(\d{1,3}\.\d{1,2}) /m)?.[1];
  return value === undefined ? undefined : Number(value);
}
