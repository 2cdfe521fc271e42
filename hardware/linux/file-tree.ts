import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";

/**
 * /proc, /sys and what else the kernel or a vendor shows as files, below a root that tests replace
 * by a board's fixture. Whatever cannot be read now is `undefined`: sensors refuse with EINVAL,
 * EAGAIN, ENODATA or EIO as well as by not being there, and none of these is worth a fault.
 */
export interface FileTree {
  /** The whole file as text. For files the kernel makes up, which are small. */
  text(path: string): Promise<string | undefined>;
  /** A file that holds one decimal integer and nothing else. */
  integer(path: string): Promise<number | undefined>;
  /** Names in a directory, sorted so that `zone2` comes before `zone10`; empty when it is missing. */
  names(path: string): Promise<readonly string[]>;
  /** Last part of where a symbolic link points to. */
  linkName(path: string): Promise<string | undefined>;
  /** The path as the operating system has to be asked for it. */
  resolve(path: string): string;
}

/** Made once: a collator costs far more than a comparison. */
export const byNumber = new Intl.Collator("en", { numeric: true }).compare;

export function createFileTree(root: string): FileTree {
  const resolve = (path: string) => join(root, path);
  const text = (path: string) => readFile(resolve(path), "utf8").catch(() => undefined);
  return {
    text,
    resolve,
    integer: async (path) => parseInteger(await text(path)),
    names: async (path) => {
      const names = await readdir(resolve(path)).catch(() => []);
      return names.sort(byNumber);
    },
    linkName: async (path) => {
      const target = await readlink(resolve(path)).catch(() => undefined);
      return target?.split("/").at(-1);
    },
  };
}

/** Strict: what is not exactly one safe decimal integer is unknown, never 0. */
export function parseInteger(text: string | undefined): number | undefined {
  const digits = text?.trim();
  if (digits === undefined || !/^-?\d{1,20}$/.test(digits)) return undefined;
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : undefined;
}
