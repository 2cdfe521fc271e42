import { describe, expect, test } from "bun:test";
import { celsius } from "../../agent/core/units.ts";
import { parseInteger } from "./file-tree.ts";
import { parsePressure, parseStat } from "./parse-cpu.ts";
import { mountOf, parseMounts, parseWritten } from "./parse-mounts.ts";
import { parseAlsaStatus, parseVendorState } from "./parse-playback.ts";
import { parseTemperature } from "./parse-thermal.ts";

test.each([
  ["42\n", 42],
  ["-1\n", -1],
  ["18446744073709551615\n", undefined],
  ["", undefined],
  ["1 2", undefined],
  ["0x10", undefined],
  ["1e3", undefined],
  [undefined, undefined],
])("the integer in %p is %p", (text, value) => {
  expect(parseInteger(text)).toBe(value);
});

describe("/proc/stat", () => {
  test("waiting for IO is idle, stolen time is busy, guest time is not counted twice", () => {
    const text = "cpu  9 9 9 9\ncpu0 100 10 50 1000 40 5 5 30 80 8\nintr 5\n";
    expect(parseStat(text)).toEqual([{ core: 0, busy: 200, total: 1240 }]);
  });

  test("kernels before steal time, and no cores at all", () => {
    expect(parseStat("cpu3 1 2 3 4\n")).toEqual([{ core: 3, busy: 6, total: 10 }]);
    expect(parseStat("")).toEqual([]);
  });
});

test("pressure is the some line's last ten seconds", () => {
  expect(parsePressure("some avg10=1.25 avg60=0.00 avg300=0.00 total=1\n")).toBe(1.25);
  expect(parsePressure("full avg10=9.00 avg60=0.00 avg300=0.00 total=1\n")).toBeUndefined();
  expect(parsePressure(undefined)).toBeUndefined();
});

test.each([
  [45_000, 45],
  [45, 45],
  [-5_000, -5],
  [455, undefined],
  [-300, undefined],
  [-11, undefined],
  [0, undefined],
  [-274_000, undefined],
  [200_000, undefined],
  [2_147_483_647, undefined],
  [undefined, undefined],
])("a temperature of %p is %p degrees", (raw, degrees) => {
  expect(parseTemperature(raw)).toBe(degrees === undefined ? undefined : celsius(degrees));
});

describe("mounts", () => {
  const mounts = parseMounts(
    [
      "1 0 8:1 / / rw - ext4 /dev/sda1 rw",
      "2 1 8:2 / /data rw master:1 shared:2 - ext4 /dev/sda2 ro",
      "3 1 8:3 / /data\\040two ro - ext4 /dev/sda3 rw",
      "4 1 0:9 / /data rw - tmpfs none rw",
      "nonsense",
    ].join("\n"),
  );

  test("the longest directory wins, and of two on one place the later", () => {
    expect(mountOf(mounts, "/data/x")?.device).toBe("0:9");
    expect(mountOf(mounts, "/data two/x")).toMatchObject({ device: "8:3", readOnly: true });
    expect(mountOf(mounts, "/database")?.device).toBe("8:1");
    expect(mountOf([], "/data")).toBeUndefined();
  });

  test("read-only as a mount or as a file system", () => {
    expect(mounts.map(({ readOnly }) => readOnly)).toEqual([false, true, true, false]);
  });

  test("bytes written, by number or by name", () => {
    const diskstats = " 179       0 mmcblk0 8123 120 777 4123 90123 4411 2000 88123 0 1 2\n";
    expect(parseWritten(diskstats, "179:0")).toBe(1_024_000);
    expect(parseWritten(diskstats, "mmcblk0")).toBe(1_024_000);
    expect(parseWritten(diskstats, "mmcblk0p1")).toBeUndefined();
    expect(parseWritten(" 179 0 mmcblk0\n", "179:0")).toBeUndefined();
  });
});

describe("playback", () => {
  test.each([
    ["closed\n", "idle"],
    ["state: RUNNING\nowner_pid   : 812\n", "playing"],
    ["state: XRUN\n", "playing"],
    ["state: DRAINING\n", "playing"],
    ["state: PAUSED\n", "idle"],
    ["state: PREPARED\n", "idle"],
    ["state: SUSPENDED\n", "idle"],
    ["state: COMPRESSED\n", "unknown"],
    ["no setup\n", "unknown"],
    ["", "unknown"],
  ] as const)("ALSA's %p is %s", (text, state) => {
    expect(parseAlsaStatus(text)).toBe(state);
  });

  test.each([
    ["playing\n", "playing"],
    ["IDLE 12:00\n", "idle"],
    ["1", "playing"],
    ["standby", "unknown"],
    ["", "unknown"],
    [undefined, undefined],
  ] as const)("a vendor's %p is %p", (text, state) => {
    expect(parseVendorState(text)).toBe(state);
  });
});
