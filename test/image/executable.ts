/** Builds the executables for the tests and runs them, under an emulator where the processor is another. */
import { existsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type End, endOf } from "../runner/end-of.ts";

export const repository = join(import.meta.dir, "../..");
export const isRoot = process.getuid?.() === 0;

export type BuildTarget = "linux-x64" | "linux-arm64" | "linux-arm64-musl";

export interface RunOptions {
  readonly cwd?: string;
  /** Added to a bare environment: PATH and HOME alone. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A bare environment, so that nothing of the caller's steers the program. */
export const bareEnvironment = () => ({
  PATH: process.env.PATH ?? "",
  HOME: process.env.HOME ?? "/",
});

export async function run(command: readonly string[], options: RunOptions = {}): Promise<End> {
  const child = Bun.spawn([...command], {
    cwd: options.cwd ?? repository,
    env: { ...bareEnvironment(), ...options.env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  return endOf(child);
}

/** Throws with what was printed when the command fails. */
export async function must(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(command, options);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}

/** What the registry is reached with must reach build.sh too: the runtimes come from there. */
const registryEnvironment = () =>
  Object.fromEntries(
    [
      "NODE_EXTRA_CA_CERTS",
      "SSL_CERT_FILE",
      "HTTPS_PROXY",
      "https_proxy",
      "NPM_CONFIG_REGISTRY",
      "BUN_CONFIG_REGISTRY",
    ]
      .map((name) => [name, process.env[name]])
      .filter((pair): pair is [string, string] => pair[1] !== undefined),
  );

/** @returns the directory with `spareband-<target>` for each target; it goes with TMPDIR. */
export async function buildExecutables(
  targets: readonly BuildTarget[],
  from = repository,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const dist = await mkdtemp(join(tmpdir(), "dist-"));
  await must(["sh", "build.sh", "executables", ...targets], {
    cwd: from,
    env: { ...registryEnvironment(), SPAREBAND_DIST: dist, ...env },
  });
  return dist;
}

const ARM64_LIBRARIES = "/usr/aarch64-linux-gnu";
const emulates =
  Bun.which("qemu-aarch64-static") !== null && existsSync(`${ARM64_LIBRARIES}/lib/libstdc++.so.6`);

/** What has to stand before an executable's path to run it here; undefined where nothing can. */
export function runnerOf(target: BuildTarget): readonly string[] | undefined {
  if (target === "linux-arm64-musl") return undefined;
  const processor = target === "linux-x64" ? "x64" : "arm64";
  if (process.arch === processor) return [];
  if (processor === "arm64" && emulates) return ["qemu-aarch64-static", "-L", ARM64_LIBRARIES];
  return undefined;
}

/** Why a test of the target is skipped, for its name; empty where it runs. */
export const skipNote = (target: BuildTarget) =>
  runnerOf(target) === undefined
    ? " (needs qemu-aarch64-static and libstdc++6-arm64-cross, or such a processor)"
    : "";
