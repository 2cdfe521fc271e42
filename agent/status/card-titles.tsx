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
      <ul class="rows" hidden={titles.length === 0}>
        {titles.map((title) => (
          <li>
            <bdi class="name">{title.name}</bdi>
            <span class="quiet">{view.bytes(title.held)}</span>
            <form method="post" action={`/titles/${title.title}`}>
              <Act does="delete" label={texts.delete} name={title.name} />
              <Act does="block" label={texts.block} name={title.name} />
            </form>
          </li>
        ))}
      </ul>
      {blocked.length > 0 && <h3>{texts.blocked}</h3>}
      <ul class="rows" hidden={blocked.length === 0}>
        {blocked.map((title) => (
          <li>
            <bdi class="name">{title.name ?? title.title.slice(0, 16)}</bdi>
            <form method="post" action={`/titles/${title.title}`}>
              <Act does="unblock" label={texts.unblock} name={title.name ?? title.title} />
            </form>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Said with the title's name: a screen reader reads buttons without their row. */
function Act(props: { readonly does: string; readonly label: string; readonly name: string }) {
  const { does, label, name } = props;
  return (
    <button type="submit" name="do" value={does} aria-label={`${label}: ${name}`}>
      {label}
    </button>
  );
}
