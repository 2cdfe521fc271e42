/** A process that is killed and started again; what it says goes to one log file over all its lives. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";

export class Daemon {
  readonly name: string;
  kills = 0;
  readonly #command: readonly string[];
  readonly #log: string;
  #child: ChildProcess | undefined;

  /** @param command ends its start by writing a line to stdout. */
  constructor(name: string, command: readonly string[], log: string) {
    this.name = name;
    this.#command = command;
    this.#log = log;
  }

  /**
   * Resolves when the process says that it runs; rejects when it ends before.
   * @param environment variables of this life alone.
   */
  start(environment: Readonly<Record<string, string>> = {}): Promise<void> {
    const log = openSync(this.#log, "a");
    const [program = "", ...args] = this.#command;
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", log],
      env: { ...process.env, ...environment },
    });
    closeSync(log);
    this.#child = child;
    return new Promise((resolve, reject) => {
      child.stdout?.once("data", () => resolve());
      child.once("exit", (code, signal) => {
        // Killed while it started is what a soak is for; ended by itself is not.
        if (signal === "SIGKILL") resolve();
        else reject(new Error(`${this.name} ended with ${code ?? signal}: see ${this.#log}`));
      });
    });
  }

  async kill(): Promise<void> {
    this.kills += 1;
    await this.#end("SIGKILL");
  }

  /** Milliseconds that the process took to end by itself. */
  async stop(): Promise<number> {
    const asked = performance.now();
    await this.#end("SIGTERM");
    return performance.now() - asked;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once("exit", done));
    child.kill(signal);
    await gone;
  }
}
