import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { megabitsPerSecond } from "../../agent/core/units.ts";
import type { ShapingInForce, TrafficControl } from "../../hardware/traffic-control.ts";

export interface TrafficControlBench {
  readonly device: string;
  /** The driver as a newly started agent has it, over the same kernel. */
  readonly restart: () => TrafficControl;
  readonly setForeign: (present: boolean) => Promise<void>;
  readonly dispose: () => Promise<void>;
}

/** Skipped, with the reason in the name, where `missing` says why the subject cannot be had here. */
export function trafficControlContract(subject: {
  readonly name: string;
  readonly missing?: string | undefined;
  readonly open: () => Promise<TrafficControlBench>;
}): void {
  const suffix = subject.missing ? ` (${subject.missing})` : "";
  describe.skipIf(subject.missing !== undefined)(
    `traffic control contract: ${subject.name}${suffix}`,
    () => cases(subject.open),
  );
}

function cases(open: () => Promise<TrafficControlBench>): void {
  let bench: TrafficControlBench;
  let control: TrafficControl;
  const plan = (megabits: number, ...ports: number[]) => ({
    device: bench.device,
    ports,
    rate: megabitsPerSecond(megabits),
  });

  beforeAll(async () => {
    bench = await open();
    control = bench.restart();
  });
  afterAll(() => bench.dispose());

  test("nothing is in force before", async () => {
    expect(await control.read(bench.device)).toEqual({ state: "none" });
  });

  test("what is applied is in force, and read the same", async () => {
    const applied = await control.apply(plan(12.5, 9000, 9001));
    expectShaped(applied, 12.5, [9000, 9001]);
    expect(await control.read(bench.device)).toEqual(applied);
  });

  test("applying again changes nothing", async () => {
    expectShaped(await control.apply(plan(12.5, 9000, 9001)), 12.5, [9000, 9001]);
  });

  test.each([0.064, 0.25, 1, 18.613, 940, 2400])("a rate of %d Mbit/s", async (megabits) => {
    expectShaped(await control.apply(plan(megabits, 9000, 9001)), megabits, [9000, 9001]);
  });

  test("other ports replace the ones before", async () => {
    expectShaped(await control.apply(plan(5, 9100)), 5, [9100]);
  });

  test("what a killed run left is seen and taken over", async () => {
    const next = bench.restart();
    expectShaped(await next.read(bench.device), 5, [9100]);
    expectShaped(await next.apply(plan(6, 9100)), 6, [9100]);
    expectShaped(await bench.restart().apply(plan(7, 9200)), 7, [9200]);
    control = bench.restart();
  });

  test("removing leaves nothing, twice too", async () => {
    await control.remove(bench.device);
    expect(await control.read(bench.device)).toEqual({ state: "none" });
    await control.remove(bench.device);
    expect(await control.read(bench.device)).toEqual({ state: "none" });
  });

  test("what somebody removes behind its back comes back with the next plan", async () => {
    await control.apply(plan(5, 9000));
    await bench.restart().remove(bench.device);
    expectShaped(await control.apply(plan(6, 9000)), 6, [9000]);
    await control.remove(bench.device);
  });

  test("a stranger's queue is named, never touched", async () => {
    await bench.setForeign(true);
    const foreign = await control.read(bench.device);
    expect(foreign.state).toBe("foreign");
    expect(await control.apply(plan(5, 9000))).toEqual(foreign);
    await control.remove(bench.device);
    expect(await control.read(bench.device)).toEqual(foreign);
    await bench.setForeign(false);
    expectShaped(await control.apply(plan(5, 9000)), 5, [9000]);
    await control.remove(bench.device);
  });

  test("an interface that is not there is unavailable with a reason", async () => {
    const gone = await control.apply({ ...plan(5, 9000), device: "gone0" });
    expect(gone.state).toBe("unavailable");
    if (gone.state === "unavailable") expect(gone.reason).not.toBe("");
    await control.remove("gone0");
  });

  test("plans that come at once are carried out one after another", async () => {
    const rates = [3, 9, 4, 8, 5];
    await Promise.all(rates.map((rate) => control.apply(plan(rate, 9000))));
    expectShaped(await control.read(bench.device), 5, [9000]);
    await control.remove(bench.device);
  });
}

/** The kernel's tools round rates to four digits. */
function expectShaped(found: ShapingInForce, megabits: number, ports: readonly number[]): void {
  expect(found.state).toBe("shaped");
  if (found.state !== "shaped") return;
  expect(Math.abs(found.rate / 1e6 / megabits - 1)).toBeLessThan(0.001);
  expect(found.ports).toEqual(ports);
  expect(found.sent).toBeGreaterThanOrEqual(0);
}
