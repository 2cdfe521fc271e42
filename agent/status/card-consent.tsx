/** @jsxImportSource hono/jsx */
import type { View } from "./view.ts";

/** Off until given; the text that is agreed to is the one on the screen, by its hash. */
export function ConsentCard({ view }: { readonly view: View }) {
  const { texts, choices, consentText, consent } = view;
  const open = consent !== "given";
  return (
    <section class={open ? "card ask" : "card"} id="consent">
      <h2>{open ? texts.consentAsk : texts.consent}</h2>
      {consent === "changed" && <p class="note bad">{texts.consentChanged}</p>}
      {choices.consent?.given && <p>{texts.consentGiven(view.time(choices.consent.at))}</p>}
      <details open={open}>
        <summary>{texts.readText}</summary>
        {consentText.paragraphs.map((paragraph) => (
          <p>{paragraph}</p>
        ))}
      </details>
      <form method="post" action="/consent">
        <input type="hidden" name="text" value={consentText.hash} />
        <input type="hidden" name="language" value={consentText.language} />
        {open && (
          <button class="primary" type="submit" name="given" value="yes">
            {texts.agree}
          </button>
        )}
        {consent !== "missing" && (
          <button type="submit" name="given" value="no">
            {texts.withdraw}
          </button>
        )}
      </form>
    </section>
  );
}
