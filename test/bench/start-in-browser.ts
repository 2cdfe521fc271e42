/**
 * How soon hls.js in headless Chromium shows a moving picture, from the page's start, with three boxes
 * and the gateway on loopback: what the browser adds to `fetch-many-boxes.ts`'s start-up.
 *
 *   bun test/bench/start-in-browser.ts [runs]
 */
import { join } from "node:path";
import { CHROMIUM, watch } from "../content/browser.ts";
import { loadTitle, playFromBoxes, titlesFolder } from "../content/gateway-fixture.ts";
import { ServingBox } from "../content/serving-box.ts";
import { median } from "./serve-tools.ts";

if (!Bun.which(CHROMIUM)) {
  console.log(`skipped: ${CHROMIUM} is not installed`);
  process.exit(0);
}
const title = await loadTitle(join(titlesFolder, "meadow"));
const times: number[] = [];
for (let run = Number(process.argv[2] ?? 5); run > 0; run--) {
  const boxes = await Promise.all([1, 2, 3].map(() => ServingBox.start(title)));
  await using gateway = await playFromBoxes(title, boxes);
  const { startedMs, error } = await watch(`${gateway.url}/master.m3u8`, 1);
  if (startedMs === undefined) throw new Error(`the player did not start (${error})`);
  times.push(startedMs);
}
const [lowest, highest] = [Math.min(...times), Math.max(...times)].map(Math.round);
console.log(
  `hls.js in Chromium: moving picture after ${Math.round(median(times))} ms (${lowest} to ${highest})`,
);
