/** The other side of the serving benchmarks: nginx, wrk, and the kernel's count of CPU time. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openLibc } from "../../agent/core/libc.ts";

const { clock_gettime } = openLibc({
  clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
}).symbols;
/** CPUCLOCK_SCHED: the scheduler's count, of all threads that the process has or had. */
const BY_SCHEDULER = 2;

/** User and system time of a process so far, in nanoseconds' resolution (clock_getcpuclockid(3)). */
export function cpuSeconds(pid: number): number {
  const time = new BigInt64Array(2);
  if (clock_gettime((~pid << 3) | BY_SCHEDULER, time) !== 0) throw new Error(`no process ${pid}`);
  const [whole = 0n, nanoseconds = 0n] = time;
  return Number(whole) + Number(nanoseconds) / 1e9;
}

/** Resident memory of a process, in bytes. */
export function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1]) * 1024;
}

export const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** "0.97 (0.91 to 1.02)": the median, and the lowest and highest. */
export const spread = (values: readonly number[]) =>
  `${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)})`;

export const missing = (...tools: readonly string[]) => tools.filter((tool) => !Bun.which(tool));

/** The command held to one processor. */
const on = (cpu: number | undefined, command: readonly string[]) =>
  cpu === undefined ? [...command] : ["taskset", "-c", String(cpu), ...command];

/** Processors this process may run on, lowest first. */
export function allowedCpus(): readonly number[] {
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return (list ?? "").split(",").flatMap((part) => {
    const [from = 0, to = from] = part.split("-").map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}

export interface Load {
  readonly bytes: number;
  readonly bytesPerSecond: number;
  readonly requests: number;
  readonly errors: number;
  /** User and system time of wrk itself. */
  readonly cpuSeconds: number;
}

/** wrk with one thread; the script is Lua. */
export async function runWrk(
  url: string,
  seconds: number,
  script: string,
  {
    connections = 4,
    cpu,
  }: { readonly connections?: number; readonly cpu?: number | undefined } = {},
): Promise<Load> {
  const command = on(cpu, [
    "wrk",
    "--timeout",
    "10s",
    "-t1",
    `-c${connections}`,
    `-d${seconds}s`,
    "-s",
    script,
    url,
  ]);
  const run = Bun.spawn(command, { stdout: "pipe", stderr: "inherit" });
  const text = await new Response(run.stdout).text();
  const result = /^result (\d+) (\d+) (\d+) (\d+)$/m.exec(text);
  if ((await run.exited) !== 0 || !result) throw new Error(`wrk failed: ${text}`);
  const [, amount, micros, requests, errors] = result.map(Number);
  return {
    bytes: amount ?? 0,
    bytesPerSecond: ((amount ?? 0) * 1e6) / (micros ?? 1),
    requests: requests ?? 0,
    errors: errors ?? 0,
    cpuSeconds: Number(run.resourceUsage()?.cpuTime.total ?? 0) / 1e6,
  };
}

/** Prints what `runWrk` reads. */
export const wrkReport = `
done = function(summary)
  local e = summary.errors
  io.write(string.format("result %d %d %d %d\\n", summary.bytes, summary.duration, summary.requests,
    e.connect + e.read + e.write + e.status + e.timeout))
end
`;

export interface Server extends AsyncDisposable {
  readonly url: string;
  /** Where the file lies that it serves, as far as it says so. */
  readonly disk?: string;
  readonly pid: number;
}

/** Starts a script beside this one that prints where it listens. */
export async function startScript(
  name: string,
  args: readonly string[],
  cpu?: number,
): Promise<Server> {
  const child = Bun.spawn(on(cpu, [process.execPath, join(import.meta.dir, name), ...args]), {
    stdout: "pipe",
    stderr: "inherit",
  });
  const first = await child.stdout.getReader().read();
  const said = JSON.parse(new TextDecoder().decode(first.value)) as { url: string; disk?: string };
  return {
    ...said,
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
    },
  };
}

/**
 * One worker with sendfile. `corked` holds the header back until the body's first segment is full
 * (`tcp_nopush`, which nginx leaves off by default).
 */
export async function startNginx(
  directory: string,
  port: number,
  corked: boolean,
  cpu?: number,
): Promise<Server> {
  const file = join(directory, `nginx-${port}.conf`);
  writeFileSync(
    file,
    `${process.getuid?.() === 0 ? "user root; " : ""}daemon off; worker_processes 1; pid ${directory}/${port}.pid; error_log ${directory}/nginx.err;
events { worker_connections 4096; }
http { sendfile on; tcp_nopush ${corked ? "on" : "off"}; access_log off; keepalive_requests 1000000000; types { video/mp4 mp4; }
  server { listen 127.0.0.1:${port}; root ${directory}; } }
`,
  );
  const command = on(cpu, ["nginx", "-e", `${directory}/nginx.err`, "-c", file]);
  const master = Bun.spawn(command, { stdout: "ignore", stderr: "ignore" });
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; ; attempt++) {
    const up = await fetch(`${url}/0`, { method: "HEAD" }).catch(() => undefined);
    if (up) break;
    if (attempt > 100) throw new Error("nginx does not answer");
    await Bun.sleep(20);
  }
  const children = readFileSync(`/proc/${master.pid}/task/${master.pid}/children`, "utf8");
  return {
    url,
    pid: Number(children.trim().split(" ")[0]),
    async [Symbol.asyncDispose]() {
      master.kill();
      await master.exited;
      rmSync(file);
    },
  };
}
