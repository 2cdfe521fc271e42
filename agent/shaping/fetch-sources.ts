import { isIP } from "node:net";
import type { Source } from "../../hardware/ingress-control.ts";
import { type Milliseconds, seconds } from "../core/units.ts";

/** As many as fetches at once can have; each costs a filter in the kernel. */
const MOST = 32;
const KEPT = seconds(30 * 60);

/** The endpoints that tickets of the last half hour named, newest kept when there are too many. */
export class FetchSources {
  readonly #seen = new Map<string, { readonly source: Source; readonly at: Milliseconds }>();

  /** Notes base URLs as tickets carry them; host names are passed over, they are not fetched from. */
  note(addresses: readonly string[], now: Milliseconds): void {
    for (const source of addresses.map(parseSource)) {
      if (!source) continue;
      const key = `${source.address} ${source.port}`;
      this.#seen.delete(key);
      this.#seen.set(key, { source, at: now });
    }
  }

  /** In a stable order, so that an unchanged set is an unchanged plan. */
  current(now: Milliseconds): readonly Source[] {
    for (const [key, { at }] of this.#seen) if (now - at > KEPT) this.#seen.delete(key);
    const newest = [...this.#seen].slice(-MOST).sort(([a], [b]) => (a < b ? -1 : 1));
    return newest.map(([, { source }]) => source);
  }
}

function parseSource(address: string): Source | undefined {
  const url = URL.parse(address);
  if (!url) return undefined;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
  return isIP(host) ? { address: host, port } : undefined;
}
