/** The peers' connections as `ss` tells of them, once a second: for where nothing better works. */
import type { Clock } from "../../agent/core/clock.ts";
import { bytes } from "../../agent/core/units.ts";
import type { PeerFlow, PeerReading, PeerSockets, SocketAbility } from "../sockets.ts";
import { createCommandRunner, type RunCommand } from "./command.ts";
import { parseSs } from "./parse-ss.ts";

/** A process costs milliseconds, so the governor's own pace is not followed. */
const PERIOD_MS = 1000;

type Counter = "sent" | "acknowledged" | "retransmitted" | "marked";

export interface ObservedPeerSocketsOptions {
  readonly clock: Clock;
  readonly ports: () => readonly number[];
  readonly run?: RunCommand;
}

export class ObservedPeerSockets implements PeerSockets {
  readonly #options: ObservedPeerSocketsOptions;
  readonly #run: RunCommand;
  #flows = new Map<string, PeerFlow>();
  #closed = { sent: 0, acknowledged: 0, retransmitted: 0, marked: 0 };
  #askedAt = Number.NEGATIVE_INFINITY;
  #works = true;

  constructor(options: ObservedPeerSocketsOptions) {
    this.#options = options;
    this.#run = options.run ?? createCommandRunner();
  }

  get ability(): SocketAbility {
    return this.#works ? "observed" : "blind";
  }

  async read(): Promise<PeerReading> {
    const at = this.#options.clock.monotonicMs();
    if (at - this.#askedAt >= PERIOD_MS) {
      this.#askedAt = at;
      await this.#ask();
    }
    const flows = [...this.#flows.values()];
    const sum = (field: Counter) =>
      flows.reduce((total, flow) => total + flow[field], this.#closed[field]);
    return {
      at,
      flows,
      sent: bytes(sum("sent")),
      acknowledged: bytes(sum("acknowledged")),
      retransmitted: sum("retransmitted"),
      marked: sum("marked"),
    };
  }

  pace(): boolean {
    return false;
  }

  paceNew(): void {}

  control(): void {}

  cut(): boolean {
    return false;
  }

  async #ask(): Promise<void> {
    const ports = this.#options.ports().flatMap((port) => ["or", "sport", "=", `:${port}`]);
    if (ports.length === 0) return;
    const args = ["-tinOH", "state", "established", "(", ...ports.slice(1), ")"];
    const outcome = await this.#run({ program: "ss", args });
    this.#works = outcome.kind === "done" && outcome.code === 0;
    if (outcome.kind !== "done" || outcome.code !== 0) return;
    const before = this.#flows;
    this.#flows = new Map(parseSs(outcome.stdout).map((flow) => [flow.id, flow]));
    for (const [id, flow] of before) {
      // The same ports again with a smaller count are another connection.
      if ((this.#flows.get(id)?.sent ?? -1) < flow.sent) this.#count(flow);
    }
  }

  #count(flow: PeerFlow): void {
    this.#closed.sent += flow.sent;
    this.#closed.acknowledged += flow.acknowledged;
    this.#closed.retransmitted += flow.retransmitted;
    this.#closed.marked += flow.marked;
  }
}
