import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
import { every, type Part } from "./part.ts";
import type { ServiceNotify } from "./sd-notify.ts";
import { type Milliseconds, milliseconds } from "./units.ts";

/** One thing that has to be alive for the watchdog to be fed. Must not block, and may throw. */
export interface LifeCheck {
  readonly name: string;
  alive(): boolean;
}

/** The limit that systemd set, from WATCHDOG_USEC; undefined where the unit has no watchdog. */
export function watchdogLimit(microseconds: string | undefined): Milliseconds | undefined {
  if (microseconds === undefined || !/^[1-9]\d{0,15}$/.test(microseconds)) return undefined;
  return milliseconds(Number(microseconds) / 1000);
}

export interface WatchdogOptions {
  readonly notify: ServiceNotify;
  readonly limit: Milliseconds;
  readonly checks: readonly LifeCheck[];
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Feeds systemd's watchdog at a third of its limit, while every check says alive. That it runs at all
 * shows that the event loop and its timers live. Once fed no more, systemd restarts the daemon.
 */
export function createWatchdog(options: WatchdogOptions): Part {
  const { notify, limit, checks, clock, log } = options;
  const feed = () => {
    const dead = checks.filter((check) => !check.alive()).map((check) => check.name);
    if (dead.length > 0) throw new Error(`not alive: ${dead.join(", ")}`);
    notify.watchdog();
  };
  return {
    name: "watchdog",
    run: (signal) => every(milliseconds(limit / 3), feed, { clock, log, signal, name: "watchdog" }),
  };
}

/** A life check for a loop that calls `beat` on every turn. Alive until the first beat is overdue. */
export function createPulse(name: string, limit: Milliseconds, clock: Clock) {
  let last = clock.monotonicMs();
  return {
    name,
    beat: () => {
      last = clock.monotonicMs();
    },
    alive: () => clock.monotonicMs() - last <= limit,
  };
}
