/** The key and the coordinator of a person at a shell: a viewer, a creator or an auditor. */
import { join } from "node:path";
import type { Config } from "../config.ts";
import { CoordinatorClient } from "../content/coordinator-client.ts";
import type { PublicKey } from "../core/encoding.ts";
import { exitCode, OperatorError } from "../core/errors.ts";
import { systemRandom } from "../core/random.ts";
import type { Signer } from "../identity/ed25519.ts";
import { loadOrCreateKey } from "../identity/keys.ts";
import { selfTest } from "../identity/self-test.ts";
import { environmentName, type SettingKey } from "../settings.ts";

/** Made at the first use; what a viewer signs receipts and a creator signs titles with. */
export function personalSigner(config: Config): Signer {
  selfTest();
  const directory = config["viewer.key_dir"];
  const key = loadOrCreateKey(directory, { name: "viewer", mayCreate: true, random: systemRandom });
  if (key.state === "ready") return key.signer;
  throw new OperatorError(exitCode.configuration, key.text);
}

/** The key of somebody who has used it before: a new one would have no account anywhere. */
export function existingSigner(config: Config): Signer {
  selfTest();
  const directory = config["viewer.key_dir"];
  const random = systemRandom;
  const key = loadOrCreateKey(directory, { name: "viewer", mayCreate: false, random });
  if (key.state === "ready") return key.signer;
  throw new OperatorError(exitCode.noInput, key.text);
}

/** The key of the box whose state lies here, for whoever may read it. */
export function boxSigner(config: Config): Signer {
  selfTest();
  const directory = join(config["box.state_dir"], "identity");
  const random = systemRandom;
  const key = loadOrCreateKey(directory, { name: "box", mayCreate: false, random });
  if (key.state === "ready") return key.signer;
  throw new OperatorError(exitCode.noInput, key.text);
}

/** A client whose coordinator has answered and is the expected one. */
export async function connectCoordinator(
  config: Config,
  signal: AbortSignal,
): Promise<CoordinatorClient> {
  const url = required(config, "coordinator.url", "--coordinator URL");
  const client = new CoordinatorClient({
    url,
    environment: config.environment,
    publicKey: pinnedKey(config),
  });
  await client.info(signal);
  return client;
}

/** A key that is not configured is only ever taken on trust among developers. */
export function pinnedKey(config: Config): PublicKey | undefined {
  const key = config["coordinator.public_key"];
  if (key !== "") return key as PublicKey;
  if (config.environment === "dev") return undefined;
  throw new OperatorError(
    exitCode.configuration,
    `coordinator.public_key is not set, and in prod a coordinator is never trusted by its address alone: set it, or ${environmentName("coordinator.public_key")}, to the key the operator published.`,
  );
}

/** A text setting that this verb cannot do without. */
export function required(config: Config, key: SettingKey & `${string}.url`, flag: string): string {
  const value = config[key];
  if (value !== "") return value;
  throw new OperatorError(
    exitCode.configuration,
    `${key} is not set: name it with ${flag}, ${environmentName(key)} or in the configuration file.`,
  );
}
