/** What happens to a shaping agent and its network card, for real: kill -9, renaming, replacing, strangers. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { connect, createNamespace, must, type Namespace, namespacesMissing } from "./namespace.ts";

const suffix = namespacesMissing ? ` (${namespacesMissing})` : "";
const script = join(import.meta.dir, "run-shaper.ts");

/** A shaper in a process of its own, and what it says is in force. */
class ShapingProcess {
  readonly #child: Bun.Subprocess<"ignore", "pipe", "inherit">;
  readonly #lines: AsyncIterator<string>;

  constructor({ prefix }: Namespace, megabits: number, as: readonly string[] = []) {
    const command = [...prefix, ...as, process.execPath, "run", script, `${megabits}`];
    this.#child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe" });
    this.#lines = linesOf(this.#child.stdout);
  }

  /** The next thing in force that has this state, and this device where one is named. */
  async next(state: string, device?: string): Promise<Record<string, unknown>> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`the shaper ended before ${state}`);
      const inForce = JSON.parse(value);
      if (inForce.state === state && (!device || inForce.device === device)) return inForce;
    }
  }

  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    this.#child.kill(signal);
    await this.#child.exited;
  }
}

/** As systemd runs it: another user, no way up, and only the capabilities named. */
const asUser = (...capabilities: readonly string[]) => [
  ...["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--no-new-privs"],
  ...(capabilities.length > 0
    ? ["--inh-caps", capabilities.join(), "--ambient-caps", capabilities.join()]
    : []),
];

/** An ordinary user may not get at a checkout in root's home. */
function findUserObstacle(): string | undefined {
  if (namespacesMissing) return namespacesMissing;
  if (!Bun.which("setpriv")) return "needs setpriv";
  const reads = [
    [process.execPath, "--version"],
    ["cat", script],
  ].every((command) => Bun.spawnSync([...asUser(), ...command]).exitCode === 0);
  return reads ? undefined : "needs a checkout that other users can read";
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

describe.skipIf(namespacesMissing !== undefined)(`the shaper survives${suffix}`, () => {
  let box: Namespace;
  let home: Namespace;
  let shaper: ShapingProcess;
  const ip = (...args: readonly string[]) => must(box.run, "ip", ...args);
  const queues = (device: string) => must(box.run, "tc", "qdisc", "show", "dev", device);
  const route = () => ip("route", "replace", "default", "via", "10.77.0.2");

  beforeAll(async () => {
    [box, home] = [await createNamespace(), await createNamespace()];
    await connect(box, home);
    await route();
  });
  afterAll(async () => {
    await shaper.end("SIGKILL");
    await Promise.all([box.dispose(), home.dispose()]);
  });

  test("kill -9: what is left is taken over by the next run", async () => {
    shaper = new ShapingProcess(box, 4);
    await shaper.next("shaped", "box0");
    await shaper.end("SIGKILL");
    expect(await queues("box0")).toContain("htb 5ba:");
    shaper = new ShapingProcess(box, 7);
    expect(await shaper.next("shaped", "box0")).toMatchObject({ rate: 7e6, ports: [9000] });
  }, 60_000);

  test("the card being renamed", async () => {
    await ip("link", "set", "box0", "down");
    await ip("link", "set", "box0", "name", "end0");
    await ip("link", "set", "end0", "up");
    await route();
    expect(await shaper.next("shaped", "end0")).toMatchObject({ rate: 7e6 });
  }, 60_000);

  test("the card being replaced by another of the same name", async () => {
    await ip("link", "del", "end0");
    await shaper.next("none");
    await connect(box, home);
    await route();
    expect(await shaper.next("shaped", "box0")).toMatchObject({ rate: 7e6 });
  }, 60_000);

  test("the end, leaving nothing behind", async () => {
    await shaper.end("SIGTERM");
    expect(await queues("box0")).not.toContain("5ba:");
    if (Bun.which("nft", { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" })) {
      expect(await must(box.run, "nft", "list", "tables")).not.toContain("spareband");
    }
  }, 60_000);

  test("a stranger's queue, which stays while it runs and when it ends", async () => {
    await must(box.run, "tc", "qdisc", "add", "dev", "box0", "root", "bfifo", "limit", "30000");
    shaper = new ShapingProcess(box, 7);
    expect((await shaper.next("foreign", "box0")).qdisc).toStartWith("bfifo");
    await shaper.end("SIGTERM");
    expect(await queues("box0")).toContain("limit 30000b");
  }, 60_000);

  const obstacle = findUserObstacle();
  test.skipIf(obstacle !== undefined)(
    `nothing but CAP_NET_ADMIN, and says when that is missing${obstacle ? ` (${obstacle})` : ""}`,
    async () => {
      await must(box.run, "tc", "qdisc", "del", "dev", "box0", "root");
      shaper = new ShapingProcess(box, 7, asUser("+net_admin"));
      await shaper.next("shaped", "box0");
      await shaper.end("SIGTERM");
      expect(await queues("box0")).not.toContain("5ba:");
      shaper = new ShapingProcess(box, 7, asUser());
      expect((await shaper.next("unavailable")).reason).toBe("CAP_NET_ADMIN is missing");
      await shaper.end("SIGTERM");
    },
    15_000,
  );
});
