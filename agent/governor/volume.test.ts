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
  addVolume(v, bytes(sent), { wall: ms(wall), monotonic: ms(mono) });
const sync = (v: Volume, sent: number, wall: number, mono: number) =>
  addVolume(v, bytes(sent), { wall: ms(wall), monotonic: ms(mono), synchronised: true });

const onDisk = ({ sure }: Volume) => ({ wall: sure?.wall ?? ms(0), sent: sure?.sent ?? bytes(0) });

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

  test("a console without a battery is free again the next day, once its clock is right", () => {
    for (const lateClock of [0, local(10, 23)]) {
      let volume = sync(start(local(10, 22)), 700, local(10, 22) + 1000, 1000);
      // Off for the night; the clock starts anew, or where it stopped.
      volume = resumeVolume({ ...volume, sure: onDisk(volume) }, ms(lateClock), ms(0));
      volume = add(volume, 5, lateClock + 1000, 1000);
      expect(volume.day.sent).toBe(bytes(705));
      volume = sync(volume, 10, local(11, 7), 2000);
      expect(volume.day).toEqual({ name: "2026-11-11", sent: bytes(15) });
      expect(volume.month).toEqual({ name: "2026-11", sent: bytes(715) });
    }
  });

  test("a synchronised clock that jumps while the box runs frees nothing", () => {
    const used = sync(start(), 700, local(10) + 1000, 1000);
    const jumped = sync(used, 10, local(11), 2000);
    expect(jumped.day).toEqual({ name: "2026-11-11", sent: bytes(710) });
    expect(sync(jumped, 10, local(11) + 1000, 3000).day.sent).toBe(bytes(720));
  });

  test("a month of such days keeps the caps of each day, and begins the month at nothing", () => {
    let volume = start(local(10));
    for (let day = 10; day < 40; day++) {
      volume = resumeVolume(
        { ...volume, ...(volume.sure && { sure: onDisk(volume) }) },
        ms(0),
        ms(0),
      );
      volume = add(volume, 1, 1000, 1000);
      volume = sync(volume, 900, local(day, 8), 2000);
      expect(volume.day.sent).toBeLessThanOrEqual(902);
    }
    expect(volume.month).toEqual({ name: "2026-12", sent: bytes(9 * 901) });
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
    keeper.update(sync(keeper.volume, 1, local(10) + 51_000, 51_000), cap);
    keeper.close();
    expect(parseVolume(disk)?.day.sent).toBe(keeper.volume.day.sent);
    expect(parseVolume(disk)?.sure).toEqual({ wall: ms(local(10) + 51_000), sent: bytes(0) });
  });

  test("damaged text is no volume", () => {
    for (const text of ["", "{}", "null", '{"day":1}', "x".repeat(5000)]) {
      expect(parseVolume(text)).toBeUndefined();
    }
  });
});
