/** Runs verbs of the program from source, each as a process of its own, with a home of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MAIN = join(import.meta.dir, "../../agent/main.ts");

export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly pid: number;
  /** What stdout and stderr said until the process ended. */
  readonly ended: Promise<Ended>;
  /** The first line of stdout or stderr that fits; rejects when the process ends without one. */
  line(pattern: RegExp): Promise<RegExpExecArray>;
  kill(signal: NodeJS.Signals): void;
  /** Names that are left in the folder the process had for temporary files. */
  leftovers(): Promise<readonly string[]>;
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly directory?: string;
}

/** Starts `spareband ARGUMENTS`; its home and its temporary files are in a folder of its own. */
export function run(args: readonly string[], options: RunOptions = {}): Running {
  const home = temporary();
  const child = Bun.spawn([process.execPath, MAIN, ...args], {
    ...(options.directory && { cwd: options.directory }),
    env: {
      PATH: process.env.PATH ?? "",
      HOME: home,
      TMPDIR: home,
      ...options.environment,
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const lines = new Lines();
  const [stdout, stderr] = [lines.read(child.stdout), lines.read(child.stderr)];
  const ended = Promise.all([child.exited, stdout, stderr]).then(([status, out, err]) => {
    lines.over(`${args.join(" ")} ended with ${status}: ${err || out}`);
    return { status, stdout: out, stderr: err };
  });
  return {
    pid: child.pid,
    ended,
    line: (pattern) => lines.first(pattern),
    kill: (signal) => child.kill(signal),
    leftovers: async () => (await readdir(home)).filter((name) => name.startsWith("spareband")),
  };
}

const folders: string[] = [];
process.on("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A new folder that goes with this process. */
export function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "scenario-"));
  folders.push(folder);
  return folder;
}

/** Lines of both outputs as they come. */
class Lines {
  readonly #seen: string[] = [];
  readonly #waiting = new Set<() => void>();
  #over: string | undefined;

  async read(stream: ReadableStream<Uint8Array>): Promise<string> {
    const decoder = new TextDecoder();
    let all = "";
    let rest = "";
    for await (const part of stream) {
      const text = decoder.decode(part, { stream: true });
      all += text;
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      this.#seen.push(...lines);
      this.#wake();
    }
    return all;
  }

  over(why: string): void {
    this.#over = why;
    this.#wake();
  }

  first(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = () => {
        for (const line of this.#seen) {
          const match = pattern.exec(line);
          if (match) {
            this.#waiting.delete(look);
            return resolve(match);
          }
        }
        if (this.#over !== undefined) reject(new Error(`no line like ${pattern}: ${this.#over}`));
      };
      this.#waiting.add(look);
      look();
    });
  }

  #wake(): void {
    for (const look of [...this.#waiting]) look();
  }
}
