/** How many files and sockets the process has open, against what it may have. */
import { readdirSync, readFileSync } from "node:fs";
import { errnoOf } from "../core/errors.ts";

export interface Descriptors {
  readonly open: number;
  readonly limit: number;
}

/** None is left to look with: a flood was faster than the look at it. */
const USED_UP: Descriptors = { open: Number.POSITIVE_INFINITY, limit: 0 };

/** undefined where /proc does not tell. */
export function readDescriptors(): Descriptors | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    if (soft === undefined) return undefined;
    return { open: readdirSync("/proc/self/fd").length, limit: Number(soft) };
  } catch (fault) {
    if (errnoOf(fault) === "EMFILE") return USED_UP;
    if (errnoOf(fault) === undefined) throw fault;
    return undefined;
  }
}
