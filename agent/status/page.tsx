/** @jsxImportSource hono/jsx */
/** The household's page: what is shared, why or why not, what it earned, and the switch. */
import type { Child } from "hono/jsx";
import { About } from "./card-about.tsx";
import { ConsentCard } from "./card-consent.tsx";
import { EarnedCard, HealthCard, SharedCard } from "./card-figures.tsx";
import { LimitsCard } from "./card-limits.tsx";
import { RecordsCard } from "./card-records.tsx";
import { SharingCard } from "./card-sharing.tsx";
import { TitlesCard } from "./card-titles.tsx";
import type { View } from "./view.ts";

function Document(props: { readonly view: View; readonly children: Child }) {
  const { texts } = props.view;
  return (
    <html lang={texts.tag}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{texts.title}</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/assets/page.css" />
        <script src="/assets/page.js" defer />
        <noscript>
          <meta http-equiv="refresh" content="30" />
        </noscript>
      </head>
      <body>
        <header>
          <a class="brand" href="/">
            <img src="/assets/icon.svg" alt="" />
            {texts.title}
          </a>
          <nav aria-label={texts.language}>
            <a href="/?lang=en" lang="en" aria-current={texts.tag === "en" ? "true" : undefined}>
              English
            </a>
            <a href="/?lang=de" lang="de" aria-current={texts.tag === "de" ? "true" : undefined}>
              Deutsch
            </a>
          </nav>
        </header>
        <main>
          <p id="stale" role="alert" hidden>
            {texts.stale}
          </p>
          <p class="unseen" id="said" role="status" />
          {props.children}
        </main>
      </body>
    </html>
  );
}

export function HouseholdPage({ view }: { readonly view: View }) {
  const asks = view.consent !== "given";
  return (
    <Document view={view}>
      {view.note && (
        <p class={`note ${view.note.kind}`} role="status">
          {view.note.text}
        </p>
      )}
      {view.access === "look" && <PairForm view={view} text={view.texts.readOnly} />}
      <Live view={view} />
      {asks && view.access === "full" && <ConsentCard view={view} />}
      {view.access === "full" && (
        <div class="grid wide">
          <LimitsCard view={view} />
          <TitlesCard view={view} />
          <RecordsCard view={view} />
          {!asks && <ConsentCard view={view} />}
          <About view={view} />
        </div>
      )}
    </Document>
  );
}

/** The part that refreshes itself. */
export function Live({ view }: { readonly view: View }) {
  const { signedRecords, pendingRecords, credited } = view.earnings;
  const { titles, blocked } = view;
  const below = [signedRecords, pendingRecords, credited, titles.length, blocked.length].join(" ");
  return (
    <div id="live" data-below={below}>
      <SharingCard view={view} />
      {view.health.length > 0 && <HealthCard view={view} />}
      <div class="grid">
        <EarnedCard view={view} />
        <SharedCard view={view} />
        {view.health.length === 0 && <HealthCard view={view} />}
      </div>
    </div>
  );
}

/** All that a stranger sees: nothing of the household. */
export function StrangerPage({ view }: { readonly view: View }) {
  return (
    <Document view={view}>
      <section class="card hero stranger">
        <h1>{view.texts.pairTitle}</h1>
        <PairForm view={view} text={view.texts.pairText} />
        <p class="quiet">{view.texts.pairHow}</p>
      </section>
    </Document>
  );
}

function PairForm({ view, text }: { readonly view: View; readonly text: string }) {
  const { texts, note } = view;
  return (
    <form class="pair" method="post" action="/pair">
      {view.access === "stranger" && note && <p class={`note ${note.kind}`}>{note.text}</p>}
      <p>{text}</p>
      <label>
        <span>{texts.code}</span>
        <input
          name="code"
          inputmode="numeric"
          autocomplete="one-time-code"
          pattern="[0-9]{6}"
          maxlength={6}
          required
        />
      </label>
      <button type="submit">{texts.connect}</button>
    </form>
  );
}
