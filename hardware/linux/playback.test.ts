import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCommandRunner } from "./command.ts";
import { createFileTree } from "./file-tree.ts";
import { createLinuxPlayback } from "./playback.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "playback-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function sound(status: string, stream = "pcm0p"): void {
  const folder = join(root, "proc/asound/card0", stream, "sub0");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "status"), status);
}
const vendor = (text: string) => writeFileSync(join(root, "state"), text);
const read = () => createLinuxPlayback({ tree: createFileTree(root), stateFile: "/state" }).read();

describe("a vendor's state file beside ALSA", () => {
  test("either of them playing is playing", async () => {
    sound("closed\n");
    vendor("playing\n");
    expect(await read()).toBe("playing");
    sound("state: RUNNING\n");
    vendor("idle\n");
    expect(await read()).toBe("playing");
  });

  test("it knows of what ALSA does not", async () => {
    vendor("idle\n");
    expect(await read()).toBe("idle");
    sound("closed\n");
    vendor("what?\n");
    expect(await read()).toBe("unknown");
  });

  test("without it ALSA is asked alone", async () => {
    sound("closed\n");
    expect(await read()).toBe("idle");
    sound("state: RUNNING\n", "pcm0c");
    expect(await read()).toBe("idle");
  });

  test("idle are all that are listed, or it is not known", async () => {
    sound("closed\n");
    mkdirSync(join(root, "proc/asound/card0/pcm1p/sub0/status"), { recursive: true });
    expect(await read()).toBe("unknown");
    sound("state: RUNNING\n");
    expect(await read()).toBe("playing");
  });

  test("a pipe in its place does not stop the reading", async () => {
    await createCommandRunner()({ program: "mkfifo", args: [join(root, "state")] });
    sound("closed\n");
    expect(["idle", "unknown"]).toContain(await read());
  });

  test("a file without an end is read at its beginning only", async () => {
    vendor(`playing ${"x".repeat(1 << 20)}`);
    expect(await read()).toBe("playing");
  });
});
