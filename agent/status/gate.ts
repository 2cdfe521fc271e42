/** What stands before every page and API call: who asks, from where, and what an answer may do. */
import { timingSafeEqual } from "node:crypto";
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context, MiddlewareHandler } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { sha256 } from "../core/encoding.ts";
import { type Access, judgeAccess, type RequestFacts } from "./access.ts";
import type { Pairing } from "./pairing.ts";

export interface StatusEnv {
  Variables: { access: Access };
}

const SESSION_COOKIE = "spareband_session";
const YEAR_S = 365 * 86_400;

/** Nothing from elsewhere, no inline script or style, no frame, no form to elsewhere. */
const POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

export interface GateOptions {
  readonly token: string;
  readonly pairing: Pairing;
  readonly knownHosts: ReadonlySet<string>;
}

export function createGate(options: GateOptions): MiddlewareHandler<StatusEnv> {
  return async (c, next) => {
    c.header("content-security-policy", POLICY);
    c.header("x-frame-options", "DENY");
    c.header("x-content-type-options", "nosniff");
    // Not "no-referrer": browsers would then send "Origin: null" with our own forms.
    c.header("referrer-policy", "same-origin");
    c.header("cross-origin-opener-policy", "same-origin");
    c.header("cross-origin-resource-policy", "same-origin");
    const judgement = judgeAccess(factsOf(c, options), options.knownHosts);
    if (!judgement.ok) {
      const status = judgement.code === "wrong-token" ? 401 : 403;
      return c.json({ error: { code: judgement.code, text: texts[judgement.code] } }, status);
    }
    c.set("access", judgement.access);
    await next();
    return undefined;
  };
}

const texts = {
  "foreign-host": "This name is not known as the box's: open the page by its address.",
  "foreign-origin": "This request came from another page.",
  "wrong-token": "The token is not this box's.",
} as const;

function factsOf(c: Context<StatusEnv>, options: GateOptions): RequestFacts {
  const { req } = c;
  return {
    method: req.method,
    host: req.header("host"),
    origin: req.header("origin"),
    site: req.header("sec-fetch-site"),
    remoteAddress: getConnInfo(c).remote.address ?? "",
    token: judgeToken(req.header("authorization"), options.token),
    paired: options.pairing.knows(getCookie(c, SESSION_COOKIE)),
  };
}

function judgeToken(header: string | undefined, token: string): RequestFacts["token"] {
  if (header === undefined) return "absent";
  const digest = (text: string) => Buffer.from(sha256(Buffer.from(text)));
  const given = header.replace(/^bearer /i, "Bearer ");
  return timingSafeEqual(digest(given), digest(`Bearer ${token}`)) ? "right" : "wrong";
}

/** Strict: no other site's link or form ever carries it. */
export function setSession(c: Context<StatusEnv>, session: string): void {
  setCookie(c, SESSION_COOKIE, session, {
    httpOnly: true,
    sameSite: "Strict",
    path: "/",
    maxAge: YEAR_S,
  });
}
