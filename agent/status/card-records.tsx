/** @jsxImportSource hono/jsx */
import type { RecordRow } from "./sources.ts";
import type { View } from "./view.ts";

/** What was signed for, what of it was answered and credited, and why something was not. */
export function RecordsCard({ view }: { readonly view: View }) {
  const { texts, earnings } = view;
  const { rows, more, paged } = view.records();
  return (
    <section class="card full" id="records">
      <h2>{texts.records}</h2>
      <p class="quiet">{earnings.signedRecords > 0 ? texts.recordsHow : texts.noRecords}</p>
      {earnings.signedRecords > 0 && <Sums view={view} />}
      {rows.length > 0 && (
        <ul class="rows records">
          {rows.map((row) => (
            <Row view={view} row={row} />
          ))}
        </ul>
      )}
      {(more || paged) && (
        <nav class="pager" aria-label={texts.records}>
          {paged && (
            <a class="button" href="/#records">
              {texts.newest}
            </a>
          )}
          {more && (
            <a class="button" href={`/?before=${rows.at(-1)?.sequence}#records`}>
              {texts.older}
            </a>
          )}
        </nav>
      )}
    </section>
  );
}

function Sums({ view }: { readonly view: View }) {
  const { texts, earnings } = view;
  const { signedRecords, pendingRecords, credited, asOf } = earnings;
  return (
    <dl class="sums">
      <div>
        <dt>{texts.signed}</dt>
        <dd>{signedRecords}</dd>
      </div>
      <div>
        <dt>{texts.answered}</dt>
        <dd>{Math.max(0, signedRecords - pendingRecords)}</dd>
      </div>
      <div>
        <dt>{texts.waits}</dt>
        <dd>{pendingRecords}</dd>
      </div>
      <div>
        <dt>{texts.credited}</dt>
        <dd>
          {view.tokens(credited)} {texts.tokens}
          {asOf !== undefined && <small> {texts.asOf(view.time(asOf))}</small>}
        </dd>
      </div>
    </dl>
  );
}

function Row({ view, row }: { readonly view: View; readonly row: RecordRow }) {
  const { texts } = view;
  const known = [...view.titles, ...view.blocked].find(({ title }) => title === row.title);
  return (
    <li>
      <bdi class="name">{known?.name ?? <code>{row.title.slice(0, 16)}</code>}</bdi>
      <span>{view.bytes(row.provenBytes)}</span>
      <span class="quiet">{view.time(row.wallTime)}</span>
      <span class={`chip ${row.outcome}`}>{texts.outcome[row.outcome]}</span>
      {row.code !== undefined && (
        <p class="quiet why-not" lang="en">
          {row.why ?? ""} <code>{row.code}</code>
        </p>
      )}
    </li>
  );
}
