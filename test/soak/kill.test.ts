/** A short soak on every run; `bun test/soak/kill.ts` is the long one. */
import { expect, test } from "bun:test";
import { hasMosquitto } from "../faults/mosquitto.ts";
import { soak } from "./soak.ts";

const KILLS = Number(process.env.SPAREBAND_SOAK_KILLS ?? 12);

test.skipIf(!hasMosquitto)(
  "faults 3, 5 and 56, needs mosquitto: boxes, broker and coordinator are killed, and paid = proven",
  async () => {
    const report = await soak({
      kills: KILLS,
      seed: 56,
      boxes: 2,
      viewers: 2,
      // So few kills have to find something going on.
      pause: 3000,
      tell: () => {},
    });
    expect(report.violations).toEqual([]);
    const { box, broker, coordinator } = report.kills;
    expect(box + broker + coordinator).toBeGreaterThanOrEqual(KILLS);
    expect(report.records).toBeGreaterThan(0);
    expect(report.bytes).toBeGreaterThan(0);
  },
  120_000 + KILLS * 5_000,
);
