/** How often one address may show what cannot be used, so that checking it stays cheap. Pure. */
const PER_MINUTE = 60;
const MOST_ADDRESSES = 4096;
const PERIOD_MS = 60_000;

export class FailureBudget {
  readonly #failures = new Map<string, { count: number; since: number }>();

  /** False once an address has failed too often in the last minute. */
  spend(address: string, nowMs: number): boolean {
    const known = this.#failures.get(address);
    if (known && nowMs - known.since < PERIOD_MS) return ++known.count <= PER_MINUTE;
    if (this.#failures.size >= MOST_ADDRESSES) this.#failures.clear();
    this.#failures.set(address, { count: 1, since: nowMs });
    return true;
  }
}
