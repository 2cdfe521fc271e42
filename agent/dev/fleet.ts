/** Four real boxes for development: each with its own state directory, one slow, one that garbles. */
import { open } from "node:fs/promises";
import { join } from "node:path";
import { openDelayProbe, openPeerSockets } from "../../hardware/linux/line-access.ts";
import { createSimulatedDevice } from "../../hardware/simulated/device.ts";
import { type Box, openBox } from "../box.ts";
import { loadConfig } from "../config.ts";
import type { Clock } from "../core/clock.ts";
import type { PublicKey } from "../core/encoding.ts";
import type { Log } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import { milliseconds } from "../core/units.ts";
import { OWN_CERTIFICATE, type SettingKey } from "../settings.ts";
import { consentText } from "../status/consent-text.ts";

export interface DevBox {
  readonly name: string;
  readonly garbles: boolean;
  readonly box: Box;
}

export interface FleetOptions {
  readonly directory: string;
  readonly coordinatorUrl: string;
  readonly coordinatorKey: PublicKey;
  readonly brokerUrl: string;
  readonly onVerified: (box: PublicKey, amount: number) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** One serves over TLS, as in a fleet in which some do. */
const kinds = [
  { name: "kitchen", rate: "40 Mbit/s", garbles: false, certificate: "" },
  { name: "lounge", rate: "40 Mbit/s", garbles: false, certificate: OWN_CERTIFICATE },
  { name: "attic", rate: "2 Mbit/s", garbles: false, certificate: "" },
  { name: "cellar", rate: "40 Mbit/s", garbles: true, certificate: "" },
] as const;

/** Viewers come and go quickly here, and so do their sessions. */
const SESSION_IDLE = milliseconds(3000);

export async function openFleet(options: FleetOptions): Promise<readonly DevBox[]> {
  const boxes: DevBox[] = [];
  for (const kind of kinds) {
    const box = await openDevBox(options, kind);
    agree(box);
    boxes.push({ name: kind.name, garbles: kind.garbles, box });
  }
  return boxes;
}

async function openDevBox(
  options: FleetOptions,
  { name, rate, certificate }: (typeof kinds)[number],
): Promise<Box> {
  const { clock, random, log } = options;
  const flags: Partial<Record<SettingKey, string>> = {
    environment: "dev",
    "box.state_dir": join(options.directory, name),
    "box.listen": "127.0.0.1:0",
    "box.tls_certificate_file": certificate,
    "box.hardware": "simulated",
    "status.listen": "127.0.0.1:0",
    "content.fill_rate": "1 Gbit/s",
    "limits.max_rate": rate,
    "coordinator.url": options.coordinatorUrl,
    "mqtt.url": options.brokerUrl,
  };
  const { config } = loadConfig({ environment: {}, flags, lastGood: {} });
  const device = createSimulatedDevice({ clock });
  return openBox({
    config,
    device,
    simulated: device.model,
    createSockets: (ports) => openPeerSockets({ clock, ports }),
    probe: openDelayProbe({ clock, random }),
    clockQuality: () => "synchronised",
    fingerprint: undefined,
    pinnedCoordinator: options.coordinatorKey,
    sessionIdle: SESSION_IDLE,
    onVerified: options.onVerified,
    clock,
    random,
    log: log.with({ name }),
  });
}

/** What the household does on its page. */
function agree({ household }: Box): void {
  const { hash, language } = consentText("en");
  household.consent({ given: true, text: hash, language });
}

/**
 * What a dishonest or dying box does: every chunk it holds changes on its disk behind its back, after
 * the store has verified it.
 */
export async function garbleContent({ box }: DevBox): Promise<void> {
  const store = box.sharing?.store;
  for (const { title, manifest } of store?.titles() ?? []) {
    for (const { path, size } of manifest.files) {
      const held = store?.open(title, path);
      if (!held || size === 0) continue;
      const file = await open(held.diskPath, "r+");
      try {
        for (let at = 0; at < size; at += manifest.chunkSize)
          await file.write(
            new Uint8Array([0x21, 0x42, 0x63]).subarray(0, size - at),
            0,
            Math.min(3, size - at),
            at,
          );
      } finally {
        await file.close();
      }
    }
  }
}
