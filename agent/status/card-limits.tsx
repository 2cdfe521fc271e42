/** @jsxImportSource hono/jsx */
import { QuietHoursFields } from "./card-quiet-hours.tsx";
import type { NumberField } from "./limits-form.ts";
import type { View } from "./view.ts";

export function LimitsCard({ view }: { readonly view: View }) {
  const { texts, choices, typed } = view;
  const { limits } = choices;
  const inUnits = (value: number | undefined, unit: number) =>
    value === undefined ? "" : view.number(String(value / unit));
  return (
    <section class="card" id="limits">
      <h2>{texts.limits}</h2>
      <form method="post" action="/limits">
        {/* Enter in a field presses a form's first button, which must not be one that removes. */}
        <input type="submit" value={texts.save} hidden />
        <Field view={view} name="maxRate" value={inUnits(limits.maxRate, 1e6)} />
        <Field view={view} name="share" value={String(limits.share)} />
        <Field view={view} name="dailyCap" value={inUnits(limits.dailyCap, 1e9)} />
        <Field view={view} name="monthlyCap" value={inUnits(limits.monthlyCap, 1e9)} />
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

function Field(props: { readonly view: View; readonly name: NumberField; readonly value: string }) {
  const { name, value, view } = props;
  return (
    <label>
      <span>{view.texts[name]}</span>
      <input
        name={name}
        value={view.typed?.numbers[name] ?? value}
        inputmode="decimal"
        maxlength={16}
        placeholder={name === "share" ? "100" : view.texts.noLimit}
        aria-invalid={view.typed?.wrong === name ? "true" : undefined}
      />
    </label>
  );
}
