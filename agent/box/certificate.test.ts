import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../config.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { createLog } from "../core/log.ts";
import { seconds } from "../core/units.ts";
import { selfSignedCertificate } from "../identity/self-signed.ts";
import { type BoxCertificate, BoxTls } from "./certificate.ts";

let directory: string;
let file: Record<"certificate" | "key", string>;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "spareband-certificate-"));
  mkdirSync(join(directory, "identity"));
  file = { certificate: join(directory, "box.crt"), key: join(directory, "box.key") };
});
afterEach(() => rmSync(directory, { recursive: true }));

const config = (certificate: string, key: string, addresses: readonly string[] = []) =>
  ({
    "box.state_dir": directory,
    "box.addresses": addresses,
    "box.tls_certificate_file": certificate,
    "box.tls_key_file": key,
  }) as Config;

const pair = (certificate: string, key: string) => {
  writeFileSync(file.certificate, certificate);
  writeFileSync(file.key, key);
};

describe("the certificate that peers are served with", () => {
  test("is none where none is configured", () => {
    expect(BoxTls.open(config("", ""))).toBeUndefined();
  });

  test("is the operator's, from two files", () => {
    const { cert, key } = selfSignedCertificate();
    pair(cert, key);
    expect(BoxTls.open(config(file.certificate, file.key))?.current).toMatchObject({ cert, key });
  });

  test("is the box's own with auto: made once, kept for its owner alone, made anew when damaged", () => {
    const first = BoxTls.open(config("auto", ""))?.current;
    const kept = join(directory, "identity/tls.pem");
    expect(statSync(kept).mode & 0o777).toBe(0o600);
    expect(BoxTls.open(config("auto", ""))?.current).toEqual(first as BoxCertificate);
    writeFileSync(kept, readFileSync(kept, "utf8").slice(0, 300));
    const second = BoxTls.open(config("auto", ""))?.current;
    expect(second?.tlsKey).not.toBe(first?.tlsKey as BoxCertificate["tlsKey"]);
  });
});

describe("one sentence says what is wrong with", () => {
  const [one, other] = [selfSignedCertificate(), selfSignedCertificate()];
  const both = () => config(file.certificate, file.key);
  test.each<[string, () => Config, string]>([
    ["a certificate without a key", () => config(file.certificate, ""), "box.tls_key_file is not"],
    ["a key without a certificate", () => config("", file.key), "box.tls_certificate_file is not"],
    ["a key beside auto", () => config("auto", file.key), "leave the key out"],
    ["a key of another certificate", both, "is not that of the certificate in"],
    ["a file that is not there", () => config(join(directory, "none"), file.key), "none (ENOENT)"],
    [
      "a file that is no certificate",
      () => config(file.key, file.key),
      "box.tls_certificate_file names, holds no certificate in PEM",
    ],
    [
      "a file that is no key",
      () => config(file.certificate, file.certificate),
      "box.tls_key_file names, holds no private key in PEM",
    ],
    [
      "an address without TLS",
      () => config("auto", "", ["https://a.example", "http://b.example:7411"]),
      "box.addresses names http://b.example:7411",
    ],
  ])("%s", (_, configured, sentence) => {
    pair(one.cert, other.key);
    expect(() => BoxTls.open(configured())).toThrow(sentence);
  });
});

test("files that are replaced are served with soon; a new key is announced, a renewed certificate is not", async () => {
  const [one, other] = [selfSignedCertificate(), selfSignedCertificate()];
  pair(one.cert, one.key);
  const tls = BoxTls.open(config(file.certificate, file.key));
  if (!tls) throw new Error("TLS is off");
  const clock = new FakeClock();
  const events: string[] = [];
  const part = tls.watch({
    use: ({ tlsKey }) => events.push(`use ${tlsKey}`),
    announce: () => events.push(`announce ${tls.current.tlsKey}`),
    clock,
    log: createLog({
      format: "text",
      level: "warning",
      write: (line) => events.push(/loop tick failed/.test(line) ? "refused" : line),
    }),
  });
  const stop = new AbortController();
  const running = part.run(stop.signal);
  const before = tls.current.tlsKey;
  await clock.advance(seconds(31));
  expect(events).toEqual([]);
  writeFileSync(file.certificate, other.cert);
  await clock.advance(seconds(90));
  expect(events).toEqual(["refused"]);
  expect(tls.current.tlsKey).toBe(before);
  writeFileSync(file.key, other.key);
  await clock.advance(seconds(90));
  const { tlsKey } = tls.current;
  expect(tlsKey).not.toBe(before);
  expect(events).toEqual(["refused", `use ${tlsKey}`, `announce ${tlsKey}`]);
  // The same key, with a line more in the chain: what an authority renewed.
  writeFileSync(file.certificate, `${other.cert}${one.cert}`);
  await clock.advance(seconds(31));
  expect(events.slice(3)).toEqual([`use ${tlsKey}`]);
  stop.abort();
  await running;
});
