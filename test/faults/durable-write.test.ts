/** Replacing a file on a disk that fills up in the middle of it, on an ext4 of our own. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeDurably } from "../../agent/core/write-durably.ts";
import { makeLoopFileSystem, noLoopFileSystem } from "./loop-file-system.ts";

const LENGTH = 1024 * 1024;

test.skipIf(noLoopFileSystem !== undefined)(
  `fault 43: a file that only fits in part leaves the old one as it was (${noLoopFileSystem ?? "loop mounts work"})`,
  () => {
    using loop = makeLoopFileSystem(16);
    const [file, filler] = [join(loop.path, "choices"), join(loop.path, "filler")];
    writeDurably(file, "the old choices", 0o600);
    const { bfree, bsize } = statfsSync(loop.path);
    writeFileSync(filler, Buffer.alloc(bfree * bsize - LENGTH / 2, 1), { flush: true });

    expect(() => writeDurably(file, "x".repeat(LENGTH), 0o600)).toThrow("ENOSPC");
    expect(readFileSync(file, "utf8")).toBe("the old choices");
    expect(existsSync(`${file}.new`)).toBe(false);

    rmSync(filler);
    writeDurably(file, "x".repeat(LENGTH), 0o600);
    expect(readFileSync(file, "utf8")).toHaveLength(LENGTH);
  },
);
