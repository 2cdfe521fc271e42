/**
 * Whether the box itself stands on a mobile network, as when it falls back to its own modem: such a line is
 * nearly always paid for by volume, so it is taken for one whatever the maker set for the usual line.
 */
import type { Nic } from "../../hardware/nic.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { every, type Part } from "../core/part.ts";
import { seconds } from "../core/units.ts";

const LOOK = seconds(1);

export interface PaidLine extends Part {
  /** As last seen; without an interface nothing is shared anyway. */
  readonly cellular: boolean;
}

export function createPaidLine(options: {
  readonly nic: Nic;
  readonly clock: Clock;
  readonly log: Log;
}): PaidLine {
  const { nic, clock, log } = options;
  let cellular = false;
  const look = async () => {
    const reading = await nic.read();
    if (!reading) return;
    const now = reading.medium === "cellular";
    if (now !== cellular) log.notice("line changed", { interface: reading.name, cellular: now });
    cellular = now;
  };
  return {
    name: "paid-line",
    run: (signal) => every(LOOK, look, { clock, log, signal, name: "paid-line" }),
    get cellular() {
      return cellular;
    },
  };
}
