/**
 * A network namespace of its own with a pair of interfaces, made and thrown away by a test: real
 * queues and real packets without touching the machine's own.
 */
import { createCommandRunner, type RunCommand } from "../../hardware/linux/command.ts";

export interface Namespace {
  readonly name: string;
  /** Runs programs inside the namespace. */
  readonly run: RunCommand;
  /** What to put before a command line to run it inside. */
  readonly prefix: readonly string[];
  dispose(): Promise<void>;
}

const onHost = createCommandRunner();
let made = 0;

/** Why namespaces cannot be made here; undefined where they can. For the names of skipped tests. */
export const namespacesMissing = findObstacle();

function findObstacle(): string | undefined {
  const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";
  if (process.getuid?.() !== 0) return "needs root";
  for (const program of ["ip", "tc"]) {
    if (!Bun.which(program, { PATH })) return `needs ${program}`;
  }
  const name = `sbc-probe-${process.pid}`;
  const attempt = (...args: string[]) => Bun.spawnSync(["ip", "netns", ...args], { env: { PATH } });
  if (attempt("add", name).exitCode !== 0) return "needs network namespaces";
  attempt("del", name);
  return undefined;
}

export async function createNamespace(): Promise<Namespace> {
  const name = `sbc-${process.pid}-${made++}`;
  await must(onHost, "ip", "netns", "add", name);
  const prefix = ["ip", "netns", "exec", name];
  const run = createCommandRunner({ prefix });
  await must(run, "ip", "link", "set", "lo", "up");
  return {
    name,
    run,
    prefix,
    dispose: async () => {
      await onHost({ program: "ip", args: ["netns", "del", name] });
    },
  };
}

/** A cable between two namespaces; the ends are `box0` and `home0` at 10.77.0.1 and .2, fd77::1 and ::2. */
export async function connect(box: Namespace, home: Namespace): Promise<void> {
  const peer = ["peer", "name", "home0", "netns", home.name];
  await must(box.run, "ip", "link", "add", "box0", "type", "veth", ...peer);
  for (const [{ run }, device, host] of [
    [box, "box0", 1],
    [home, "home0", 2],
  ] as const) {
    await must(run, "ip", "address", "add", `10.77.0.${host}/24`, "dev", device);
    await must(run, "ip", "address", "add", `fd77::${host}/64`, "dev", device, "nodad");
    await must(run, "ip", "link", "set", device, "up");
  }
}

/** Runs a command that has to succeed for the test to mean anything. */
export async function must(run: RunCommand, program: string, ...args: string[]): Promise<string> {
  const outcome = await run({ program, args });
  if (outcome.kind === "done" && outcome.code === 0) return outcome.stdout;
  throw new Error(`${program} ${args.join(" ")}: ${JSON.stringify(outcome)}`);
}
