/**
 * The little the page does by itself: it renews the live part every three seconds, says aloud what has
 * changed, and lets a remote's arrows walk from button to button. To the program it is a text.
 */
export const script = `
const focusable = "a[href], button, input:not([type=hidden]), summary";
const stale = document.getElementById("stale");
let saying;
// A screen reader hears what the box does when that changes, not every new rate.
function say() {
  const now = document.querySelector("[data-said]")?.dataset.said;
  const said = document.getElementById("said");
  if (said && saying !== undefined && now !== saying) said.textContent = now ?? "";
  saying = now;
}
say();
/** The lists below as they are now, unless someone is in one; false then. */
async function renewLists() {
  const cards = ["titles", "records"].map((id) => document.getElementById(id)).filter(Boolean);
  if (cards.some((card) => card.contains(document.activeElement))) return false;
  const answer = await fetch("/" + location.search, { headers: { accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const card of cards) {
    const fresh = page.getElementById(card.id);
    if (fresh) card.replaceChildren(...fresh.childNodes);
  }
  return answer.ok;
}
async function renew() {
  if (document.hidden) return;
  const live = document.getElementById("live");
  if (!live) return;
  try {
    const answer = await fetch("/live", { headers: { accept: "text/html" } });
    // The pairing was ended meanwhile: the page itself says how to go on.
    if (answer.status === 403) return location.reload();
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
    const focused = document.activeElement?.id;
    if (fresh) live.replaceChildren(...fresh.childNodes);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    if (stale) stale.hidden = true;
    say();
    const { below } = fresh?.dataset ?? {};
    if (below !== live.dataset.below && (await renewLists())) live.dataset.below = below;
  } catch {
    if (stale) stale.hidden = false;
  }
}
setInterval(renew, 3000);
document.addEventListener("visibilitychange", renew);

// Up and down go to the next row, however far to the side; left and right stay in theirs.
const steps = { ArrowDown: [0, 1], ArrowUp: [0, -1], ArrowRight: [1, 0], ArrowLeft: [-1, 0] };
const middle = (element) => {
  const box = element.getBoundingClientRect();
  return [box.left + box.width / 2, box.top + box.height / 2];
};
// Arrows walk past a time, too; OK opens it for them, and closes it again.
let opened;
document.addEventListener("focusout", () => { opened?.classList.remove("opened"); opened = undefined; });
document.addEventListener("keydown", (event) => {
  const step = steps[event.key];
  const from = document.activeElement;
  if (from?.type === "time" && event.key === "Enter") {
    event.preventDefault();
    opened = opened === from ? undefined : from;
    from.classList.toggle("opened", opened === from);
    return;
  }
  const typing = from?.matches?.("input:not([type=checkbox], [type=time])");
  if (!step || from === opened || (typing && step[0])) return;
  const [x, y] = from && from !== document.body ? middle(from) : [innerWidth / 2, 0];
  let best;
  let bestCost = Infinity;
  for (const element of document.querySelectorAll(focusable)) {
    const [ex, ey] = middle(element);
    const along = (ex - x) * step[0] + (ey - y) * step[1];
    const across = Math.abs((ex - x) * step[1]) + Math.abs((ey - y) * step[0]);
    const cost = along + across * (step[0] ? 3 : 0.3);
    if (element !== from && along > 4 && element.offsetParent && cost < bestCost) [best, bestCost] = [element, cost];
  }
  if (!best) return;
  event.preventDefault();
  best.focus();
  best.scrollIntoView({ block: "nearest", behavior: "smooth" });
});
`;
