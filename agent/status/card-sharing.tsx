/** @jsxImportSource hono/jsx */
import { sparkline } from "./rate-history.ts";
import type { View } from "./view.ts";

const WIDTH = 1200;
const HEIGHT = 120;
/** A minute; less is no picture. */
const FEWEST_POINTS = 12;

/** The answer to "what is it doing, and why", and the one press that stops it. */
export function SharingCard({ view }: { readonly view: View }) {
  const { texts, sharing, choices } = view;
  const { verdict } = sharing;
  const reason = texts.reasons[verdict.reason];
  const until = choices.pause.state === "paused" ? choices.pause.until : undefined;
  const endsByItself = verdict.reason === "paused" && until !== undefined;
  const why = endsByItself ? texts.pausedUntil(view.time(until)) : reason.long;
  const on = verdict.state === "sharing";
  const flows = isSending(view);
  return (
    <section
      class={`card hero ${on ? "on" : "off"}`}
      data-said={`${on ? texts.sharing : texts.notSharing}. ${reason.short}. ${why}`}
    >
      <div class="hero-row">
        <div>
          <p class="state">
            <span class="dot" aria-hidden="true" />
            {!on ? texts.notSharing : flows ? texts.sharing : texts.ready}
            {verdict.state === "sharing" && flows && (
              <strong>
                {sharing.measuredRate === undefined
                  ? texts.upTo(view.rate(sharing.enforcedRate ?? verdict.rate))
                  : view.rate(sharing.measuredRate)}
              </strong>
            )}
          </p>
          <h1>{reason.short}</h1>
          <p class="why">{why}</p>
          <Details view={view} />
        </div>
        {view.access === "full" && <Switch view={view} />}
      </div>
      <Graph view={view} />
    </section>
  );
}

const isSending = ({ sharing }: View) => sharing.streams > 0 || (sharing.measuredRate ?? 0) > 0;

function Details({ view }: { readonly view: View }) {
  const { texts, sharing } = view;
  const { enforcedRate, missing } = sharing;
  const parts = [
    ...(sharing.verdict.state === "sharing"
      ? [
          // Between two requests of a viewer nobody asks, and yet something was just sent.
          sharing.streams > 0 || !isSending(view) ? texts.viewers(sharing.streams) : "",
          sharing.waiting > 0 ? texts.waiting(sharing.waiting) : "",
          enforcedRate === undefined ? "" : texts.atMostNow(view.rate(enforcedRate)),
          texts.enforced[sharing.enforcedBy],
        ]
      : []),
    missing.length > 0
      ? `${texts.signals}: ${missing.map((signal) => texts.signal[signal]).join(", ")}`
      : "",
  ].filter((part) => part !== "");
  return parts.length > 0 ? <p class="quiet">{parts.join(" · ")}</p> : null;
}

function Switch({ view }: { readonly view: View }) {
  const { texts, choices } = view;
  if (view.consent === "missing") {
    return (
      <a class="button primary" id="switch" href="#consent" autofocus>
        {texts.consentAsk}
      </a>
    );
  }
  if (choices.pause.state === "paused") {
    return (
      <form method="post" action="/resume">
        <button class="primary" id="switch" type="submit" autofocus>
          {texts.resume}
        </button>
      </form>
    );
  }
  return (
    <form class="switch" method="post" action="/pause">
      <button class="primary" id="switch" type="submit" autofocus>
        {texts.pause}
      </button>
      <button id="pause-hour" type="submit" name="seconds" value="3600">
        {texts.pauseHour}
      </button>
    </form>
  );
}

function Graph({ view }: { readonly view: View }) {
  if (view.history.length < FEWEST_POINTS || !view.history.some((point) => point)) return null;
  const { line, area, top } = sparkline(view.history, WIDTH, HEIGHT);
  return (
    <figure>
      <svg viewBox={`0 -4 ${WIDTH} ${HEIGHT + 8}`} preserveAspectRatio="none" role="img">
        <title>{view.texts.lastMinutes}</title>
        <path class="area" d={area} />
        <path class="line" d={line} fill="none" vector-effect="non-scaling-stroke" />
      </svg>
      <figcaption>
        <span>{view.texts.lastMinutes}</span>
        <span>{view.texts.upTo(view.rate(top))}</span>
      </figcaption>
    </figure>
  );
}
