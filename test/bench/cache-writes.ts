/**
 * Flash writes per GB served for Zipf demand, with a cache of 5 % of the catalogue: the box's own
 * eviction and admission code beside LRU on the same requests.
 *   bun test/bench/cache-writes.ts [requests] [seed]
 */
import { CachePolicy } from "../../agent/content/cache-policy.ts";
import { seededRandom } from "../../agent/core/random.ts";

const FILES = 20_000;
const CACHE_SHARE = 0.05;
const requests = Number(process.argv[2] ?? 1_000_000);
const random = seededRandom(Number(process.argv[3] ?? 1));

interface Outcome {
  written: number;
  served: number;
  asked: number;
}

interface Cache {
  /** True when the file was there. */
  ask(file: number, size: number): boolean;
  /** Bytes written to flash so far. */
  readonly written: number;
}

/** Sizes as of segments and songs: log-normal around 2 MB. */
function sizeOfFile(): number {
  const normal =
    Math.sqrt(-2 * Math.log(1 - random.unit())) * Math.cos(2 * Math.PI * random.unit());
  return Math.round(2e6 * Math.exp(0.8 * normal));
}

/** Draws files by Zipf's law; every `churn` requests the popularity of one file in a hundred changes. */
function zipf(exponent: number) {
  const cumulative = new Float64Array(FILES);
  let sum = 0;
  for (let rank = 0; rank < FILES; rank++) {
    sum += 1 / (rank + 1) ** exponent;
    cumulative[rank] = sum;
  }
  const fileOfRank = Uint32Array.from({ length: FILES }, (_, rank) => rank);
  const swap = () => {
    const [a, b] = [Math.floor(random.unit() * FILES), Math.floor(random.unit() * FILES)];
    const file = fileOfRank[a] ?? 0;
    fileOfRank[a] = fileOfRank[b] ?? 0;
    fileOfRank[b] = file;
  };
  for (let at = 0; at < FILES * 4; at++) swap();
  return (churn: number) => {
    if (churn > 0 && random.unit() < 1 / churn) for (let at = 0; at < FILES / 100; at++) swap();
    const target = random.unit() * sum;
    let low = 0;
    let high = FILES - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulative[middle] ?? 0) < target) low = middle + 1;
      else high = middle;
    }
    return fileOfRank[low] ?? 0;
  };
}

class Ours implements Cache {
  readonly #policy: CachePolicy;
  readonly #held = new Map<string, number>();
  readonly #capacity: number;
  #used = 0;
  written = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#policy = new CachePolicy(capacity);
  }

  ask(file: number, size: number): boolean {
    const key = String(file);
    if (this.#held.has(key)) {
      this.#policy.hit(key);
      return true;
    }
    if (this.#policy.admits(key, size)) this.#write(key, size);
    return false;
  }

  #write(key: string, size: number): void {
    while (this.#used + size > this.#capacity) {
      const victim = this.#policy.victim();
      if (victim === undefined) return;
      this.#used -= this.#held.get(victim) ?? 0;
      this.#held.delete(victim);
    }
    this.#policy.holds(key, size);
    this.#held.set(key, size);
    this.#used += size;
    this.written += size;
  }
}

class Lru implements Cache {
  readonly #held = new Map<number, number>();
  readonly #capacity: number;
  #used = 0;
  written = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  ask(file: number, size: number): boolean {
    const hit = this.#held.delete(file);
    this.#held.set(file, size);
    if (hit) return true;
    this.#used += size;
    this.written += size;
    for (const [oldest, its] of this.#held) {
      if (this.#used <= this.#capacity) break;
      this.#held.delete(oldest);
      this.#used -= its;
    }
    return false;
  }
}

function simulate(exponent: number, churn: number) {
  const sizes = Array.from({ length: FILES }, sizeOfFile);
  const capacity = sizes.reduce((sum, size) => sum + size, 0) * CACHE_SHARE;
  const draw = zipf(exponent);
  const caches = { lru: new Lru(capacity), ours: new Ours(capacity) };
  const outcomes = {
    lru: { written: 0, served: 0, asked: 0 } as Outcome,
    ours: { written: 0, served: 0, asked: 0 } as Outcome,
  };
  const warm = requests / 5;
  for (let at = 0; at < requests + warm; at++) {
    const file = draw(churn);
    const size = sizes[file] ?? 0;
    for (const name of ["lru", "ours"] as const) {
      const before = caches[name].written;
      const hit = caches[name].ask(file, size);
      if (at < warm) continue;
      outcomes[name].asked += size;
      outcomes[name].written += caches[name].written - before;
      if (hit) outcomes[name].served += size;
    }
  }
  return outcomes;
}

const drift = (churn: number) =>
  churn === 0 ? "" : churn < 10_000 ? ", popularity drifting fast" : ", popularity drifting slowly";

console.log(`${FILES} files, cache 5 % of the catalogue, ${requests} requests after warming up`);
for (const [exponent, churn] of [
  [0.7, 0],
  [0.9, 0],
  [1.1, 0],
  [0.9, 10_000],
  [0.9, 1_000],
] as const) {
  const { lru, ours } = simulate(exponent, churn);
  const per = (outcome: Outcome) => (outcome.written / outcome.served).toFixed(3);
  const hits = (outcome: Outcome) => `${((100 * outcome.served) / outcome.asked).toFixed(1)} %`;
  console.log(
    `Zipf ${exponent}${drift(churn)}: GB written per GB served LRU ${per(lru)}, ours ${per(ours)} (${(lru.written / lru.served / (ours.written / ours.served)).toFixed(1)} × less); hits LRU ${hits(lru)}, ours ${hits(ours)}`,
  );
}
