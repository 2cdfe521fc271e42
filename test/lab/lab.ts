/**
 * Runs scenarios on emulated lines and prints the table; needs root and Debian's gcc, iproute2,
 * nftables, iperf3, irtt, ethtool, iputils-ping and curl.
 *
 *   bun test/lab/lab.ts [--scenario 1,2,14] [--sharer spareband,cubic] [--runs 3] [--lines] [--draw DIR] [--record DIR] [--json FILE]
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { drawRun } from "./draw.ts";
import type { Figure } from "./figures.ts";
import { lines } from "./lines.ts";
import { everyday } from "./plays.ts";
import { perform, type Scenario, scenarios } from "./scenarios.ts";

const { values } = parseArgs({
  options: {
    scenario: { type: "string" },
    sharer: { type: "string", default: "spareband" },
    runs: { type: "string", default: "1" },
    lines: { type: "boolean", default: false },
    draw: { type: "string" },
    record: { type: "string" },
    json: { type: "string" },
  },
});

const wanted = values.scenario?.split(",");
const onLines = lines.map(
  ([name, line]): Scenario => ({ id: name, title: name, line, play: everyday }),
);
const chosen = (values.lines ? onLines : scenarios).filter(
  ({ id }) => !wanted || wanted.includes(id),
);
const sharers = values.sharer.split(",");
const report: unknown[] = [];

console.log(`| # | scenario | ${sharers.join(" | ")} |`);
console.log(`|---|---|${sharers.map(() => "---").join("|")}|`);
for (const scenario of chosen) {
  const cells: string[] = [];
  for (const sharer of sharers) {
    const ours = sharer.startsWith("spareband");
    cells.push(scenario.own && !ours ? "–" : formatFigures(await repeat(scenario, sharer)));
  }
  console.log(`| ${scenario.id} | ${scenario.title} | ${cells.join(" | ")} |`);
}
if (values.json) writeFileSync(values.json, JSON.stringify(report, undefined, 1));
process.exit();

/** The median of each figure over the runs. */
async function repeat(scenario: Scenario, sharer: string): Promise<readonly Figure[]> {
  const all: (readonly Figure[])[] = [];
  for (let run = 0; run < Number(values.runs); run++) {
    try {
      const name = `${scenario.id}-${sharer}-${run}`.replace(/[^\w.-]+/g, "_");
      for (const folder of [values.draw, values.record]) {
        if (folder) mkdirSync(folder, { recursive: true });
      }
      const record = values.record && join(resolve(values.record), `${name}.jsonl`);
      const done = await perform(scenario, sharer, record);
      all.push(done.figures);
      console.error(`${scenario.id} ${sharer} ${run + 1}: ${formatFigures(done.figures)}`);
      if (values.draw) {
        writeFileSync(
          join(values.draw, `${name}.svg`),
          drawRun(`${scenario.title}: ${sharer}`, done),
        );
      }
    } catch (fault) {
      console.error(`${scenario.id} ${sharer}: ${fault}`);
    }
  }
  const figures = (all[0] ?? []).map((figure, i) => ({
    ...figure,
    value: median(all.map((run) => run[i]?.value)),
  }));
  report.push({ scenario: scenario.id, sharer, figures, runs: all });
  return figures;
}

/**
 * Undefined as soon as half of the runs never got there; of an even number, the mean of the middle
 * two, because the upper one alone would flatter shares and hide a run that failed.
 */
function median(values: readonly (number | undefined)[]): number | undefined {
  const sorted = values.map((value) => value ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.POSITIVE_INFINITY;
  const high = sorted[Math.floor(sorted.length / 2)] ?? Number.POSITIVE_INFINITY;
  const middle = (low + high) / 2;
  return Number.isFinite(middle) ? middle : undefined;
}

function formatFigures(figures: readonly Figure[]): string {
  return figures
    .map((figure) => {
      const { name, value, unit, atMost, atLeast } = figure;
      const met = value !== undefined && value <= (atMost ?? value) && value >= (atLeast ?? value);
      const judged = atMost !== undefined || atLeast !== undefined;
      const shown = value === undefined ? "never" : `${value.toFixed(value < 10 ? 2 : 1)}${unit}`;
      return `${name} ${shown}${judged ? (met ? "" : " ✗") : ""}`;
    })
    .join(", ");
}
