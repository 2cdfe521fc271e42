import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { bytes, milliseconds } from "../core/units.ts";
import { addVolume, resumeVolume, startVolume, type Volume } from "./volume.ts";
import { parseVolume, VolumeKeeper } from "./volume-store.ts";

const HOUR = 3_600_000;
const local = (day: number, hour = 12) => new Date(2026, 10, day, hour).getTime();
const ms = milliseconds;
const start = (wall = local(10)) => startVolume(ms(wall), ms(0));
const add = (v: Volume, sent: number, wall: number, mono: number) =>
  addVolume(v, bytes(sent), ms(wall), ms(mono));

describe("volume of a day and a month", () => {
  test("midnight that time passed through begins a new day of the same month", () => {
    const before = add(start(local(10, 23)), 700, local(10, 23) + 30_000, 30_000);
    const after = add(before, 5, local(10, 23) + HOUR + 30_000, HOUR + 30_000);
    expect(after.day).toEqual({ name: "2026-11-11", sent: bytes(5) });
    expect(after.month.sent).toBe(bytes(705));
  });

  test("a clock that jumps to tomorrow, or back a year, frees nothing", () => {
    const used = add(start(), 700, local(10) + 1000, 1000);
    const ahead = add(used, 10, local(11), 2000);
    expect(ahead.day).toEqual({ name: "2026-11-11", sent: bytes(710) });
    const back = add(ahead, 10, new Date(2025, 10, 11).getTime(), 3000);
    expect(back.day.sent).toBe(bytes(720));
    expect(back.month.sent).toBe(bytes(720));
  });

  test("after a restart: days off count as passed, an earlier or a far later clock does not", () => {
    const used = add(start(), 700, local(10) + 1000, 1000);
    expect(resumeVolume(used, ms(local(12)), ms(0)).day.sent).toBe(bytes(0));
    expect(resumeVolume(used, ms(0), ms(0)).day.sent).toBe(bytes(700));
    expect(resumeVolume(used, ms(local(10) + 400 * 24 * HOUR), ms(0)).day.sent).toBe(bytes(700));
  });

  test("no sequence of jumps shares more than a cap between two real midnights", () => {
    const jumps = fc.array(fc.integer({ min: -4e12, max: 4e12 }), { maxLength: 20 });
    fc.assert(
      fc.property(jumps, (offsets) => {
        let volume = start();
        offsets.forEach((offset, i) => {
          volume = add(volume, 100, local(10) + offset, (i + 1) * 1000);
        });
        // Jumps below a minute are drift; over noon they do not reach midnight.
        expect(volume.day.sent).toBe(bytes(100 * offsets.length));
      }),
    );
  });
});

describe("keeping the volume", () => {
  test("a kill never forgets what was sent, and overcounts by the reserve at most", () => {
    let disk: string | undefined;
    const store = { load: () => disk, save: (text: string) => (disk = text) };
    const cap = 1e9;
    const keeper = new VolumeKeeper(store, ms(local(10)), ms(0));
    for (let i = 1; i <= 50; i++) {
      keeper.update(add(keeper.volume, 777_777, local(10) + i * 1000, i * 1000), cap);
      const again = new VolumeKeeper(
        { load: () => disk, save: () => {} },
        ms(local(10) + 60_000),
        ms(0),
      );
      expect(again.volume.day.sent).toBeGreaterThanOrEqual(keeper.volume.day.sent);
      expect(again.volume.day.sent).toBeLessThanOrEqual(keeper.volume.day.sent + cap * 0.01);
    }
    keeper.close();
    expect(parseVolume(disk)?.day.sent).toBe(keeper.volume.day.sent);
  });

  test("damaged text is no volume", () => {
    for (const text of ["", "{}", "null", '{"day":1}', "x".repeat(5000)]) {
      expect(parseVolume(text)).toBeUndefined();
    }
  });
});
