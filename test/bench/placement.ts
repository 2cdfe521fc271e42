/**
 * Placement at scale: a discrete-event simulation of boxes, Zipf demand and churn over the real
 * `placeTitles` and `chooseBoxes`. Prints how many requests boxes serve, what is left for the origin,
 * and how both grow with the number of boxes.
 *
 *   bun test/bench/placement.ts [boxes] [hours]
 */
import { chooseBoxes } from "../../agent/coordinator/matching.ts";
import { type PlacementBox, placeTitles } from "../../agent/coordinator/placement.ts";
import { type Hash, type PublicKey, sha256 } from "../../agent/core/encoding.ts";
import { type Random, seededRandom } from "../../agent/core/random.ts";

const GB = 1e9;
const TITLES = 5_000;
const ZIPF = 0.9;
/** Requests an hour for each box: demand grows with the households that have one. */
const REQUESTS_PER_BOX = 0.4;
const BOXES_PER_VIEWER = 6;
const PLACE_EVERY_H = 1;
/** A box is away for some hours a day, and leaves for good once a year or so. */
const MEAN_UP_H = 18;
const MEAN_DOWN_H = 3;
const LEAVES_PER_HOUR = 1 / (365 * 24);
/** A video viewer's rate; what boxes cannot give of it comes from the origin. */
const VIEW_BPS = 5e6;
const WARM_UP_H = 6;

interface SimulatedBox {
  readonly box: PublicKey;
  readonly capacity: number;
  readonly uplink: number;
  online: boolean;
  nextChange: number;
  wanted: readonly Hash[];
  readonly held: Set<Hash>;
  /** Bits per second that are promised to running views. */
  busy: number;
}

interface Figures {
  requests: number;
  hits: number;
  bytes: number;
  originBytes: number;
  fillBytes: number;
}

function makeBox(random: Random, number: number, at: number): SimulatedBox {
  return {
    box: sha256(Buffer.from(`box ${number}`)) as string as PublicKey,
    capacity: ([8, 16, 32, 64][Math.floor(random.unit() * 4)] as number) * GB,
    uplink: [5e6, 10e6, 20e6, 40e6][Math.floor(random.unit() * 4)] as number,
    online: true,
    nextChange: at + exponential(random, MEAN_UP_H),
    wanted: [],
    held: new Set(),
    busy: 0,
  };
}

const exponential = (random: Random, mean: number) => -mean * Math.log(1 - random.unit());

function makeTitles(random: Random) {
  return Array.from({ length: TITLES }, (_, rank) => ({
    title: sha256(Buffer.from(`title ${rank}`)),
    size: (0.3 + random.unit() * 2.7) * GB,
    weight: 1 / (rank + 1) ** ZIPF,
    demand: 0,
  }));
}

/** A view that ends: what it took is given back. */
interface Ending {
  readonly at: number;
  readonly boxes: readonly { readonly box: SimulatedBox; readonly rate: number }[];
}

