/** @jsxImportSource hono/jsx */
import { formatMinute } from "./local-time.ts";
import type { View } from "./view.ts";

export function LimitsCard({ view }: { readonly view: View }) {
  const { texts, choices } = view;
  const { limits } = choices;
  const quiet = limits.quietHours[0];
  const inUnits = (value: number | undefined, unit: number) =>
    value === undefined ? "" : String(value / unit);
  return (
    <section class="card" id="limits">
      <h2>{texts.limits}</h2>
      <form method="post" action="/limits">
        <Field
          label={texts.maxRate}
          name="maxRate"
          value={inUnits(limits.maxRate, 1e6)}
          view={view}
        />
        <Field label={texts.share} name="share" value={String(limits.share)} view={view} />
        <Field
          label={texts.dailyCap}
          name="dailyCap"
          value={inUnits(limits.dailyCap, 1e9)}
          view={view}
        />
        <Field
          label={texts.monthlyCap}
          name="monthlyCap"
          value={inUnits(limits.monthlyCap, 1e9)}
          view={view}
        />
        <fieldset>
          <legend>{texts.quietHours}</legend>
          <label>
            <span>{texts.from}</span>
            <input type="time" name="quietFrom" value={quiet ? formatMinute(quiet.from) : ""} />
          </label>
          <label>
            <span>{texts.to}</span>
            <input type="time" name="quietTo" value={quiet ? formatMinute(quiet.to) : ""} />
          </label>
        </fieldset>
        <label class="check">
          <input type="checkbox" name="allowMetered" checked={limits.allowMetered} />
          <span>{texts.metered}</span>
        </label>
        <button type="submit">{texts.save}</button>
      </form>
    </section>
  );
}

function Field(props: {
  readonly view: View;
  readonly label: string;
  readonly name: string;
  readonly value: string;
}) {
  return (
    <label>
      <span>{props.label}</span>
      <input
        name={props.name}
        value={props.value}
        inputmode="decimal"
        maxlength={12}
        placeholder={props.view.texts.noLimit}
      />
    </label>
  );
}
