/**
 * Who may publish at this coordinator: keys in a file of the operator's, one a line, with any note
 * after it. The file is read at every publication, so that adding a creator needs no restart.
 */
import { isPublicKey, type PublicKey } from "../core/encoding.ts";
import { errnoOf, exitCode, OperatorError, reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { readTextFile } from "../core/read-text-file.ts";

/** Sixty thousand keys. */
const LONGEST_LIST = 4 * 1024 * 1024;

/** May this key publish? */
export type CreatorList = (creator: PublicKey) => boolean;

export const anyCreator: CreatorList = () => true;

/** Throws an OperatorError that names the line with no key in it. */
export function parseCreatorList(text: string, path: string): ReadonlySet<PublicKey> {
  const keys = new Set<PublicKey>();
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const [key = ""] = line.split(/\s/);
    if (!isPublicKey(key))
      throw new OperatorError(
        exitCode.configuration,
        `${path}, line ${index + 1}: "${key.slice(0, 80)}" is no creator's key: begin each line with 64 lower-case hexadecimal digits, or with # for a remark`,
      );
    keys.add(key);
  }
  return keys;
}

/** Throws when the file cannot be used at the start; later the last good one holds, and the log says so. */
export function openCreatorList(path: string, log: Log): CreatorList {
  let keys = readCreatorList(path);
  return (creator) => {
    try {
      keys = readCreatorList(path);
    } catch (fault) {
      log.error("list of creators not read again", { reason: reasonOf(fault) });
    }
    return keys.has(creator);
  };
}

function readCreatorList(path: string): ReadonlySet<PublicKey> {
  let text: string;
  try {
    text = readTextFile(path, LONGEST_LIST);
  } catch (cause) {
    throw new OperatorError(
      exitCode.configuration,
      `cannot read the list of creators ${path} (${errnoOf(cause) ?? reasonOf(cause)}): correct coordinator.creators_file or the file's permissions`,
      { cause },
    );
  }
  return parseCreatorList(text, path);
}
