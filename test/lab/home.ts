/**
 * A home behind one internet line, in network namespaces: a box, another device and a router, and
 * on the far side of `linkemu`, which nobody here can see, the peers and servers of the internet.
 *
 *   sl-box 10.77.0.10 \                                        / 100.77.0.1 servers
 *   sl-tv  10.77.0.20 -- sl-router (NAT) == linkemu == sl-net  -- 100.77.0.2, .3 reflectors
 *                                                              \ 100.77.0.11… peers
 */
import { existsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errnoOf } from "../../agent/core/errors.ts";

export const BOX = "10.77.0.10";
export const SECOND_BOX = "10.77.0.11";
export const SERVER = "100.77.0.1";
export const REFLECTORS = ["100.77.0.2:4600", "100.77.0.3:4600"];
export const WAN = "100.77.1.2";
/** The internet's end of the line: what UDP programs there answer from. */
export const FAR_END = "100.77.1.1";
export const peerAddress = (index: number) => `100.77.0.${11 + index}`;

export interface Line {
  /** kbit/s of IP. */
  readonly up: number;
  readonly down: number;
  /** Of the uplink's drop-tail buffer, in milliseconds at its rate. */
  readonly buffer: number;
  readonly rtt: number;
  /** More of linkemu's options for the uplink: fq=1, jitter=US, loss=PPM, trace=FILE. */
  readonly options?: readonly string[];
}

export type Process = Bun.Subprocess<"ignore", "pipe", "ignore">;

const NAMESPACES = ["sl-box", "sl-two", "sl-tv", "sl-router", "sl-net"];
const HOSTS = [
  ["sl-box", BOX],
  ["sl-two", SECOND_BOX],
  ["sl-tv", "10.77.0.20"],
] as const;

/**
 * So that the lab measures the line and not the machine's other work: the line itself before all, then
 * what measures and who shares, and what only makes load in ordinary time. A program that starts
 * takes some tenths of a second of processor, which would else be a queue that nobody made.
 */
const priorities = {
  line: ["chrt", "-r", "40"],
  exact: ["chrt", "-r", "20"],
  load: ["nice", "-n", "-10"],
} as const;

export class Home implements AsyncDisposable {
  readonly line: Line;
  readonly #processes: Bun.Subprocess[] = [];
  readonly #emulator: Bun.Subprocess<"pipe", "pipe", "inherit">;
  readonly #answers: AsyncIterator<string>;

