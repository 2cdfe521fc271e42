/** The executable and the contracts on a real arm64 kernel; long, and 100 MB of downloads, so only when asked for. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { buildExecutables, run } from "./executable.ts";

const folder = process.env.SPAREBAND_ARM64_MACHINE;
const missing = folder ? "" : " (needs SPAREBAND_ARM64_MACHINE, a folder for what is downloaded)";

test.skipIf(!folder)(
  `an arm64 machine under Debian's kernel keeps the contracts and runs the whole chain${missing}`,
  async () => {
    const dist = await buildExecutables(["linux-arm64"]);
    const script = join(import.meta.dir, "arm64-machine.sh");
    const executable = join(dist, "spareband-linux-arm64");
    const { stdout } = await run([script, folder ?? "", executable]);
    expect(stdout).toContain("aarch64 GNU/Linux");
    expect(stdout).toContain("MACHINE contract ended with 0");
    expect(stdout).toContain("every sum agrees with every other");
  },
  1_800_000,
);
