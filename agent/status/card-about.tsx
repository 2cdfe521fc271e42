/** @jsxImportSource hono/jsx */
import type { View } from "./view.ts";

export function About({ view }: { readonly view: View }) {
  const { texts } = view;
  return (
    <section class="card" id="about">
      <h2>{texts.about}</h2>
      <dl>
        <dt>{texts.boxId}</dt>
        <dd>
          <code>{view.box}</code>
        </dd>
        <dt>{texts.wallet}</dt>
        <dd>
          <code>{view.earnings.wallet}</code>
        </dd>
        <dt>{texts.version}</dt>
        <dd>{view.version}</dd>
      </dl>
      <form method="post" action="/pairing-code">
        <button type="submit">{texts.addDevice}</button>
      </form>
    </section>
  );
}
