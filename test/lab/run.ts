/** One run of one sharer on one line: what scenarios are written in. */
import type { Home } from "./home.ts";
import { SERVER } from "./home.ts";
import { DelayMeter, PortMeter, quantile } from "./meters.ts";
import { startSharer } from "./sharers.ts";

export interface DelayFigures {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly most: number;
}

const now = () => Date.now() / 1000;

export class Run {
  readonly home: Home;
  readonly sharer: string;
  readonly delay: DelayMeter;
  readonly ports: PortMeter;
  readonly record: string | undefined;
  readonly began = now();
  #base = 0;
  #servers = 0;

  constructor(home: Home, sharer: string, record?: string) {
    this.home = home;
    this.sharer = sharer;
    this.record = record;
    this.delay = new DelayMeter(home);
    this.ports = new PortMeter(home);
  }

  wait(seconds: number): Promise<void> {
    return Bun.sleep(seconds * 1000);
  }

  /** Learns the delay of the empty line; call it before anything shares. */
  async rest(seconds = 3): Promise<void> {
    await this.wait(1);
    const from = now();
    await this.wait(seconds);
    this.#base = quantile(this.delay.between(from, now()), 0.5);
  }

  async share(seconds = 10, options: readonly string[] = []): Promise<void> {
    await startSharer(this.home, this.sharer, {
      ...(this.record && { record: this.record }),
      arguments: options,
    });
    await this.wait(seconds);
  }

  /** Bits per second on the line and the delay that is added to the empty line's. */
  async watch(seconds: number): Promise<{ used: number; added: DelayFigures }> {
    const from = now();
    const before = await this.home.carried();
    await this.wait(seconds);
    const after = await this.home.carried();
    const to = now();
    return {
      used: ((after.bytes - before.bytes) * 8) / (to - from),
      added: this.added(from, to),
    };
  }

  added(from: number, to: number): DelayFigures {
    const values = this.delay.between(from, to).map((value) => value - this.#base);
    return {
      p50: quantile(values, 0.5),
      p95: quantile(values, 0.95),
      p99: quantile(values, 0.99),
      most: Math.max(...values),
    };
  }

  /**
   * The family sends or receives with iperf3. `rate` is from two seconds on, `given` the seconds
   * until the flow holds 80 per cent of `expected` for half a second.
   */
  async transfer(options: {
    readonly seconds: number;
    readonly flows?: number;
    readonly congestionControl?: string;
    readonly reverse?: boolean;
    readonly expected?: number;
  }): Promise<{ rate: number; given: number | undefined; ended: number }> {
    const { seconds, flows = 1, congestionControl = "cubic", reverse = false } = options;
    const port = String(5400 + this.#servers++);
    this.home.start("sl-net", ["iperf3", "-s", "-1", "-B", SERVER, "-p", port], "load");
    await this.wait(0.3);
    const from = now();
    const client = this.home.start(
      "sl-tv",
      [
        ...["iperf3", "-c", SERVER, "-p", port, "-t", String(seconds), "-P", String(flows)],
        ...["-C", congestionControl, ...(reverse ? ["-R"] : [])],
      ],
      "load",
    );
    await client.exited;
    const ended = now();
    const direction = reverse ? "toDevice" : "fromDevice";
    const rate = this.ports.rate("tv", direction, from + 2, from + seconds);
    const wanted = 0.8 * (options.expected ?? rate);
    return { rate, given: this.ports.firstAtLeast("tv", from, ended, wanted), ended };
  }

  /** Seconds from `since` until the box has `rate` again for half a second. */
  regained(since: number, rate: number, port = "box"): number | undefined {
    return this.ports.firstAtLeast(port, since, now(), rate);
  }

  /** A call of so many kbit/s each way, 200 packets a second: added delay and loss after its first second. */
  async call(seconds: number, kbit: number): Promise<DelayFigures & { lost: number }> {
    this.home.start("sl-net", ["irtt", "server", "-b", `${SERVER}:2112`, "-i", "1ms"]);
    await this.wait(0.5);
    const size = Math.round((kbit * 1000) / 200 / 8 - 28);
    const client = this.home.start("sl-tv", [
      ...["irtt", "client", "-i", "5ms", "-d", `${seconds}s`, "-l", String(size), "-q", "-o", "-"],
      `${SERVER}:2112`,
    ]);
    const packed = new Uint8Array(await new Response(client.stdout).arrayBuffer());
    const text = packed[0] === 0x1f ? Bun.gunzipSync(packed) : packed;
    const report: { round_trips: { delay: { rtt?: number } }[] } = JSON.parse(
      new TextDecoder().decode(text),
    );
    const trips = report.round_trips.slice(200);
    const heard = trips.flatMap(({ delay }) => (delay.rtt === undefined ? [] : [delay.rtt / 1e6]));
    const added = heard.map((value) => value - this.#base);
    return {
      p50: quantile(added, 0.5),
      p95: quantile(added, 0.95),
      p99: quantile(added, 0.99),
      most: Math.max(...added),
      lost: 1 - heard.length / trips.length,
    };
  }

  /** Pages: a fresh connection that sends 300 kB each second. Returns the 95th percentile in ms. */
  async pages(seconds: number): Promise<number> {
    const server = this.home.start("sl-net", [
      process.execPath,
      `${import.meta.dir}/page.ts`,
      "server",
      SERVER,
    ]);
    await this.wait(0.3);
    const client = this.home.start("sl-tv", [
      ...[process.execPath, `${import.meta.dir}/page.ts`, "client", SERVER, String(seconds)],
    ]);
    const text = await new Response(client.stdout).text();
    server.kill();
    return quantile(text.trim().split("\n").map(Number), 0.95);
  }
}
