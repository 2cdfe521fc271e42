/** @jsxImportSource hono/jsx */
/** The routes of the page: plain forms and redirects, so that it works without a script, from a remote control too. */
import { type Context, Hono } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { isHash } from "../core/encoding.ts";
import { assertNever, OperatorError } from "../core/errors.ts";
import { icon, script, stylesheet } from "./assets.ts";
import { consentText } from "./consent-text.ts";
import { type StatusEnv, setSession } from "./gate.ts";
import { parseLimitsForm } from "./limits-form.ts";
import { HouseholdPage, Live, StrangerPage } from "./page.tsx";
import type { Pairing } from "./pairing.ts";
import type { RateHistory } from "./rate-history.ts";
import type { StatusSources } from "./sources.ts";
import { isLanguage, type Language, languages, preferredLanguage, type Texts } from "./text.ts";
import { type Note, type View, viewOf } from "./view.ts";

const LANGUAGE_COOKIE = "spareband_language";
const LONGEST_PAUSE_S = 31 * 86_400;

type Ctx = Context<StatusEnv>;

/** Notes that a redirect may name; anything else in the address is ignored. */
/** By what the address says; a map, so that no name but these is found. */
const notes: ReadonlyMap<string, (texts: Texts) => Note> = new Map(
  Object.entries<(texts: Texts) => Note>({
    saved: (texts) => ({ kind: "good", text: texts.saved }),
    invalid: (texts) => ({ kind: "bad", text: texts.invalid }),
    "wrong-code": (texts) => ({ kind: "bad", text: texts.wrongCode }),
    "locked-out": (texts) => ({ kind: "bad", text: texts.lockedOut }),
  }),
);

export interface PagesOptions {
  readonly sources: StatusSources;
  readonly pairing: Pairing;
  readonly history: RateHistory;
}

export function createPages({ sources, pairing, history }: PagesOptions): Hono<StatusEnv> {
  const pages = new Hono<StatusEnv>();
  const { household, content } = sources;

  const view = (c: Ctx, note?: Note): View => {
    const language = languageOf(c);
    return viewOf({ sources, history, language, access: c.var.access, note });
  };
  const render = (c: Ctx, note?: Note, status: 200 | 507 = 200) => {
    c.header("cache-control", "no-store");
    const shown = view(c, note);
    const page =
      c.var.access === "stranger" ? <StrangerPage view={shown} /> : <HouseholdPage view={shown} />;
    return c.html(`<!doctype html>${page}`, status);
  };
  const back = (c: Ctx, note?: string) => c.redirect(note ? `/?note=${note}` : "/", 303);

  pages.get("/", (c) => {
    const asked = c.req.query("lang") ?? "";
    if (isLanguage(asked)) {
      setCookie(c, LANGUAGE_COOKIE, asked, { sameSite: "Strict", path: "/", maxAge: 31_536_000 });
      return back(c);
    }
    return render(c, notes.get(c.req.query("note") ?? "")?.(languages[languageOf(c)]));
  });
  pages.get("/live", (c) => {
    if (c.var.access === "stranger") return c.body(null, 403);
    c.header("cache-control", "no-store");
    return c.html(<Live view={view(c)} />);
  });
  pages.get("/launch", (c) => {
    const session = pairing.launch(c.req.query("key") ?? "");
    if (session !== undefined) setSession(c, session);
    return back(c);
  });
  pages.post("/pair", async (c) => {
    const outcome = pairing.pair(String((await c.req.parseBody()).code ?? "").trim());
    if (!outcome.ok) return back(c, outcome.code);
    setSession(c, outcome.session);
    return back(c);
  });

  const owned = new Hono<StatusEnv>();
  owned.use(async (c, next) => {
    if (c.var.access !== "full") return back(c);
    await next();
    return undefined;
  });
  owned.post("/pause", async (c) => {
    const seconds = Number((await c.req.parseBody()).seconds);
    const bounded = Number.isInteger(seconds) && seconds > 0 && seconds <= LONGEST_PAUSE_S;
    household.pause(bounded ? seconds : undefined);
    return back(c);
  });
  owned.post("/resume", (c) => {
    household.resume();
    return back(c);
  });
  owned.post("/limits", async (c) => {
    const limits = parseLimitsForm(await c.req.parseBody());
    if (!limits) return back(c, "invalid");
    // The form shows one stretch of quiet hours; those set by the API beyond it stay.
    const further = household.choices.limits.quietHours.slice(1);
    household.setLimits({ ...limits, quietHours: [...limits.quietHours, ...further] });
    return back(c, "saved");
  });
  owned.post("/consent", async (c) => {
    const { given, text, language } = await c.req.parseBody();
    const shown = typeof language === "string" && isLanguage(language) ? language : "en";
    const { hash } = consentText(shown);
    if (text !== hash || (given !== "yes" && given !== "no")) return back(c, "invalid");
    const choice = { given: given === "yes", text: hash, language: shown };
    sources.consentChanged(household.consent(choice));
    return back(c, "saved");
  });
  owned.post("/titles/:title", async (c) => {
    const title = c.req.param("title");
    const wanted = (await c.req.parseBody()).do;
    if (!isHash(title) || !isTitleAction(wanted)) return back(c, "invalid");
    switch (wanted) {
      case "delete":
        await content.delete(title);
        break;
      case "block":
        await content.block(title);
        break;
      case "unblock":
        await content.unblock(title);
        break;
      default:
        return assertNever(wanted);
    }
    return back(c, "saved");
  });
  owned.post("/pairing-code", (c) => {
    const texts = languages[languageOf(c)];
    const code = pairing.newCode();
    const note: Note =
      code === undefined
        ? { kind: "bad", text: texts.lockedOut }
        : { kind: "good", text: texts.codeShown(code) };
    return render(c, note);
  });
  pages.route("/", owned);

  pages.onError((fault, c) => {
    if (!(fault instanceof OperatorError)) throw fault;
    return render(c, { kind: "bad", text: fault.message }, 507);
  });
  return pages;
}

type TitleAction = "delete" | "block" | "unblock";
const isTitleAction = (value: unknown): value is TitleAction =>
  value === "delete" || value === "block" || value === "unblock";

function languageOf(c: Ctx): Language {
  const chosen = getCookie(c, LANGUAGE_COOKIE) ?? "";
  return isLanguage(chosen) ? chosen : preferredLanguage(c.req.header("accept-language"));
}

/** Style, script and picture come from here, so that the policy need not allow anything inline. */
export function createAssets(): Hono<StatusEnv> {
  const assets = new Hono<StatusEnv>();
  const serve = (path: string, type: string, body: string) =>
    assets.get(path, (c) =>
      c.body(body, 200, { "content-type": type, "cache-control": "no-cache" }),
    );
  serve("/assets/page.css", "text/css; charset=utf-8", stylesheet);
  serve("/assets/page.js", "text/javascript; charset=utf-8", script);
  serve("/assets/icon.svg", "image/svg+xml", icon);
  return assets;
}
