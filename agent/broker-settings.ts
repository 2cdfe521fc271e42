/** The mqtt.* settings as the box's reporter and the coordinator's link want them. */
import { readFileSync } from "node:fs";
import type { Config } from "./config.ts";
import type { MqttCredentials } from "./coordinator/mqtt-link.ts";
import { errnoOf, exitCode, OperatorError } from "./core/errors.ts";
import type { BrokerOptions } from "./reporting/reporter.ts";

export function brokerOptions(config: Config): BrokerOptions {
  const ca = optionalFile(config, "mqtt.ca_file");
  const certificate = optionalFile(config, "mqtt.certificate_file");
  const key = optionalFile(config, "mqtt.key_file");
  const username = config["mqtt.username"];
  return {
    url: config["mqtt.url"],
    tls: { ca, certificate, key },
    ...(username !== "" && { username }),
    // Read at each connection: a JWT is replaced while the box runs.
    password: () => optionalFile(config, "mqtt.password_file")?.trim(),
  };
}

export function brokerCredentials(config: Config): MqttCredentials {
  const { tls, username, password } = brokerOptions(config);
  const secret = password?.();
  return {
    ...(username && { username }),
    ...(secret && { password: secret }),
    ...(tls?.ca && { ca: tls.ca }),
    ...(tls?.certificate && { cert: tls.certificate }),
    ...(tls?.key && { key: tls.key }),
  };
}

type FileSetting =
  | "mqtt.ca_file"
  | "mqtt.certificate_file"
  | "mqtt.key_file"
  | "mqtt.password_file";

function optionalFile(config: Config, setting: FileSetting): string | undefined {
  const file = config[setting];
  if (file === "") return undefined;
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new OperatorError(
      exitCode.configuration,
      `cannot read ${file} (${errnoOf(cause)}), which ${setting} names: correct the path or its permissions`,
      { cause },
    );
  }
}
