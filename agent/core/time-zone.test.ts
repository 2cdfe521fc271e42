import { expect, test } from "bun:test";
import { FakeClock } from "./fake-clock.ts";
import { silentLog } from "./log.ts";
import { createTimeZoneWatch, zoneOfLink } from "./time-zone.ts";

test.each([
  ["/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin"],
  ["../usr/share/zoneinfo/posix/Australia/Lord_Howe", "Australia/Lord_Howe"],
  ["/usr/share/zoneinfo/Etc/GMT+5", "Etc/GMT+5"],
  ["/usr/share/zoneinfo/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"],
  ["/usr/share/zoneinfo/Mars/Olympus", undefined],
  ["/usr/share/zoneinfo/../../etc/passwd", undefined],
  ["/data/localtime", undefined],
  ["", undefined],
])("a link to %s is the zone %s", (target, zone) => {
  expect(zoneOfLink(target)).toBe(zone);
});

test("a zone that is set after the start is used, once, and what is none changes nothing", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const used: string[] = [];
  let target: string | undefined = "/usr/share/zoneinfo/Etc/UTC";
  const watch = createTimeZoneWatch({
    clock,
    log: silentLog,
    use: (zone) => used.push(zone),
    link: () => target,
  });
  const running = watch.run(stop.signal);
  await clock.advance(100_000);
  expect(used).toEqual([]);
  target = "/usr/share/zoneinfo/Asia/Tokyo";
  await clock.advance(100_000);
  target = undefined;
  await clock.advance(100_000);
  target = "/usr/share/zoneinfo/Asia/Tokyo";
  await clock.advance(100_000);
  expect(used).toEqual(["Asia/Tokyo"]);
  stop.abort();
  await running;
});
