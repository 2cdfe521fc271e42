/**
 * The household's time zone. The runtime looks it up once, and a console often starts before somebody
 * tells it where it stands; quiet hours and caps go by local time, so the link of the system is followed.
 */
import { readlinkSync } from "node:fs";
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
import { every, type Part } from "./part.ts";
import { seconds } from "./units.ts";

export interface TimeZoneOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Makes local time that of a zone of the tz database. */
  readonly use: (zone: string) => void;
  /** Where /etc/localtime leads (localtime(5)); undefined where it is no link. */
  readonly link?: () => string | undefined;
}

const LOOK = seconds(30);

export function createTimeZoneWatch({ clock, log, use, link = localtime }: TimeZoneOptions): Part {
  const zoneNow = () => zoneOfLink(link() ?? "");
  let known = zoneNow();
  const look = () => {
    const zone = zoneNow();
    if (zone === undefined || zone === known) return;
    known = zone;
    use(zone);
    log.notice("time zone changed", { zone });
  };
  return {
    name: "time-zone",
    run: (signal) => every(LOOK, look, { clock, log, signal, name: "time-zone" }),
  };
}

/** "Europe/Berlin" of "../usr/share/zoneinfo/Europe/Berlin"; undefined for what names no zone that is known. */
export function zoneOfLink(target: string): string | undefined {
  const name = /\/zoneinfo\/(?:posix\/|right\/)?([\w+/-]{1,64})$/.exec(target)?.[1];
  return name !== undefined && isKnown(name) ? name : undefined;
}

function isKnown(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).format(0) !== "";
  } catch {
    // A RangeError is how Intl says that it knows no such zone.
    return false;
  }
}

function localtime(): string | undefined {
  try {
    return readlinkSync("/etc/localtime");
  } catch {
    // No link, or none yet: the zone stays what it was at the start.
    return undefined;
  }
}
