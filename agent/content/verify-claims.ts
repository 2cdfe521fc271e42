import type { ChunkRef } from "./chunks.ts";
import type { HeldTitle } from "./held-title.ts";

/** Claims verified between two turns of the event loop's other work. */
const AT_ONCE = 16;

/**
 * Hashes every claimed chunk of a title; `sound` is told of those that are held from now on. The
 * number of damaged ones; ends early when the signal aborts.
 */
export async function verifyClaimsOf(
  title: HeldTitle,
  sound: (ref: ChunkRef) => void,
  signal: AbortSignal,
): Promise<number> {
  let damaged = 0;
  const claims = [...title.claims()];
  for (let at = 0; at < claims.length && !signal.aborted; at += AT_ONCE)
    await Promise.all(
      claims.slice(at, at + AT_ONCE).map(async (ref) => {
        if (await title.verifyClaim(ref)) sound(ref);
        else damaged++;
      }),
    );
  return damaged;
}
