import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brokerCredentials, brokerOptions } from "./broker-settings.ts";
import { loadConfig } from "./config.ts";
import { selfSignedCertificate } from "./identity/self-signed.ts";

const directory = mkdtempSync(join(tmpdir(), "spareband-broker-"));
afterAll(() => rmSync(directory, { recursive: true }));

const file = (name: string, text: string) => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};
const ours = selfSignedCertificate();
const other = selfSignedCertificate();
const ca = file("ca.crt", ours.cert + other.cert);
const certificate = file("box.crt", ours.cert);
const key = file("box.key", ours.key);
const garbage = file("garbage", "no certificate\n");

const configOf = (files: Readonly<Record<string, string>>) =>
  loadConfig({ environment: {}, lastGood: {}, flags: { "mqtt.url": "mqtts://b:1", ...files } })
    .config;

test("files that belong together are used, and read again when they were replaced", () => {
  const config = configOf({
    "mqtt.ca_file": ca,
    "mqtt.certificate_file": certificate,
    "mqtt.key_file": key,
    "mqtt.password_file": file("password", "word\n"),
  });
  expect(brokerCredentials(config)).toEqual({
    ca: ours.cert + other.cert,
    cert: ours.cert,
    key: ours.key,
    password: "word",
  });
  const options = brokerOptions(config);
  file("box.crt", other.cert);
  file("box.key", other.key);
  expect(options.tls?.()).toMatchObject({ certificate: other.cert, key: other.key });
  file("box.crt", ours.cert);
  file("box.key", ours.key);
});

test("nothing is needed of a broker without TLS", () => {
  expect(brokerCredentials(configOf({}))).toEqual({});
});

test.each([
  [{ "mqtt.ca_file": garbage }, "garbage, which mqtt.ca_file names, holds no certificate in PEM"],
  [{ "mqtt.ca_file": directory }, "(EISDIR), which mqtt.ca_file names"],
  [{ "mqtt.ca_file": join(directory, "none") }, "(ENOENT), which mqtt.ca_file names"],
  [{ "mqtt.certificate_file": certificate }, "mqtt.certificate_file and mqtt.key_file belong"],
  [{ "mqtt.key_file": key }, "mqtt.certificate_file and mqtt.key_file belong together"],
  [
    { "mqtt.certificate_file": certificate, "mqtt.key_file": garbage },
    "garbage, which mqtt.key_file names, holds no private key in PEM",
  ],
  [
    { "mqtt.certificate_file": certificate, "mqtt.key_file": file("other.key", other.key) },
    "other.key is not that of the certificate in",
  ],
] as const)("%j is refused with a sentence", (files, sentence) => {
  expect(() => brokerOptions(configOf(files))).toThrow(sentence);
  expect(() => brokerCredentials(configOf(files))).toThrow(sentence);
});
