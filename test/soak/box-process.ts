/**
 * A box as a process of its own, for the soak: the same parts as `spareband box` on simulated
 * hardware, but sessions end after a second of silence, so that there are records to lose.
 */
import { openBox } from "../../agent/box.ts";
import { loadConfig } from "../../agent/config.ts";
import { createLog } from "../../agent/core/log.ts";
import { runAll } from "../../agent/core/part.ts";
import { systemRandom } from "../../agent/core/random.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { milliseconds } from "../../agent/core/units.ts";
import { consentText } from "../../agent/status/consent-text.ts";
import { createClockTrust } from "../../hardware/linux/clock-quality.ts";
import { openDelayProbe, openPeerSockets } from "../../hardware/linux/line-access.ts";
import { createSimulatedDevice } from "../../hardware/simulated/device.ts";

const SESSION_IDLE = milliseconds(1000);

const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
const [file = ""] = process.argv.slice(2);
const { config } = loadConfig({ file, environment: {} });
const clock = systemClock;
await using box = await openBox({
  config,
  device: createSimulatedDevice({ clock }),
  createSockets: (ports) => openPeerSockets({ clock, ports }),
  probe: openDelayProbe({ clock, random: systemRandom }),
  clockQuality: createClockTrust(() => clock.wallMs()),
  fingerprint: undefined,
  pinnedCoordinator: undefined,
  sessionIdle: SESSION_IDLE,
  clock,
  random: systemRandom,
  log: createLog({
    format: "text",
    level: "info",
    write: (line) => process.stderr.write(`${line}\n`),
  }),
});
const { hash, language } = consentText("en");
if (!box.household.consented) box.household.consent({ given: true, text: hash, language });
process.stdout.write("runs\n");
await runAll(box.parts, stop.signal);
