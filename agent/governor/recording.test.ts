import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { milliseconds } from "../core/units.ts";
import type { Decision } from "./decide.ts";
import { FluidLine } from "./fluid-line.ts";
import { everythingAllowed } from "./policy.ts";
import { parseRecording, type RecordedTick, recordTo, replay } from "./recording.ts";

const folder = join(import.meta.dir, "../../test/fixtures/recordings");
const open = async (name: string) => {
  const packed = await Bun.file(join(folder, `${name}.jsonl.gz`)).bytes();
  return parseRecording(new TextDecoder().decode(Bun.gunzipSync(packed)));
};

interface Part {
  readonly from: number;
  readonly phases: ReadonlySet<string>;
  /** Mean rate that today's law gives, bits per second. */
  readonly rate: number;
}

/** What the law does in each span of seconds. */
function spans(ticks: readonly RecordedTick[], edges: readonly number[]): readonly Part[] {
  const start = ticks[0]?.now.monotonic ?? 0;
  const decisions = [...replay(ticks, everythingAllowed)];
  return edges.slice(1).map((to, i) => {
    const from = edges[i] ?? 0;
    const within = decisions.filter((_, k) => {
      const second = ((ticks[k]?.now.monotonic ?? 0) - start) / 1000;
      return second >= from && second < to;
    });
    const rates = within.map(({ verdict }) => (verdict.state === "sharing" ? verdict.rate : 0));
    const sum = rates.reduce<number>((a, b) => a + b, 0);
    return {
      from,
      phases: new Set(within.map((d: Decision) => d.state.line.phase.kind)),
      rate: sum / rates.length,
    };
  });
}

describe("recorded runs, replayed", () => {
  test("a family upload: the line is found, left to the family and used again", async () => {
    const [found, used, during, after] = spans(await open("upload"), [0, 8, 17, 30, 41]);
    expect(found?.phases).toContain("discover");
    expect(used?.rate).toBeGreaterThan(18e6);
    expect(during?.phases).toContain("yield");
    expect(after?.rate).toBeGreaterThan(14e6);
  });

  test("20 → 8 Mbit/s: known from a train, and never above what is left", async () => {
    const [before, falling, after] = spans(await open("capacity-falls"), [8, 20, 21, 31]);
    expect(before?.rate).toBeGreaterThan(17e6);
    expect(falling?.phases).toContain("look");
    expect(falling?.phases).toContain("drain");
    expect(after?.rate).toBeLessThan(8e6);
  });

  test("behind fair queueing the upload is seen though delay shows nothing", async () => {
    const [, during] = spans(await open("fair-queueing"), [8, 17, 30]);
    expect(during?.phases).toContain("aside");
  });

  test("behind fair queueing the search ends, though no queue and hardly a loss says so", async () => {
    const [searching, found] = spans(await open("fair-queueing-search"), [2, 5, 7]);
    expect(searching?.phases).toContain("drain");
    expect(found?.phases).toContain("hold");
    expect(found?.phases).not.toContain("discover");
    expect(found?.rate).toBeGreaterThan(17e6);
    expect(found?.rate).toBeLessThan(20e6);
  });

  test("an upload into a short buffer is no slower line, though the first train says so", async () => {
    const [before, coming, there] = spans(await open("short-buffer"), [12, 18, 19.2, 31]);
    expect(before?.rate).toBeGreaterThan(16e6);
    expect(coming?.phases).not.toContain("drain");
    expect(there?.phases).toEqual(new Set(["yield"]));
    expect(there?.rate).toBeLessThan(1e6);
  });

  test("a replay gives the same rates every time", async () => {
    const ticks = await open("upload");
    const rates = () => [...replay(ticks, everythingAllowed)].map((d) => d.state.line.rate);
    expect(rates()).toEqual(rates());
  });
});

test("what is recorded can be read again, and a line that was cut off is left out", () => {
  const lines: string[] = [];
  const line = new FluidLine();
  const now = line.decision.state.volume;
  recordTo((text) => lines.push(text))(
    { line: { at: now.monotonic, delays: [] }, sent: 0 as never },
    everythingAllowed,
    { wall: now.wall, monotonic: now.monotonic },
    line.decision,
  );
  const text = `${lines.join("\n")}\n{"now":{"mono`;
  expect(parseRecording(text)).toEqual([
    {
      now: { wall: now.wall, monotonic: now.monotonic },
      samples: { line: { at: now.monotonic, delays: [] }, sent: 0 as never },
      rate: 0,
      startedAt: milliseconds(0),
    },
  ]);
});
