import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { Playback, PlaybackState } from "../playback.ts";
import type { FileTree } from "./file-tree.ts";
import { parseAlsaStatus, parseVendorState } from "./parse-playback.ts";

/**
 * Whether the console plays something: a vendor's state file where the image has one, else the
 * playback streams of ALSA (Documentation/sound/designs/procfile.rst). Any of them playing is
 * playing; idle needs at least one, all of them read, and none that plays.
 */
export function createLinuxPlayback(options: {
  readonly tree: FileTree;
  /** A file whose first word is `playing` or `idle`. */
  readonly stateFile?: string;
}): Playback {
  const { tree, stateFile } = options;
  return {
    async read() {
      const [alsa, vendor] = await Promise.all([
        readAlsa(tree),
        stateFile ? readBounded(tree.resolve(stateFile)).then(parseVendorState) : undefined,
      ]);
      if (alsa === "playing" || vendor === "playing") return "playing";
      return vendor ?? alsa;
    },
  };
}

async function readAlsa(tree: FileTree): Promise<PlaybackState> {
  const states = await Promise.all((await listStatusFiles(tree)).map((path) => tree.text(path)));
  const told = states.map((text) => parseAlsaStatus(text ?? ""));
  if (told.includes("playing")) return "playing";
  return told.length > 0 && !told.includes("unknown") ? "idle" : "unknown";
}

/** card0/pcm0p/sub0/status and its like; the `p` marks playback, capture ends in `c`. */
async function listStatusFiles(tree: FileTree): Promise<readonly string[]> {
  const root = "/proc/asound";
  const below = async (folders: readonly string[], pattern: RegExp) => {
    const names = await Promise.all(
      folders.map(async (folder) =>
        (await tree.names(folder))
          .filter((name) => pattern.test(name))
          .map((n) => `${folder}/${n}`),
      ),
    );
    return names.flat();
  };
  const cards = await below([root], /^card\d+$/);
  const streams = await below(cards, /^pcm\d+p$/);
  return (await below(streams, /^sub\d+$/)).map((folder) => `${folder}/status`);
}

/** A vendor's file is not the kernel's: only its first bytes are read, and a pipe does not stop us. */
async function readBounded(path: string): Promise<string | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined);
  if (!file) return undefined;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
    return buffer.toString("latin1", 0, bytesRead);
  } catch {
    // a pipe or a device: it has no first bytes to read, so it says nothing
    return undefined;
  } finally {
    await file.close();
  }
}
