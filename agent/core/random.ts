import { randomBytes } from "node:crypto";

/** Randomness, passed in so that decisions can be replayed. */
export interface Random {
  /** Uniform in [0, 1). */
  unit(): number;
  /** Unpredictable bytes, fit for ids and nonces. */
  bytes(length: number): Uint8Array;
}

/** The machine's randomness. Only composition roots import this. */
export const systemRandom: Random = {
  unit: () => Math.random(),
  bytes: (length) => new Uint8Array(randomBytes(length)),
};

/** A repeatable sequence (mulberry32) for tests and simulations; never for keys. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const unit = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    unit,
    bytes: (length) => Uint8Array.from({ length }, () => Math.floor(unit() * 256)),
  };
}
