/** Who may do what on the page. Pure: facts of a request go in, a judgement comes out. */
import { isIP } from "node:net";

export interface RequestFacts {
  readonly method: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** Sec-Fetch-Site, which browsers set and pages cannot. */
  readonly site: string | undefined;
  readonly remoteAddress: string;
  readonly token: "right" | "wrong" | "absent";
  readonly paired: boolean;
}

/**
 * `full` may see and change all; `look` sees the overview from the box itself; `stranger` sees the
 * pairing form and nothing of the household.
 */
export type Access = "full" | "look" | "stranger";

export type AccessJudgement =
  | { readonly ok: true; readonly access: Access }
  | { readonly ok: false; readonly code: "foreign-host" | "foreign-origin" | "wrong-token" };

/**
 * A foreign Host is a name somebody else made point here (DNS rebinding); an address cannot be. A
 * change needs the token, or a page of this very origin: forms of other sites carry theirs.
 */
export function judgeAccess(facts: RequestFacts, knownHosts: ReadonlySet<string>): AccessJudgement {
  const host = hostName(facts.host);
  if (host === undefined || !(isIP(host) || knownHosts.has(host))) {
    return { ok: false, code: "foreign-host" };
  }
  if (facts.token === "wrong") return { ok: false, code: "wrong-token" };
  if (facts.token === "right" && facts.origin === undefined) return { ok: true, access: "full" };
  const ownOrigin = `http://${facts.host?.toLowerCase()}`;
  if (facts.origin !== undefined && facts.origin.toLowerCase() !== ownOrigin) {
    return { ok: false, code: "foreign-origin" };
  }
  const changes = facts.method !== "GET" && facts.method !== "HEAD";
  const ownPage = facts.origin !== undefined && (facts.site ?? "same-origin") === "same-origin";
  if (changes && !ownPage) return { ok: false, code: "foreign-origin" };
  if (facts.paired || facts.token === "right") return { ok: true, access: "full" };
  return { ok: true, access: isLoopback(facts.remoteAddress) ? "look" : "stranger" };
}

/** Lower case, without port and brackets; undefined for what is no Host header (RFC 9110 §7.2). */
function hostName(header: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([a-zA-Z0-9._-]+))(?::\d{1,5})?$/.exec(header ?? "");
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}

const isLoopback = (address: string) =>
  address === "::1" || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(address);
