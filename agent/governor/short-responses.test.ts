import { expect, test } from "bun:test";
import { createSimulatedDevice } from "../../hardware/simulated/device.ts";
import { createSimulatedProbe } from "../../hardware/simulated/probe.ts";
import { createSimulatedPeerSockets } from "../../hardware/simulated/sockets.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLog } from "../core/log.ts";
import { bitsPerSecond, bytes, megabitsPerSecond } from "../core/units.ts";
import { createGovernor } from "./governor.ts";
import { oneFlow } from "./one-flow.ts";
import { everythingAllowed } from "./policy.ts";

const PAIR = 2 * 1500;
const RESPONSE = 400_000;
/** Of a response the kernel has so much at hand. */
const BUFFER = 150_000;
const NEXT_REQUEST_MS = 25;

/** A peer that asks for one response after another, over TCP that sends two segments at a time at the rate it has. */
class Viewer {
  readonly id: string;
  rate = 1e6;
  sent = 0;
  #left = RESPONSE;
  #nextAt: number;

  constructor(id: string, at: number) {
    this.id = id;
    this.#nextAt = at;
  }

  get unsent(): number {
    return this.#left;
  }

  /** What has left by then. A new rate counts from the pair after the next one. */
  advance(to: number): void {
    while (this.#nextAt <= to) {
      if (this.#left <= 0) this.#left = RESPONSE;
      const pair = Math.min(PAIR, this.#left);
      this.sent += pair;
      this.#left -= pair;
      this.#nextAt += this.#left > 0 ? (pair * 8000) / this.rate : NEXT_REQUEST_MS;
    }
  }
}

/** Part of what is asked for that so many of them take. */
async function taken(viewers: number): Promise<number> {
  const clock = new FakeClock();
  const device = createSimulatedDevice({ clock });
  const sockets = createSimulatedPeerSockets(device.model, clock);
  const all = Array.from({ length: viewers }, (_, i) => new Viewer(`${i}`, 37 * i));
  const governor = createGovernor({
    clock,
    log: silentLog,
    sockets: {
      ...sockets,
      async read() {
        const reading = await sockets.read();
        for (const viewer of all) viewer.advance(clock.monotonicMs());
        const flows = all.map(({ id, unsent }) =>
          oneFlow({ id, notSent: bytes(Math.min(BUFFER, unsent)), inFlight: 9 }),
        );
        return { ...reading, flows };
      },
      pace(id, rate) {
        const viewer = all.find((one) => one.id === id);
        viewer?.advance(clock.monotonicMs());
        if (viewer) viewer.rate = rate;
        const busy = all.filter(({ unsent }) => unsent > 0);
        return sockets.pace("peer", bitsPerSecond(busy.reduce((sum, one) => sum + one.rate, 0)));
      },
    },
    probe: createSimulatedProbe(device.model, clock),
    targets: () => [{ kind: "reflector", address: "192.0.2.1", port: 1 }],
    device,
    policy: () => everythingAllowed,
    store: { load: () => undefined, save: () => {} },
  });
  const stop = new AbortController();
  const running = governor.run(stop.signal);
  device.model.change({ peerDemand: megabitsPerSecond(500) });
  await clock.advance(10_000);
  const before = all.reduce((sum, { sent }) => sum + sent, 0);
  let asked = 0;
  for (let at = 0; at < 10_000; at += 10) {
    await clock.advance(10);
    asked += governor.current.state === "sharing" ? governor.current.rate / 800 : 0;
  }
  const sum = all.reduce((total, { sent }) => total + sent, 0) - before;
  stop.abort();
  await running;
  return sum / asked;
}

test("short responses leave hardly any of the line idle between two turns, nor take more", async () => {
  for (const viewers of [3, 4, 8]) {
    const part = await taken(viewers);
    expect(part).toBeGreaterThan(0.975);
    expect(part).toBeLessThan(1.01);
  }
});
