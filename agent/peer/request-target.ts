/** The paths a box answers under; anything else it does not know, and it never asks further. */
import { type Hash, isHash } from "../core/encoding.ts";

export type Target =
  | { readonly kind: "file"; readonly title: Hash; readonly path: string }
  | { readonly kind: "metalink"; readonly title: Hash }
  | { readonly kind: "receipts" }
  | { readonly kind: "box" }
  | { readonly kind: "unknown" };

const unknown: Target = { kind: "unknown" };
const TITLES = "/v1/titles/";
const FILES = "/files/";
const HASH_END = TITLES.length + 64;
/** A path has at most 255 bytes, each up to three characters when escaped. */
const LONGEST = HASH_END + FILES.length + 3 * 255;

/** From a URL's path as it came, percent-encoded. */
export function parseTarget(pathname: string): Target {
  if (pathname.length > LONGEST) return unknown;
  if (pathname === "/v1/receipts") return { kind: "receipts" };
  if (pathname === "/v1/box") return { kind: "box" };
  if (!pathname.startsWith(TITLES)) return unknown;
  const title = pathname.slice(TITLES.length, HASH_END);
  if (!isHash(title)) return unknown;
  const rest = pathname.slice(HASH_END);
  if (rest === "/metalink") return { kind: "metalink", title };
  if (!rest.startsWith(FILES)) return unknown;
  const path = decodePath(rest.slice(FILES.length));
  return path === undefined ? unknown : { kind: "file", title, path };
}

/** The path is only ever looked up among a manifest's names, never joined to a directory. */
function decodePath(text: string): string | undefined {
  try {
    const path = decodeURIComponent(text);
    return path === "" ? undefined : path;
  } catch (fault) {
    if (fault instanceof URIError) return undefined;
    throw fault;
  }
}

/**
 * Everything before the path is the client's claim and does not matter here; without a sound Host
 * header, as in HTTP/1.0, Bun has the path alone.
 */
export function pathOf(url: string): string {
  const from = url.startsWith("/") ? 0 : url.indexOf("/", url.indexOf("://") + 3);
  const query = url.indexOf("?", from);
  return url.slice(from, query < 0 ? undefined : query);
}
