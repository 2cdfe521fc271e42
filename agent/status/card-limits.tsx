/** @jsxImportSource hono/jsx */
import { QuietHoursFields } from "./card-quiet-hours.tsx";
import { limitText, type NumberField } from "./limits-form.ts";
import type { View } from "./view.ts";

export function LimitsCard({ view }: { readonly view: View }) {
  const { texts, choices, typed, maker } = view;
  const { limits } = choices;
  const inUnits = (name: NumberField, value: number | undefined) =>
    value === undefined ? "" : view.number(limitText(name, value));
  return (
    <section class="card" id="limits">
      <h2>{texts.limits}</h2>
      <form method="post" action="/limits">
        {/* Enter in a field presses a form's first button, which must not be one that removes. */}
        <input type="submit" value={texts.save} hidden />
        <Field
          view={view}
          name="maxRate"
          value={inUnits("maxRate", limits.maxRate)}
          hint={maker.maxRate > 0 ? texts.upTo(inUnits("maxRate", maker.maxRate)) : texts.noLimit}
        />
        <Field view={view} name="share" value={String(limits.share)} hint="100" />
        <MakersLimits view={view} />
        <Field
          view={view}
          name="dailyCap"
          value={inUnits("dailyCap", limits.dailyCap)}
          hint={texts.noLimit}
        />
        <Field
          view={view}
          name="monthlyCap"
          value={inUnits("monthlyCap", limits.monthlyCap)}
          hint={texts.noLimit}
        />
        <QuietHoursFields view={view} />
        <label class="check">
          <input
            type="checkbox"
            name="allowMetered"
            checked={typed?.allowMetered ?? limits.allowMetered}
          />
          <span>{texts.metered}</span>
        </label>
        <button type="submit">{texts.save}</button>
      </form>
    </section>
  );
}

/** What the maker set, where that is less than all: nobody here can change it. */
function MakersLimits({ view }: { readonly view: View }) {
  const { texts, maker } = view;
  const parts = [
    maker.maxRate > 0 ? view.rate(maker.maxRate) : "",
    maker.share < 100 ? texts.makersShare(maker.share) : "",
  ].filter((part) => part !== "");
  return parts.length > 0 ? <p class="quiet maker">{texts.makersLimits(parts)}</p> : null;
}

interface FieldProps {
  readonly view: View;
  readonly name: NumberField;
  readonly value: string;
  /** Shown while the field is empty. */
  readonly hint: string;
}

function Field({ view, name, value, hint }: FieldProps) {
  return (
    <label>
      <span>{view.texts[name]}</span>
      <input
        name={name}
        value={view.typed?.numbers[name] ?? value}
        inputmode="decimal"
        maxlength={16}
        placeholder={hint}
        aria-invalid={view.typed?.wrong === name ? "true" : undefined}
      />
    </label>
  );
}
