/**
 * The only place that starts processes. No shell, a fixed environment, bounded time and output;
 * what went wrong is returned, because for a driver a missing program is an answer like any other.
 */
import { errnoOf, reasonOf } from "../../agent/core/errors.ts";
import { type Milliseconds, milliseconds } from "../../agent/core/units.ts";

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Given to standard input, which is empty otherwise. */
  readonly input?: string;
}

export type CommandOutcome =
  | {
      readonly kind: "done";
      readonly code: number;
      readonly stdout: string;
      readonly stderr: string;
    }
  | { readonly kind: "missing" }
  /** Took too long, said too much, was killed, or could not be started. */
  | { readonly kind: "failed"; readonly reason: string };

export type RunCommand = (command: Command) => Promise<CommandOutcome>;

export interface CommandLimits {
  readonly timeout?: Milliseconds;
  readonly maxOutput?: number;
  /** Put before every program, such as `ip netns exec NAME` in tests. */
  readonly prefix?: readonly string[];
}

/** Services have no /usr/sbin in their path on every distribution, and tc lives there. */
const PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin";
const TIMEOUT = milliseconds(5000);
const MAX_OUTPUT = 256 * 1024;

export function createCommandRunner(limits: CommandLimits = {}): RunCommand {
  const { timeout = TIMEOUT, maxOutput = MAX_OUTPUT, prefix = [] } = limits;
  return async ({ program, args, input }) => {
    try {
      const child = Bun.spawn([...prefix, program, ...args], {
        env: { PATH, LC_ALL: "C" },
        stdin: input === undefined ? "ignore" : new TextEncoder().encode(input),
        stdout: "pipe",
        stderr: "pipe",
        timeout,
        killSignal: "SIGKILL",
        maxBuffer: maxOutput,
      });
      const [stdout, stderr, code] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
        child.exited,
      ]);
      if (child.signalCode !== null) {
        return { kind: "failed", reason: `${program} was stopped by ${child.signalCode}` };
      }
      return { kind: "done", code, stdout, stderr };
    } catch (fault) {
      if (errnoOf(fault) === "ENOENT") return { kind: "missing" };
      return { kind: "failed", reason: `cannot start ${program}: ${reasonOf(fault)}` };
    }
  };
}
