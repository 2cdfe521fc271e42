/** The secret that programs on the box show to the status page: whoever may read the file is the household. */
import { readFileSync } from "node:fs";
import { toBase64Url } from "../core/encoding.ts";
import { errnoOf, exitCode, OperatorError, reasonOf } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { writeDurably } from "../core/write-durably.ts";

const isToken = (text: string) => /^[\w-]{43}$/.test(text);

/** undefined where there is none; for verbs, which never make one. */
export function readStatusToken(file: string): string | undefined {
  try {
    const text = readFileSync(file, "utf8").trim();
    return isToken(text) ? text : undefined;
  } catch (fault) {
    if (errnoOf(fault) === "ENOENT") return undefined;
    throw new OperatorError(
      exitCode.noPermission,
      `Cannot read ${file} (${errnoOf(fault) ?? reasonOf(fault)}): run this as the box's user or as root.`,
      { cause: fault },
    );
  }
}

/** The box's token, made anew where there is none or it is damaged. */
export function statusToken(file: string, random: Random): string {
  const known = readStatusToken(file);
  if (known !== undefined) return known;
  const token = toBase64Url(random.bytes(32));
  writeDurably(file, `${token}\n`, 0o600);
  return token;
}
