import { realpath, statfs } from "node:fs/promises";
import { bytes } from "../../agent/core/units.ts";
import type { Storage } from "../storage.ts";
import type { FileTree } from "./file-tree.ts";
import { type Mount, mountOf, parseMounts, parseWritten } from "./parse-mounts.ts";

export function createLinuxStorage(options: {
  readonly tree: FileTree;
  /** Replaced in tests, where a board's directories are not this machine's. */
  readonly statfs?: typeof statfsOf;
}): Storage {
  const { tree } = options;
  const space = options.statfs ?? statfsOf;
  return {
    async read(directory) {
      const [figures, mountinfo, diskstats] = await Promise.all([
        space(tree.resolve(directory)),
        tree.text("/proc/self/mountinfo"),
        tree.text("/proc/diskstats"),
      ]);
      if (!figures) return undefined;
      const mount = mountOf(parseMounts(mountinfo ?? ""), await canonical(tree, directory));
      const written = mount && diskstats ? writtenTo(mount, diskstats) : undefined;
      return {
        total: bytes(figures.total),
        free: bytes(figures.free),
        readOnly: mount?.readOnly ?? false,
        ...(written !== undefined && { written: bytes(written) }),
      };
    },
  };
}

/** Mount points are listed by their real path; a state directory may be a link. */
const canonical = async (tree: FileTree, directory: string) =>
  tree.resolve("/") === "/" ? realpath(directory).catch(() => directory) : directory;

/** btrfs and overlays have no device number of their own, but may name a block device as source. */
const writtenTo = (mount: Mount, diskstats: string) =>
  parseWritten(diskstats, mount.device) ??
  (mount.source.startsWith("/dev/")
    ? parseWritten(diskstats, mount.source.slice("/dev/".length))
    : undefined);

/** Free is what an ordinary user may still take, without the blocks kept back for root. */
async function statfsOf(path: string): Promise<{ total: number; free: number } | undefined> {
  const figures = await statfs(path).catch(() => undefined);
  return figures && { total: figures.blocks * figures.bsize, free: figures.bavail * figures.bsize };
}
