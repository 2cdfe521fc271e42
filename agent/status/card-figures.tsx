/** @jsxImportSource hono/jsx */
import type { View } from "./view.ts";

export function EarnedCard({ view }: { readonly view: View }) {
  const { texts, earnings } = view;
  return (
    <section class="card">
      <h2>{texts.earned}</h2>
      <p class="figure">
        {view.tokens(earnings.credited)} <small>{texts.tokens}</small>
      </p>
      <p class="quiet">
        {earnings.pendingRecords > 0
          ? texts.pending(earnings.pendingRecords)
          : texts.nothingPending}
      </p>
      {view.environment === "dev" && <p class="quiet">{texts.devNote}</p>}
    </section>
  );
}

export function SharedCard({ view }: { readonly view: View }) {
  const { texts, usage, choices } = view;
  return (
    <section class="card">
      <h2>{texts.shared}</h2>
      <Meter view={view} label={texts.today} used={usage.today} cap={choices.limits.dailyCap} />
      <Meter view={view} label={texts.month} used={usage.month} cap={choices.limits.monthlyCap} />
    </section>
  );
}

function Meter(props: {
  readonly view: View;
  readonly label: string;
  readonly used: number;
  readonly cap: number | undefined;
}) {
  const { view, label, used, cap } = props;
  return (
    <div class="meter">
      <span>{label}</span>
      <strong>
        {view.bytes(used)} {cap !== undefined && <small>{view.texts.of(view.bytes(cap))}</small>}
      </strong>
      {cap !== undefined && (
        <meter min={0} max={cap} value={Math.min(used, cap)} aria-label={label} />
      )}
    </div>
  );
}

export function HealthCard({ view }: { readonly view: View }) {
  const { texts, health } = view;
  return (
    <section class="card">
      <h2>{texts.health}</h2>
      {health.length === 0 && <p class="well">{texts.allWell}</p>}
      <ul class="conditions">
        {health.map((condition) => {
          const { text, action } = texts.conditions[condition.code];
          return (
            <li class={condition.severity}>
              <p>
                <b>{texts.severity[condition.severity]}:</b> {text}
              </p>
              <p class="quiet">{action}</p>
              {condition.detail !== undefined && <p class="quiet detail">{condition.detail}</p>}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
