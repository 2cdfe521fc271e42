/** Certificates made for one test: authorities, and what they sign, by the openssl command. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const runs = (command: string, ...args: string[]) =>
  spawnSync(command, args, { stdio: "ignore" }).status === 0;

export const hasOpenssl = runs("openssl", "version");
export const hasFaketime = runs("faketime", "2040-01-01", "true");

export interface Certificate {
  readonly certificatePath: string;
  readonly keyPath: string;
  readonly certificate: string;
  readonly key: string;
}

/** Makes everything in one directory; `bornIn` a year sets when the certificates become valid. */
export function certificateMaker(directory: string, bornIn?: number) {
  const openssl = (...args: string[]) => {
    const [command, ...rest] =
      bornIn === undefined
        ? ["openssl", ...args]
        : ["faketime", `${bornIn}-01-01 00:00:00`, "openssl", ...args];
    const { status, stderr } = spawnSync(command as string, rest, { encoding: "utf8" });
    if (status !== 0) throw new Error(`openssl ${args.join(" ")}: ${stderr}`);
  };
  const path = (name: string) => join(directory, name);
  const read = (name: string): Certificate => ({
    certificatePath: path(`${name}.crt`),
    keyPath: path(`${name}.key`),
    certificate: readFileSync(path(`${name}.crt`), "utf8"),
    key: readFileSync(path(`${name}.key`), "utf8"),
  });
  const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  return {
    authority(name: string): Certificate {
      const out = ["-keyout", path(`${name}.key`), "-out", path(`${name}.crt`)];
      openssl("req", "-x509", ...KEY, "-subj", `/CN=${name}`, "-days", "30", ...out);
      return read(name);
    },
    /** `names` as in a subjectAltName: "IP:127.0.0.1,DNS:localhost". */
    signed(name: string, commonName: string, names: string, by: Certificate): Certificate {
      const request = path(`${name}.csr`);
      openssl(
        "req",
        ...KEY,
        "-subj",
        `/CN=${commonName}`,
        "-keyout",
        path(`${name}.key`),
        "-out",
        request,
      );
      writeFileSync(path("extensions"), `subjectAltName=${names}\n`);
      const ca = ["-CA", by.certificatePath, "-CAkey", by.keyPath, "-CAcreateserial"];
      const out = ["-days", "20", "-extfile", path("extensions"), "-out", path(`${name}.crt`)];
      openssl("x509", "-req", "-in", request, ...ca, ...out);
      return read(name);
    },
  };
}
