/** What a run is judged by: delay of another device at home, and bytes of each port of the router. */
import { type Home, lines, SERVER } from "./home.ts";

export interface Measured<T> {
  /** Seconds since 1970. */
  readonly at: number;
  readonly value: T;
}

/** Round trips from the family's device to the internet, fifty a second, in milliseconds. */
export class DelayMeter {
  readonly samples: Measured<number>[] = [];

  constructor(home: Home, namespace = "sl-tv") {
    const ping = home.start(namespace, ["ping", "-D", "-i", "0.02", "-W", "2", SERVER]);
    void this.#follow(ping.stdout);
  }

  between(from: number, to: number): number[] {
    return this.samples.filter((s) => s.at >= from && s.at < to).map((s) => s.value);
  }

  async #follow(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const line of lines(stream)) {
      const match = /^\[([\d.]+)\].*time=([\d.]+) ms/.exec(line);
      if (match) this.samples.push({ at: Number(match[1]), value: Number(match[2]) });
    }
  }
}

/** Bytes that came from and went to each device, as the router's ports count them. */
export interface PortBytes {
  readonly [port: string]: { readonly fromDevice: number; readonly toDevice: number };
}

export class PortMeter {
  readonly samples: Measured<PortBytes>[] = [];

  constructor(home: Home) {
    const meter = home.start("sl-router", [process.execPath, `${import.meta.dir}/port-meter.ts`]);
    void this.#follow(meter.stdout);
  }

  /** Bits per second of a port over a period, Ethernet headers included. */
  rate(port: string, direction: "fromDevice" | "toDevice", from: number, to: number): number {
    const within = this.samples.filter((s) => s.at >= from && s.at <= to);
    const first = within[0];
    const last = within.at(-1);
    if (!first || !last || last.at <= first.at) return 0;
    const count = (s: Measured<PortBytes>) => s.value[port]?.[direction] ?? 0;
    return ((count(last) - count(first)) * 8) / (last.at - first.at);
  }

  /** Seconds from `from` until a port holds a rate over half a second; undefined when it never does. */
  firstAtLeast(
    port: string,
    from: number,
    to: number,
    rate: number,
    window = 0.5,
  ): number | undefined {
    const starts = this.samples.filter((s) => s.at >= from && s.at + window <= to);
    const found = starts.find(
      (s) => this.rate(port, "fromDevice", s.at, s.at + window + 0.05) >= rate,
    );
    return found && found.at - from;
  }

  async #follow(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const line of lines(stream)) {
      const [at, value]: [number, PortBytes] = JSON.parse(line);
      this.samples.push({ at, value });
    }
  }
}

export function quantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN;
}