function simulate(count: number, hours: number): Figures & { placeMs: number; moved: number } {
  const random = seededRandom(count);
  const titles = makeTitles(random);
  const totalWeight = titles.reduce((sum, { weight }) => sum + weight, 0);
  const boxes = Array.from({ length: count }, (_, number) => makeBox(random, number, 0));
  const figures: Figures = { requests: 0, hits: 0, bytes: 0, originBytes: 0, fillBytes: 0 };
  const sizes = new Map(titles.map(({ title, size }) => [title, size]));
  const endings: Ending[] = [];
  const cumulative: number[] = [];
  let sum = 0;
  for (const { weight } of titles) {
    sum += weight / totalWeight;
    cumulative.push(sum);
  }
  const pick = () => titles[lowerBound(cumulative, random.unit())] as (typeof titles)[number];
  let holders = new Map<Hash, SimulatedBox[]>();
  let placeMs = 0;
  let moved = 0;
  let newcomers = count;

  const place = (hour: number) => {
    for (const title of titles) title.demand *= Math.exp(-PLACE_EVERY_H / 6);
    const started = performance.now();
    const placement = placeTitles(titles, boxes.map(describe));
    placeMs += performance.now() - started;
    holders = new Map();
    for (const box of boxes) {
      box.wanted = placement.get(box.box) ?? [];
      const wanted = new Set(box.wanted);
      for (const title of box.held) if (!wanted.has(title)) box.held.delete(title);
      for (const title of box.wanted) {
        const list = holders.get(title) ?? [];
        holders.set(title, list);
        list.push(box);
      }
    }
    const fetched = fill(hour);
    if (hour >= WARM_UP_H) moved += fetched;
  };
  /** Boxes fetch what they should hold: from one another where a copy is online, else from the origin. */
  const fill = (hour: number) => {
    let fetched = 0;
    const online = boxes.filter((box) => box.online);
    const copies = new Set(online.flatMap(({ held }) => [...held]));
    for (const box of online) {
      for (const title of box.wanted) {
        if (box.held.has(title)) continue;
        box.held.add(title);
        fetched += 1;
        if (hour >= WARM_UP_H && !copies.has(title)) figures.fillBytes += sizes.get(title) ?? 0;
        copies.add(title);
      }
    }
    return fetched;
  };
  const churn = (hour: number) => {
    for (const [at, box] of boxes.entries()) {
      if (random.unit() < LEAVES_PER_HOUR) boxes[at] = makeBox(random, newcomers++, hour);
      else if (box.nextChange <= hour) {
        box.online = !box.online;
        box.nextChange = hour + exponential(random, box.online ? MEAN_UP_H : MEAN_DOWN_H);
      }
    }
  };
  const view = (hour: number) => {
    while ((endings[0]?.at ?? Number.POSITIVE_INFINITY) <= hour) {
      for (const { box, rate } of endings.shift()?.boxes ?? []) box.busy -= rate;
    }
    const title = pick();
    title.demand += 1 / 6;
    const able = (holders.get(title.title) ?? []).filter(
      (box) => box.online && box.held.has(title.title) && box.uplink > box.busy,
    );
    const byKey = new Map(able.map((box) => [box.box, box]));
    const candidates = able.map((box) => ({
      box: box.box,
      addresses: ["http://box"],
      rate: box.uplink - box.busy,
      permille: 1_000,
      promised: 0,
    }));
    const none = new Set<PublicKey>();
    const request = { wanted: BOXES_PER_VIEWER, avoid: none, household: none };
    let missing = VIEW_BPS;
    const used: { box: SimulatedBox; rate: number }[] = [];
    for (const { box: key } of chooseBoxes(candidates, request, random)) {
      const box = byKey.get(key);
      if (!box || missing <= 0) break;
      const rate = Math.min(missing, box.uplink - box.busy);
      box.busy += rate;
      missing -= rate;
      used.push({ box, rate });
    }
    const lasts = (title.size * 8) / VIEW_BPS / 3600;
    insert(endings, { at: hour + lasts, boxes: used });
    if (hour < WARM_UP_H) return;
    figures.requests += 1;
    if (used.length > 0) figures.hits += 1;
    figures.bytes += title.size;
    figures.originBytes += (title.size * missing) / VIEW_BPS;
  };

  const perHour = count * REQUESTS_PER_BOX;
  let nextPlace = 0;
  let nextChurn = 0;
  for (let hour = 0; hour < hours; hour += exponential(random, 1 / perHour)) {
    while (nextChurn <= hour) churn(nextChurn++);
    if (nextPlace <= hour) {
      place(nextPlace);
      nextPlace += PLACE_EVERY_H;
    }
    view(hour);
  }
  return {
    ...figures,
    placeMs: placeMs / nextPlace,
    moved: moved / Math.max(1, nextPlace - WARM_UP_H),
  };
}

const describe = (box: SimulatedBox): PlacementBox => ({
  box: box.box,
  capacity: box.capacity,
  rate: box.uplink,
  presence: box.online ? 1 : 0.5,
  holds: new Set([...box.wanted, ...box.held]),
  blocked: new Set(),
});

function lowerBound(list: readonly number[], value: number): number {
  let [low, high] = [0, list.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insert(endings: Ending[], ending: Ending): void {
  let [low, high] = [0, endings.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((endings[middle]?.at ?? 0) <= ending.at) low = middle + 1;
    else high = middle;
  }
  endings.splice(low, 0, ending);
}

const most = Number(process.argv[2] ?? 10_000);
const hours = Number(process.argv[3] ?? 30);
const percent = (part: number, whole: number) =>
  `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;
const row = (cells: readonly (string | number)[]) =>
  process.stdout.write(`${cells.map((cell) => String(cell).padStart(14)).join("")}\n`);

process.stdout.write(
  `${TITLES} titles, Zipf ${ZIPF}, ${REQUESTS_PER_BOX} requests an hour a box, ${hours} h with ${WARM_UP_H} h to warm up\n`,
);
row(["boxes", "requests", "hit rate", "offload", "net offload", "moves an hour", "placing ms"]);
for (const count of [100, 300, 1_000, 3_000, 10_000].filter((number) => number <= most)) {
  const done = simulate(count, hours);
  row([
    count,
    done.requests,
    percent(done.hits, done.requests),
    percent(done.bytes - done.originBytes, done.bytes),
    percent(done.bytes - done.originBytes - done.fillBytes, done.bytes),
    done.moved.toFixed(0),
    done.placeMs.toFixed(0),
  ]);
}
