/** Any list of parties whose shares come to the whole. */
import fc from "fast-check";
import type { PublicKey } from "../../agent/core/encoding.ts";
import { basisPoints } from "../../agent/core/units.ts";

const key = (n: number) => n.toString(16).padStart(64, "0") as PublicKey;

export const anyParties = fc
  .array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 20 })
  .map((weights) => {
    const total = weights.reduce((a, b) => a + b, 0);
    const shares = weights.map((weight) => Math.floor((weight * 10_000) / total));
    const rest = 10_000 - shares.reduce((a, b) => a + b, 0);
    return shares.map((share, index) => ({
      key: key(index),
      share: basisPoints(index === 0 ? share + rest : share),
    }));
  });
