/** Turns what the parts of a box know of themselves into the household's list of conditions. */
import type { ClockQuality, Environment } from "../accounting/messages.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { every, type Part } from "../core/part.ts";
import { formatBytes } from "../core/quantity.ts";
import { milliseconds } from "../core/units.ts";
import type { Signal } from "../governor/signals.ts";
import type { Health } from "../health/health.ts";
import { createRefusalWatch } from "./refused-records.ts";
import type { Sharing } from "./sharing.ts";

export interface WatchOptions {
  readonly sharing: Sharing;
  readonly health: Health;
  readonly clockQuality: () => ClockQuality;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly log: Log;
}

const PERIOD = milliseconds(1000);
/** Without these the line's delay is measured less well or not at all. */
const LINE_SIGNALS: ReadonlySet<Signal> = new Set<Signal>(["delay-probes", "peer-connections"]);

export function watchConditions(options: WatchOptions): Part {
  const { clock, log, sharing, environment, health } = options;
  const { journal, contact } = sharing;
  const refused = createRefusalWatch({ journal, environment, coordinators: contact.keys });
  const tick = () => {
    look(options);
    const unpaid = refused();
    health.report("records-refused", unpaid !== undefined, unpaid);
  };
  return {
    name: "conditions",
    run: (signal) => every(PERIOD, tick, { clock, log, signal, name: "conditions" }),
  };
}

function look({ sharing, health, clockQuality }: WatchOptions): void {
  const { journal, reporter, shaper, store, governor, peers, reach } = sharing;
  const { state } = journal;
  health.report(
    "state-unwritable",
    state.state !== "ready",
    state.state === "ready" ? undefined : state.reason,
  );
  health.report("disk-full", journal.diskFull);
  health.report("journal-recovered", journal.putAside !== undefined, journal.putAside?.path);
  const admission = journal.admits();
  const full = !admission.ok && admission.reason === "outbox-full";
  health.report("outbox-full", full, formatBytes(journal.pendingBytes));
  const { quarantine } = journal.chain;
  health.report(
    "quarantined",
    quarantine !== undefined || reporter.cloneSuspected,
    quarantine ?? "another device uses this box's key",
  );
  const link = reporter.state;
  const refused = link.state === "waiting" && link.failure === "refused";
  health.report("broker-refused", refused, refused ? link.reason : undefined);
  const unreachable = link.state === "waiting" && !refused;
  health.report("broker-unreachable", unreachable, unreachable ? link.reason : undefined);
  const { trafficControl } = shaper.enforcement;
  const unavailable = trafficControl.state === "unavailable";
  health.report(
    "shaping-unavailable",
    unavailable,
    unavailable ? trafficControl.reason : undefined,
  );
  const foreign = trafficControl.state === "foreign";
  health.report("shaping-foreign", foreign, foreign ? trafficControl.qdisc : undefined);
  const { missing } = governor.report;
  const unmeasured = missing.filter((signal) => LINE_SIGNALS.has(signal));
  health.report("line-unmeasured", unmeasured.length > 0, unmeasured.join(", "));
  health.report("heat-unknown", missing.includes("temperature"));
  const verdict = governor.current;
  health.report("network-missing", verdict.state === "held" && verdict.reason === "offline");
  health.report("content-damaged", store.damagedChunks > 0, `${store.damagedChunks}`);
  health.report("write-budget-spent", store.writesLeftToday <= 0);
  health.report("clock-untrusted", clockQuality() !== "synchronised");
  health.report("peer-connections-shed", peers.stats().shed > 0);
  health.report("unreachable", reach.unreachable !== undefined, reach.unreachable);
}
