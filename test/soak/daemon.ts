/** A process that is killed and started again; what it says goes to one log file over all its lives. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";

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
        else reject(new Error(`${this.name} ended with ${code ?? signal}:\n${this.#lastWords()}`));
      });
    });
  }

  #lastWords(): string {
    return readFileSync(this.#log, "utf8").split("\n").slice(-20).join("\n");
  }

  async kill(): Promise<void> {
    this.kills += 1;
    await this.#end("SIGKILL");
  }

  /** Waits without end for the process to end by itself; throws when it did not end well. */
  async stop(): Promise<void> {
    const code = await this.#end("SIGTERM");
    if (code !== undefined && code !== 0)
      throw new Error(`${this.name} stopped with ${code}:\n${this.#lastWords()}`);
  }

  /** Its exit code, or the signal that ended it; undefined where nothing ran. */
  async #end(signal: NodeJS.Signals): Promise<number | string | undefined> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return undefined;
    const gone = new Promise<number | string>((done) =>
      child.once("exit", (code, by) => done(code ?? by ?? "nothing")),
    );
    child.kill(signal);
    return gone;
  }
}