  static async open(line: Line): Promise<Home> {
    const emulator = await buildEmulator();
    await removeNamespaces();
    for (const name of NAMESPACES) {
      await sh(`ip netns add ${name} && ip -n ${name} link set lo up`);
      await sh(`ip netns exec ${name} sysctl -qw net.ipv4.ip_forward=1`);
    }
    const half = Math.round((line.rtt * 1000) / 2);
    const buffer = Math.max(3000, Math.round((line.up * line.buffer) / 8));
    const up = [`up=${line.up}`, buffer, half, ...(line.options ?? [])].join(",");
    const down = `down=${line.down},${Math.round((line.down * 100) / 8)},${half}`;
    const child = Bun.spawn(
      [...priorities.line, emulator, "sl-router", "wan0", "sl-net", "net0", up, down],
      { stdin: "pipe", stdout: "pipe", stderr: "inherit" },
    );
    const home = new Home(line, child);
    if ((await home.#answers.next()).value !== "ready") throw new Error("linkemu did not start");
    await connect();
    return home;
  }

  private constructor(line: Line, emulator: Bun.Subprocess<"pipe", "pipe", "inherit">) {
    this.line = line;
    this.#emulator = emulator;
    this.#answers = lines(emulator.stdout)[Symbol.asyncIterator]();
  }

  /** Starts a program in a namespace; it is ended with the home. */
  start(namespace: string, command: readonly string[], as: "exact" | "load" = "exact"): Process {
    const child = Bun.spawn([...priorities[as], "ip", "netns", "exec", namespace, ...command], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
      detached: true,
    });
    this.#processes.push(child);
    return child;
  }

  /** Tells the emulator: "up KBIT", "delay US", "loss PPM". */
  command(text: string): void {
    this.#emulator.stdin.write(`${text}\n`);
    this.#emulator.stdin.flush();
  }

  /** Bytes that the uplink has carried, and dropped packets. */
  async carried(): Promise<{ bytes: number; dropped: number }> {
    this.command("stat");
    const answer = String((await this.#answers.next()).value);
    const match = /up sent=\d+ dropped=(\d+) bytes=(\d+)/.exec(answer);
    return { bytes: Number(match?.[2]), dropped: Number(match?.[1]) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#processes) end(child, "SIGTERM");
    await Promise.race([
      Promise.all(this.#processes.map((child) => child.exited)),
      Bun.sleep(2000),
    ]);
    for (const child of this.#processes) end(child, "SIGKILL");
    this.command("quit");
    await Promise.race([this.#emulator.exited, Bun.sleep(1000)]);
    this.#emulator.kill("SIGKILL");
    await removeNamespaces();
  }
}

/** With all that it started, which would otherwise outlive its namespace. */
function end(child: Bun.Subprocess, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(-child.pid, signal);
  } catch (fault) {
    // The whole group has ended by itself.
    if (errnoOf(fault) !== "ESRCH") throw fault;
  }
}

async function connect(): Promise<void> {
  await sh("ip -n sl-router link add br0 type bridge && ip -n sl-router link set br0 up");
  await sh("ip -n sl-router addr add 10.77.0.1/24 dev br0");
  for (const [name, address] of HOSTS) {
    const port = `p-${name.slice(3)}`;
    await sh(`ip link add eth0 netns ${name} type veth peer name ${port} netns sl-router`);
    await sh(`ip -n ${name} addr add ${address}/24 dev eth0 && ip -n ${name} link set eth0 up`);
    await sh(`ip -n ${name} route add default via 10.77.0.1`);
    await sh(`ip -n sl-router link set ${port} master br0 up`);
    await sh(`ip netns exec ${name} ethtool -K eth0 tso off gso off gro off`);
    await sh(`ip netns exec sl-router ethtool -K ${port} tso off gso off gro off`);
  }
  await sh(`ip -n sl-router addr add ${WAN}/32 peer ${FAR_END} dev wan0`);
  await sh("ip -n sl-router link set wan0 up mtu 1500 txqueuelen 10000");
  await sh("ip -n sl-router route add default dev wan0");
  await sh(`ip -n sl-net addr add ${FAR_END}/32 peer ${WAN} dev net0`);
  await sh("ip -n sl-net link set net0 up mtu 1500 txqueuelen 10000");
  for (let i = 1; i <= 20; i++) await sh(`ip -n sl-net addr add 100.77.0.${i}/32 dev lo`);
  await sh(`ip netns exec sl-router nft -f - <<'RULES'
table ip nat {
  chain post { type nat hook postrouting priority 100; oifname "wan0" masquerade; }
  chain pre {
    type nat hook prerouting priority -100;
    iifname "wan0" tcp dport 8081 dnat to ${SECOND_BOX}
    iifname "wan0" tcp dport 1024-65535 dnat to ${BOX}
  }
}
RULES`);
}

async function removeNamespaces(): Promise<void> {
  for (const name of NAMESPACES) await Bun.$`ip netns del ${name}`.quiet().nothrow();
}

async function buildEmulator(): Promise<string> {
  const source = join(import.meta.dir, "linkemu.c");
  const program = join(tmpdir(), "spareband-linkemu");
  if (!existsSync(program) || statSync(program).mtimeMs < statSync(source).mtimeMs) {
    await sh(`gcc -O2 -o ${program} ${source} -lm`);
  }
  return program;
}

/** Runs a line of shell; throws with what it said. */
export async function sh(command: string): Promise<string> {
  const child = Bun.spawn(["sh", "-c", command], { stdout: "pipe", stderr: "pipe" });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${command}: ${err}`);
  return out;
}

/** Lines of a stream as they come. */
export async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    const parts = rest.split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}
