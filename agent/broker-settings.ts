/** The mqtt.* settings as the box's reporter and the coordinator's link want them. */
import type { Config } from "./config.ts";
import {
  certificateOf,
  misconfigured,
  privateKeyOf,
  readConfigured,
  requirePair,
} from "./configured-pem.ts";
import type { MqttCredentials } from "./coordinator/mqtt-link.ts";
import type { BrokerTls } from "./reporting/dial.ts";
import type { BrokerOptions } from "./reporting/reporter.ts";

/** Throws an OperatorError when a file that is named cannot be used. */
export function brokerOptions(config: Config): BrokerOptions {
  const username = config["mqtt.username"];
  // Whoever installs it is told now; what replaces it later is looked at when it is used.
  tlsOf(config);
  return {
    url: config["mqtt.url"],
    tls: () => tlsOf(config),
    ...(username !== "" && { username }),
    password: () => passwordOf(config),
  };
}

export function brokerCredentials(config: Config): MqttCredentials {
  const username = config["mqtt.username"];
  const { ca, certificate, key } = tlsOf(config);
  const password = passwordOf(config);
  return {
    ...(username && { username }),
    ...(password && { password }),
    ...(ca && { ca }),
    ...(certificate && { cert: certificate }),
    ...(key && { key }),
  };
}

function tlsOf(config: Config): BrokerTls {
  const files = {
    ca: named(config, "mqtt.ca_file"),
    certificate: named(config, "mqtt.certificate_file"),
    key: named(config, "mqtt.key_file"),
  };
  const ca = files.ca && readConfigured(files.ca);
  if (files.ca && ca !== undefined) certificateOf(ca, files.ca);
  if (files.certificate === undefined && files.key === undefined) return { ca };
  if (files.certificate === undefined || files.key === undefined)
    throw misconfigured(
      "mqtt.certificate_file and mqtt.key_file belong together: name both, or neither",
    );
  const certificate = readConfigured(files.certificate);
  const key = readConfigured(files.key);
  requirePair(certificateOf(certificate, files.certificate), privateKeyOf(key, files.key), {
    certificate: files.certificate,
    key: files.key,
  });
  return { ca, certificate, key };
}

function passwordOf(config: Config): string | undefined {
  const from = named(config, "mqtt.password_file");
  return from && readConfigured(from).trim();
}

type FileSetting =
  | "mqtt.ca_file"
  | "mqtt.certificate_file"
  | "mqtt.key_file"
  | "mqtt.password_file";

function named(config: Config, setting: FileSetting) {
  const file = config[setting];
  return file === "" ? undefined : { file, setting };
}
