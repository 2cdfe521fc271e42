/** PEM files that settings name: read and understood, or a sentence with file and setting. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { errnoOf, exitCode, OperatorError, reasonOf } from "./core/errors.ts";
import { certificatesIn } from "./core/pem.ts";
import { readTextFile } from "./core/read-text-file.ts";

/** Hundreds of authorities; no device or log that somebody named is read to its end. */
const LONGEST_FILE = 1024 * 1024;

export interface ConfiguredFile {
  readonly file: string;
  readonly setting: string;
}

export const misconfigured = (sentence: string, cause?: unknown) =>
  new OperatorError(exitCode.configuration, sentence, { cause });

export function readConfigured({ file, setting }: ConfiguredFile): string {
  try {
    return readTextFile(file, LONGEST_FILE);
  } catch (cause) {
    throw misconfigured(
      `cannot read ${file} (${errnoOf(cause) ?? reasonOf(cause)}), which ${setting} names: correct the path or its permissions`,
      cause,
    );
  }
}

/** The first certificate of the text; all of them have to be ones. */
export function certificateOf(pem: string, from: ConfiguredFile): X509Certificate {
  const [first] = parsed("certificate in PEM", from, () =>
    certificatesIn(pem).map((one) => new X509Certificate(one)),
  );
  return first ?? parsed("certificate in PEM", from, () => new X509Certificate(pem));
}

export const privateKeyOf = (pem: string, from: ConfiguredFile): KeyObject =>
  parsed("private key in PEM without a passphrase", from, () => createPrivateKey(pem));

/** Throws where the two do not belong together. */
export function requirePair(
  certificate: X509Certificate,
  key: KeyObject,
  files: { readonly certificate: ConfiguredFile; readonly key: ConfiguredFile },
): void {
  if (certificate.checkPrivateKey(key)) return;
  throw misconfigured(
    `the key in ${files.key.file} is not that of the certificate in ${files.certificate.file}: name the two files of one pair in ${files.certificate.setting} and ${files.key.setting}`,
  );
}

function parsed<T>(wanted: string, { file, setting }: ConfiguredFile, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw misconfigured(
      `${file}, which ${setting} names, holds no ${wanted}: put one there`,
      cause,
    );
  }
}
