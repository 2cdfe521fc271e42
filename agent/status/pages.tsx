/** @jsxImportSource hono/jsx */
/** The routes of the page: plain forms and redirects, so that it works without a script, from a remote control too. */
import { type Context, Hono } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { isHash } from "../core/encoding.ts";
import { assertNever, OperatorError } from "../core/errors.ts";
import { consentText } from "./consent-text.ts";
import { type StatusEnv, setSession } from "./gate.ts";
import { icon } from "./icon.ts";
import { isLimitsForm, parseLimitsForm } from "./limits-form.ts";
import { HouseholdPage, Live, StrangerPage } from "./page.tsx";
import { script } from "./page-script.ts";
import { stylesheet } from "./page-style.ts";
import type { Pairing } from "./pairing.ts";
import type { RateHistory } from "./rate-history.ts";
import type { StatusSources } from "./sources.ts";
import { isLanguage, type Language, languages, preferredLanguage, type Texts } from "./text.ts";
import { type Note, type Shown, viewOf } from "./view.ts";

const LANGUAGE_COOKIE = "spareband_language";
const LONGEST_PAUSE_S = 31 * 86_400;

type Ctx = Context<StatusEnv>;

/** Notes that a redirect may name, by what the address says; a map, so that no other name is found. */
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

  const view = (c: Ctx, shown: Shown = {}) =>
    viewOf({ sources, history, language: languageOf(c), access: c.var.access, ...shown });
  const render = (c: Ctx, shown: Shown, status: 200 | 422 | 507 = 200) => {
    c.header("cache-control", "no-store");
    const seen = view(c, shown);
    const page =
      c.var.access === "stranger" ? <StrangerPage view={seen} /> : <HouseholdPage view={seen} />;
    return c.html(`<!doctype html>${page}`, status);
  };
  const back = (c: Ctx, note?: string) => c.redirect(note ? `/?note=${note}` : "/", 303);

  pages.use(async (c, next) => {
    if (c.req.header("content-type")?.startsWith("multipart/") && !(await hasForm(c)))
      return back(c, "invalid");
    await next();
    return undefined;
  });
  pages.get("/", (c) => {
    const asked = c.req.query("lang") ?? "";
    if (isLanguage(asked)) {
      setCookie(c, LANGUAGE_COOKIE, asked, { sameSite: "Strict", path: "/", maxAge: 31_536_000 });
      return back(c);
    }
    const note = notes.get(c.req.query("note") ?? "")?.(languages[languageOf(c)]);
    return render(c, { note, before: sequenceOf(c.req.query("before")) });
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
    const fields = await c.req.parseBody({ all: true });
    if (!isLimitsForm(fields)) return back(c, "invalid");
    const form = parseLimitsForm(fields);
    if (form.ok) {
      household.setLimits(form.limits);
      return back(c, "saved");
    }
    const { texts } = view(c);
    const { wrong } = form.typed;
    const text = texts.checkField(texts[wrong], texts.accepted[wrong]);
    return render(c, { note: { kind: "bad", text }, typed: form.typed }, 422);
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
    return render(c, { note });
  });
  pages.route("/", owned);

  pages.onError((fault, c) => {
    if (!(fault instanceof OperatorError)) throw fault;
    return render(c, { note: { kind: "bad", text: fault.message } }, 507);
  });
  return pages;
}

/** A body that is cut off or has no boundary is no form; what was read is kept for the handler. */
const hasForm = (c: Ctx) =>
  c.req.formData().then(
    () => true,
    () => false,
  );

type TitleAction = "delete" | "block" | "unblock";
const isTitleAction = (value: unknown): value is TitleAction =>
  value === "delete" || value === "block" || value === "unblock";

/** undefined for anything but a record's number: the newest are shown then. */
const sequenceOf = (text: string | undefined) =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;

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
