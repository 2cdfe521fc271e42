/** A small ext4 of our own on a loop device, to fill, to make read-only and to count writes on. */
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

export interface LoopFileSystem {
  readonly path: string;
  /** The file that is the disk. A copy of it is what a power cut at that moment would leave. */
  readonly image: string;
  /** Bytes written to the block device so far, the file system's own journal included. */
  written(): number;
  /** Turns it read-only as ext4 does by itself on an IO error, open files included. */
  breakDown(): void;
  remount(how: "ro" | "rw"): void;
  /** As after a check of the broken disk: open files keep the broken one, paths lead to the sound one. */
  mountAgain(): void;
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

/** In blocks of 4 KiB unless said: what mkfs.ext4 takes for every partition of 512 MiB and more. */
export function makeLoopFileSystem(mebibytes: number, blockSize = 4096): LoopFileSystem {
  const directory = mkdtempSync(join(tmpdir(), "spareband-loop-"));
  const image = join(directory, "image");
  writeFileSync(image, "");
  truncateSync(image, mebibytes * 1024 * 1024);
  run("mkfs.ext4", "-q", "-F", "-b", `${blockSize}`, "-e", "remount-ro", image);
  const mounted = mountImage(image);
  return {
    ...mounted,
    [Symbol.dispose]() {
      mounted[Symbol.dispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Mounts an image, replaying its journal as after a power cut. */
export function mountImage(image: string): LoopFileSystem {
  const path = mkdtempSync(join(tmpdir(), "spareband-mount-"));
  run("mount", "-o", "loop", image, path);
  const device = basename(run("findmnt", "-n", "-o", "SOURCE", path).trim());
  return {
    path,
    image,
    written() {
      run("sync", "-f", path);
      const fields = readFileSync(`/sys/block/${device}/stat`, "utf8").trim().split(/\s+/);
      return Number(fields[6]) * 512;
    },
    // EXT4_IOC_SHUTDOWN is not reachable from here; sysfs offers the same way into an error.
    breakDown: () => writeFileSync(`/sys/fs/ext4/${device}/trigger_fs_error`, "test"),
    remount: (how) => void run("mount", "-o", `remount,${how}`, path),
    mountAgain() {
      run("umount", "-l", path);
      const copy = `${image}.mended`;
      copyFileSync(image, copy);
      // Ends with 1 when it mended something.
      spawnSync("fsck.ext4", ["-f", "-y", copy]);
      run("mount", "-o", "loop", copy, path);
    },
    [Symbol.dispose]() {
      run("umount", "-l", path);
      rmdirSync(path);
    },
  };
}
