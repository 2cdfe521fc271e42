import { describe, expect, test } from "bun:test";
import { celsius, megabitsPerSecond } from "../core/units.ts";
import { atEase, type BoardSample, checkComfort, observeBoard } from "./comfort.ts";

const cool: BoardSample = {
  busy: 0.1,
  zones: [
    {
      name: "z",
      type: "soc",
      temperature: celsius(50),
      trips: [{ type: "passive", temperature: celsius(85) }],
    },
  ],
  playback: "idle",
};
const heated = (degrees: number): BoardSample => ({
  ...cool,
  zones: cool.zones.map((zone) => ({ ...zone, temperature: celsius(degrees) })),
});
const after = (...samples: readonly BoardSample[]) => {
  const state = samples.reduce(observeBoard, atEase);
  const comfort = checkComfort(state, samples.at(-1));
  return comfort.fine ? (comfort.reason ?? "fine") : comfort.reason;
};

describe("the console's comfort", () => {
  test("the picture comes first", () => {
    expect(after({ ...cool, playback: "playing" })).toBe("playback");
  });
  test("warm from five degrees below the first trip point, cool again five below that", () => {
    expect(after(heated(79))).toBe("fine");
    expect(after(heated(81))).toBe("warm");
    expect(after(heated(81), heated(77))).toBe("warm");
    expect(after(heated(81), heated(77), heated(74))).toBe("fine");
  });
  test("a zone that was warm and no longer answers has not cooled down", () => {
    expect(after(heated(81), { ...cool, zones: [] })).toBe("warm");
    expect(after(heated(81), { ...cool, zones: [] }, heated(77))).toBe("warm");
    expect(after(heated(81), { ...cool, zones: [] }, heated(74))).toBe("fine");
    const gone = Array.from({ length: 700 }, () => ({ ...cool, zones: [] }));
    expect(after(heated(81), ...gone.slice(0, 590))).toBe("warm");
    expect(after(heated(81), ...gone)).toBe("heat-unknown");
  });
  test("a board that is busy for seconds, not for one sample", () => {
    const busy = { ...cool, busy: 1 };
    expect(after(cool, busy)).toBe("fine");
    expect(after(cool, busy, busy, busy, busy, busy, busy, busy)).toBe("cpu-busy");
  });
  test("pressure counts where the kernel has it", () => {
    expect(after({ ...cool, cpuPressure: 50 })).toBe("cpu-busy");
    expect(after({ ...cool, cpuPressure: 50 }, { ...cool, cpuPressure: 20 })).toBe("cpu-busy");
    expect(after({ ...cool, ioPressure: 70 })).toBe("cpu-busy");
  });
  test("what the board does not tell bounds the rate and is said", () => {
    expect(after({ ...cool, playback: "unknown" })).toBe("playback-unknown");
    expect(after({ ...cool, zones: [] })).toBe("heat-unknown");
    const { busy: _, ...mute } = cool;
    expect(after(mute)).toBe("signals-missing");
    const nothing = checkComfort(atEase, undefined);
    expect(nothing.fine && nothing.ceiling).toBe(megabitsPerSecond(50));
  });
});
