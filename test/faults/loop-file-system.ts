/** A small ext4 of our own on a loop device, to fill, to make read-only and to count writes on. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

export interface LoopFileSystem {
  readonly path: string;
  /** Bytes written to the block device so far, the file system's own journal included. */
  written(): number;
  remount(mode: "ro" | "rw"): void;
  [Symbol.dispose](): void;
}

function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
}

/** Why there can be none here; undefined when there can. */
export const noLoopFileSystem: string | undefined = (() => {
  if (process.getuid?.() !== 0) return "needs root";
  try {
    makeLoopFileSystem(4)[Symbol.dispose]();
    return undefined;
  } catch (fault) {
    return `no loop mounts here: ${(fault as Error).message.split("\n")[0]}`;
  }
})();

export function makeLoopFileSystem(mebibytes: number): LoopFileSystem {
  const directory = mkdtempSync(join(tmpdir(), "spareband-loop-"));
  const image = join(directory, "image");
  const path = join(directory, "mounted");
  writeFileSync(image, "");
  truncateSync(image, mebibytes * 1024 * 1024);
  mkdirSync(path);
  run("mkfs.ext4", "-q", "-F", image);
  run("mount", "-o", "loop", image, path);
  const device = basename(run("findmnt", "-n", "-o", "SOURCE", path).trim());
  return {
    path,
    written() {
      run("sync", "-f", path);
      const fields = readFileSync(`/sys/block/${device}/stat`, "utf8").trim().split(/\s+/);
      return Number(fields[6]) * 512;
    },
    remount: (mode) => void run("mount", "-o", `remount,${mode}`, path),
    [Symbol.dispose]() {
      run("umount", "-l", path);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
