/** Contrasts are 7:1 or better for text (WCAG AAA); sizes follow the screen up to a TV's at 3 m. */
export const stylesheet = `
:root {
  color-scheme: light dark;
  --ground: #f3f5f4; --card: #ffffff; --ink: #12201f; --soft: #3f504e; --line: #d5dddb;
  --brand: #075e5a; --on-brand: #ffffff; --tint: #e2f1ef; --good: #075e5a; --bad: #8f1d14;
  --warn: #6b4500; --focus: #d98a00; --idle: #5d6b69;
  font: 400 clamp(16px, 11px + 0.5vw, 21px)/1.45 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0c1413; --card: #16211f; --ink: #eef5f3; --soft: #b4c4c1; --line: #2b3b38;
    --brand: #6fe0d2; --on-brand: #06201d; --tint: #12302c; --good: #6fe0d2; --bad: #ffb4a8;
    --warn: #ffd48a; --focus: #ffd166; --idle: #93a3a0;
  }
}
@media (min-width: 1700px) { :root { font-size: 26px; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); }
header, main { max-width: 72rem; margin: 0 auto; padding: 0 clamp(1rem, 3vw, 2rem); }
header { display: flex; justify-content: space-between; align-items: center; padding-block: 1rem; }
.brand { display: flex; gap: .6rem; align-items: center; font-weight: 650; font-size: 1.15rem; color: var(--ink); text-decoration: none; }
.brand img { width: 2rem; height: 2rem; }
nav { display: flex; gap: .25rem; }
nav a { color: var(--soft); padding: .45rem .7rem; border-radius: .6rem; text-decoration: none; }
nav a[aria-current] { color: var(--ink); background: var(--card); font-weight: 600; }
main { display: grid; gap: 1rem; padding-bottom: 3rem; }
#live { display: grid; gap: 1rem; }
.grid { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); align-items: start; }
.grid .card { height: 100%; }
.full, #about:nth-child(even) { grid-column: 1 / -1; }
.wide { grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 1.1rem; padding: 1.25rem 1.4rem; min-width: 0; }
h1, h2, h3, p, ul, dl, figure { margin: 0; }
h1 { font-size: clamp(1.7rem, 1.2rem + 2vw, 2.6rem); line-height: 1.15; letter-spacing: -.01em; text-wrap: balance; }
h2 { font-size: 1rem; font-weight: 600; color: var(--soft); margin-bottom: .6rem; }
h3 { font-size: 1rem; margin: 1rem 0 .3rem; }
.quiet { color: var(--soft); font-size: .94rem; margin-top: .35rem; }
.hero { padding: clamp(1.4rem, 3vw, 2.4rem); overflow: hidden; }
.hero.on { background: var(--tint); border-color: transparent; }
.hero-row { display: flex; flex-wrap: wrap; gap: 1.5rem; justify-content: space-between; align-items: center; }
.hero-row > div { flex: 1 1 20rem; }
.state { display: flex; flex-wrap: wrap; align-items: center; gap: .55rem; font-size: 1.15rem; margin-bottom: .5rem; }
.state strong { font-variant-numeric: tabular-nums; }
.dot { width: .8rem; height: .8rem; border-radius: 50%; background: var(--idle); }
.on .dot { background: var(--good); }
@media (prefers-reduced-motion: no-preference) {
  .on .dot { animation: breathe 3s ease-in-out infinite; }
  @keyframes breathe { 50% { opacity: .35; } }
}
.why { font-size: 1.1rem; margin-top: .4rem; }
.figure { font-size: 2.1rem; font-weight: 650; line-height: 1.15; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.figure small { font-size: 1rem; font-weight: 400; color: var(--soft); }
button, .button {
  font: inherit; font-weight: 600; min-height: 3rem; padding: .6rem 1.2rem; border-radius: .8rem; cursor: pointer;
  border: 2px solid var(--line); background: var(--card); color: var(--ink); text-decoration: none;
  display: inline-flex; align-items: center; justify-content: center;
}
.primary { background: var(--brand); border-color: var(--brand); color: var(--on-brand); }
.hero .primary { min-height: 4.2rem; min-width: 12rem; font-size: 1.3rem; border-radius: 1.1rem; }
button:hover, .button:hover { border-color: var(--brand); }
:focus-visible { outline: 4px solid var(--focus); outline-offset: 3px; }
.switch { display: grid; gap: .6rem; }
figure { margin-top: 1.2rem; }
figure svg { display: block; width: 100%; height: 5rem; }
figure .line { stroke: var(--good); stroke-width: 2.5px; stroke-linejoin: round; }
figure .area { fill: var(--good); opacity: .16; }
figcaption { display: flex; justify-content: space-between; color: var(--soft); font-size: .88rem; margin-top: .3rem; }
.meter { display: grid; grid-template-columns: 1fr auto; gap: .1rem .8rem; padding: .35rem 0; }
.meter strong { font-variant-numeric: tabular-nums; }
.meter small { font-weight: 400; color: var(--soft); }
meter { grid-column: 1 / -1; width: 100%; height: .8rem; }
.well { color: var(--good); font-weight: 600; }
.conditions { list-style: none; padding: 0; display: grid; gap: .9rem 2rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); }
.conditions li { border-left: .3rem solid var(--idle); padding-left: .8rem; }
.conditions .problem { border-color: var(--bad); }
.conditions .problem b { color: var(--bad); }
.conditions .warning { border-color: var(--warn); }
.conditions .warning b { color: var(--warn); }
.detail { overflow-wrap: anywhere; font-family: ui-monospace, monospace; font-size: .85rem; }
form label, fieldset label { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 10rem); gap: .8rem; align-items: center; margin-bottom: .6rem; }
input:not([type=checkbox]) { font: inherit; width: 100%; min-height: 3rem; padding: .4rem .8rem; border: 2px solid var(--line); border-radius: .7rem; background: var(--ground); color: var(--ink); }
::placeholder { color: var(--soft); opacity: 1; }
fieldset { border: 0; padding: 0; margin: 0 0 .6rem; display: flex; flex-wrap: wrap; gap: 0 1.2rem; align-items: center; }
fieldset legend { font-weight: 600; padding: .2rem 0 .4rem; }
fieldset label { grid-template-columns: auto 7.9rem; gap: .5rem; }
.check { grid-template-columns: auto 1fr !important; }
input[type=checkbox] { width: 1.6rem; height: 1.6rem; accent-color: var(--brand); }
.rows { list-style: none; padding: 0; margin-top: .6rem; }
.rows li { display: flex; flex-wrap: wrap; gap: .4rem 1rem; align-items: center; padding: .6rem 0; border-top: 1px solid var(--line); }
.rows .name { text-align: left; flex: 1 1 9rem; overflow-wrap: anywhere; font-weight: 600; }
.rows form { display: flex; gap: .5rem; }
.ask { border: 3px solid var(--brand); }
.ask details p, #consent details p { margin-top: .7rem; max-width: 65ch; }
#consent form { display: flex; flex-wrap: wrap; gap: .8rem; margin-top: 1.1rem; }
summary { cursor: pointer; padding: .5rem 0; color: var(--soft); }
.ask summary { display: none; }
dl { display: grid; gap: .1rem; margin-bottom: 1.1rem; }
dt { color: var(--soft); font-size: .9rem; }
dd { margin: 0 0 .6rem; overflow-wrap: anywhere; }
code { font-size: .85rem; }
.note, #stale { padding: .9rem 1.2rem; border-radius: .9rem; background: var(--card); border: 2px solid var(--good); font-weight: 600; font-size: 1.1rem; }
.note.bad, #stale { border-color: var(--bad); color: var(--bad); }
.pair { display: flex; flex-wrap: wrap; gap: .8rem 1.2rem; align-items: center; }
.pair p { flex: 1 1 20rem; }
.pair label { grid-template-columns: auto 9rem; margin: 0; }
.pair input { font-size: 1.3rem; letter-spacing: .15em; font-variant-numeric: tabular-nums; }
main > .pair { background: var(--card); border: 1px solid var(--line); border-radius: 1.1rem; padding: 1rem 1.4rem; }
.unseen { position: absolute; width: 1px; height: 1px; min-height: 0; margin: -1px; padding: 0; border: 0; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
[hidden] { display: none !important; }
[aria-invalid] { border-color: var(--bad) !important; }
input.opened { border-color: var(--focus) !important; }
.stretch { display: flex; flex-wrap: wrap; gap: .2rem .7rem; align-items: center; width: 100%; }
.stretch button { margin-bottom: .6rem; padding-inline: .9rem; }
.stretch input { padding-inline: .5rem !important; }
.stretch .quiet { margin: 0 0 .6rem; }
.sums { display: grid; grid-template-columns: repeat(auto-fit, minmax(5.6rem, 1fr)); gap: .4rem 1rem; margin: .8rem 0 0; }
.sums dd { font-weight: 650; font-variant-numeric: tabular-nums; margin: 0; }
.sums small { font-weight: 400; color: var(--soft); }
.sums > :last-child { grid-column: span 2; }
@media (min-width: 60rem) {
  .records li { display: grid; grid-template-columns: minmax(0, 1fr) 7rem 14rem 9rem; }
  .records .chip { justify-self: end; }
  .why-not { grid-column: 1 / -1; }
}
@media (max-width: 40rem) {
  .hero-row > form, .hero-row > .button, .switch, .hero .primary { width: 100%; flex: 1 1 100%; }
  .stretch label { grid-template-columns: 2.7rem 7.9rem; }
  .sums > :last-child { grid-column: 1 / -1; }
}
.records span { font-variant-numeric: tabular-nums; }
.records .quiet { margin: 0; }
.why-not { flex-basis: 100%; }
.chip { border: 1px solid var(--line); border-radius: 1rem; padding: .05rem .7rem; font-size: .9rem; }
.chip.credited { color: var(--good); border-color: var(--good); }
.chip.refused { color: var(--bad); border-color: var(--bad); }
.pager { margin-top: .8rem; flex-wrap: wrap; gap: .6rem; }
.pager .button { color: var(--ink); padding: .6rem 1.2rem; border-radius: .8rem; }
.maker { margin: 0 0 .8rem; }
.stranger { display: grid; gap: 1.2rem; max-width: 46rem; }
`;
