/** @jsxImportSource hono/jsx */
import { MOST_QUIET_HOURS } from "./choices.ts";
import { formatMinute } from "./local-time.ts";
import type { View } from "./view.ts";

interface Stretch {
  readonly from: string;
  readonly to: string;
}

/** Every stretch with its own fields, and an empty one to add another: no script is needed. */
export function QuietHoursFields({ view }: { readonly view: View }) {
  const { texts } = view;
  const stretches = view.typed?.quietHours ?? storedStretches(view);
  const wrong = view.typed?.wrong === "quietHours";
  return (
    <fieldset>
      <legend>{texts.quietHours}</legend>
      {stretches.map(({ from, to }, index) => (
        <div class="stretch">
          <Times view={view} from={from} to={to} wrong={wrong} />
          <button
            type="submit"
            name="remove"
            value={String(index)}
            aria-label={texts.removeQuietHours(from, to)}
          >
            {texts.remove}
          </button>
        </div>
      ))}
      {stretches.length < MOST_QUIET_HOURS && (
        <div class="stretch">
          <Times view={view} from="" to="" wrong={false} />
          <span class="quiet">{texts.addQuietHours}</span>
        </div>
      )}
    </fieldset>
  );
}

function Times(props: Stretch & { readonly view: View; readonly wrong: boolean }) {
  const { texts } = props.view;
  const field = (label: string, name: string, value: string) => (
    <label>
      <span>{label}</span>
      <input
        type="time"
        name={name}
        value={value}
        title={texts.timeHint}
        aria-invalid={props.wrong ? "true" : undefined}
      />
    </label>
  );
  return (
    <>
      {field(texts.from, "quietFrom", props.from)}
      {field(texts.to, "quietTo", props.to)}
    </>
  );
}

const storedStretches = ({ choices }: View): readonly Stretch[] =>
  choices.limits.quietHours.map(({ from, to }) => ({
    from: formatMinute(from),
    to: formatMinute(to),
  }));
