/** @jsxImportSource hono/jsx */
import type { View } from "./view.ts";

export function TitlesCard({ view }: { readonly view: View }) {
  const { texts, titles, blocked } = view;
  const held = titles.reduce((sum, title) => sum + title.held, 0);
  return (
    <section class="card" id="titles">
      <h2>{texts.titles}</h2>
      <p class="quiet">
        {titles.length === 0
          ? texts.noTitles
          : texts.spaceUsed(view.bytes(held), view.bytes(view.capacity))}
      </p>
      <ul class="rows">
        {titles.map((title) => (
          <li>
            <span class="name">{title.name}</span>
            <span class="quiet">{view.bytes(title.held)}</span>
            <form method="post" action={`/titles/${title.title}`}>
              <button type="submit" name="do" value="delete">
                {texts.delete}
              </button>
              <button type="submit" name="do" value="block">
                {texts.block}
              </button>
            </form>
          </li>
        ))}
      </ul>
      {blocked.length > 0 && <h3>{texts.blocked}</h3>}
      <ul class="rows">
        {blocked.map((title) => (
          <li>
            <span class="name">{title.name ?? title.title.slice(0, 16)}</span>
            <form method="post" action={`/titles/${title.title}`}>
              <button type="submit" name="do" value="unblock">
                {texts.unblock}
              </button>
            </form>
          </li>
        ))}
      </ul>
    </section>
  );
}
