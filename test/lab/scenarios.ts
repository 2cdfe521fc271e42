/** The scenarios that the governor is judged by, each with its bar. */

import { writeCellularTrace } from "./cellular.ts";
import { type Figure, ms, percent, seconds, share, used } from "./figures.ts";
import { Home, type Line, sh } from "./home.ts";
import { ordinary } from "./lines.ts";
import { idle, type Play, settled, step, upload } from "./plays.ts";
import { Run } from "./run.ts";
import { startGovernor } from "./sharers.ts";

export interface Scenario {
  readonly id: string;
  readonly title: string;
  readonly line: Line;
  readonly play: Play;
  /** Only meaningful for the governor itself. */
  readonly own?: boolean;
}

const cellular = writeCellularTrace();
export const scenarios: readonly Scenario[] = [
  {
    id: "1",
    title: "idle line",
    line: ordinary,
    play: idle(40, { used: 95, p50: 1, p95: 3, p99: 5 }),
  },
  {
    id: "2",
    title: "one CUBIC upload at home",
    line: ordinary,
    play: upload(1, "cubic", { share: 97, given: 0.3, back: 2.5 }),
  },
  {
    id: "3a",
    title: "four CUBIC uploads",
    line: ordinary,
    play: upload(4, "cubic", { share: 97, given: 0.3, back: 2.5 }),
  },
  {
    id: "3b",
    title: "one BBR upload",
    line: ordinary,
    play: upload(1, "bbr", { share: 97, given: 0.3, back: 2.5 }),
  },
  {
    id: "5",
    title: "3 Mbit/s video call",
    line: ordinary,
    async play(run) {
      await run.rest();
      await run.share();
      const call = await run.call(15, 3000);
      return [
        ms("p95", call.p95),
        ms("p99", call.p99, 8),
        { name: "lost", value: 100 * call.lost, unit: "%", atMost: 0 },
      ];
    },
  },
  {
    id: "6",
    title: "300 kB bursts once a second",
    line: ordinary,
    async play(run) {
      await run.rest();
      const alone = await run.pages(20);
      await run.share();
      const shared = await run.pages(60);
      return [{ name: "page p95", value: shared / alone, unit: "×", atMost: 1.2 }];
    },
  },
  {
    id: "7",
    title: "saturated download",
    line: ordinary,
    async play(run) {
      await run.rest();
      const alone = await run.transfer({ seconds: 8, reverse: true });
      await run.share();
      const shared = await run.transfer({ seconds: 12, reverse: true });
      return [share(shared.rate, alone.rate, 99)];
    },
  },
  {
    id: "8",
    title: "four up, four down at once",
    line: ordinary,
    async play(run) {
      await run.rest();
      const both = async (length: number) => {
        const [up, down] = await Promise.all([
          run.transfer({ seconds: length, flows: 4 }),
          run.transfer({ seconds: length, flows: 4, reverse: true }),
        ]);
        return [up.rate, down.rate] as const;
      };
      const [up = 0, down = 0] = await both(8);
      await run.share();
      const [sharedUp = 0, sharedDown = 0] = await both(12);
      return [
        { ...share(sharedUp, up, 95), name: "up share" },
        { ...share(sharedDown, down, 95), name: "down share" },
      ];
    },
  },
  {
    id: "9",
    title: "20 → 8 Mbit/s",
    line: ordinary,
    async play(run) {
      const { from, rate } = await step(run, 8000);
      const late = run.delay.samples.filter(
        (s) => s.at > from + 1 && s.value > run.home.line.rtt + 40,
      );
      const calm = late.length === 0;
      return [
        ms("peak", run.added(from, from + 3).most, 120),
        seconds("relearnt", calm ? settled(run, from, rate) : undefined, 1),
      ];
    },
  },
  {
    id: "10",
    title: "8 → 20 Mbit/s",
    line: { ...ordinary, up: 8000, buffer: 625 },
    async play(run) {
      const { from, rate } = await step(run, 20_000);
      return [seconds("90 %", run.regained(from, 0.9 * rate), 8)];
    },
  },
  {
    id: "11",
    title: "cellular trace",
    line: { ...ordinary, buffer: 300, options: [`trace=${cellular.path}`] },
    async play(run) {
      await run.rest();
      await run.share(12);
      const seen = await run.watch(60);
      return [
        { name: "used", value: percent(seen.used, cellular.mean), unit: "%", atLeast: 80 },
        ms("p50", seen.added.p50),
        ms("p95", seen.added.p95, 20),
      ];
    },
  },
  {
    id: "12",
    title: "10 ms of jitter",
    line: { ...ordinary, options: ["jitter=10000"] },
    play: idle(30, { used: 88 }),
  },
  {
    id: "13",
    title: "20 ms buffer",
    line: { ...ordinary, buffer: 20 },
    play: upload(1, "cubic", { share: 95, used: 92 }),
  },
  {
    id: "14",
    title: "FQ-CoDel router",
    line: { ...ordinary, options: ["fq=1"] },
    play: upload(1, "cubic", { share: 95, given: 0.4, back: 4 }),
  },
  {
    id: "15",
    title: "base round trip + 30 ms",
    line: ordinary,
    async play(run) {
      await run.rest();
      await run.share(12);
      const from = Date.now() / 1000;
      run.home.command("delay 25000");
      await run.wait(62);
      return [seconds("recovered", run.regained(from + 2, 0.85 * run.home.line.up * 1000), 60)];
    },
  },
  {
    id: "16",
    title: "20 % of probes lost",
    line: ordinary,
    async play(run) {
      await sh(
        "ip netns exec sl-net nft -f - <<'RULES'\ntable ip loss { chain in { type filter hook input priority 0; udp dport 4600 numgen random mod 100 < 20 drop; }\n}\nRULES",
      );
      return idle(25, { used: 85, p99: 25 })(run);
    },
  },
  {
    id: "16b",
    title: "all probes blocked",
    line: ordinary,
    own: true,
    async play(run) {
      await sh(
        "ip netns exec sl-net nft -f - <<'RULES'\ntable ip loss { chain in { type filter hook input priority 0; udp dport 4600 drop; }\n}\nRULES",
      );
      return idle(25, { used: 80, p99: 25 })(run);
    },
  },
  {
    id: "17",
    title: "two boxes in one home",
    line: ordinary,
    own: true,
    async play(run) {
      await run.rest();
      await run.share();
      await startGovernor(run.home, "sl-two", 8081, 3);
      await run.wait(30);
      const to = Date.now() / 1000;
      const rates = ["box", "two"].map((port) => run.ports.rate(port, "fromDevice", to - 15, to));
      const sum = rates.reduce((a, b) => a + b, 0);
      const squares = rates.reduce((a, b) => a + b * b, 0);
      const alone = run.home.line.up * 1000;
      const shared = await run.transfer({ seconds: 10, expected: alone });
      return [
        { name: "Jain", value: sum ** 2 / (2 * squares), unit: "", atLeast: 0.95 },
        used(sum, run, 85),
        share(shared.rate, alone, 97),
      ];
    },
  },
  {
    id: "18",
    title: "sharing starts on a full line",
    line: ordinary,
    async play(run) {
      await run.rest();
      const family = run.transfer({ seconds: 20 });
      await run.wait(5);
      const from = Date.now() / 1000;
      await run.share(12);
      const box = run.ports.rate("box", "fromDevice", from + 2, from + 12);
      await family;
      return [
        { name: "taken", value: percent(box, run.home.line.up * 1000), unit: "%", atMost: 5 },
      ];
    },
  },
  ...[1000, 2000, 5000].map(
    (up): Scenario => ({
      id: `19-${up / 1000}`,
      title: `${up / 1000} Mbit/s uplink`,
      line: { up, down: 10 * up, buffer: 250, rtt: 20 },
      play: idle(25, { used: 80, p99: 30 }),
    }),
  ),
  {
    id: "20a",
    title: "2 % loss",
    line: { ...ordinary, options: ["loss=20000"] },
    play: idle(25, { used: 80 }),
  },
  {
    id: "20b",
    title: "a policer at 12 Mbit/s",
    line: ordinary,
    async play(run) {
      await sh(
        "ip netns exec sl-router nft -f - <<'RULES'\ntable ip police { chain out { type filter hook forward priority 0; oifname \"wan0\" limit rate over 1500000 bytes/second burst 30 kbytes drop; }\n}\nRULES",
      );
      await run.rest();
      await run.share(12);
      const before = Date.now() / 1000;
      const seen = await run.watch(20);
      const offered = run.ports.rate("box", "fromDevice", before, Date.now() / 1000);
      return [
        { name: "used", value: percent(seen.used, 12e6), unit: "%", atLeast: 80 },
        { name: "offered", value: percent(offered, 12e6), unit: "%", atMost: 105 },
      ];
    },
  },
  {
    id: "limit",
    title: "a ceiling of 8 Mbit/s, by the card's counter",
    line: ordinary,
    own: true,
    async play(run) {
      await run.rest();
      await run.share(12, ["--max-kbit", "8000"]);
      const from = Date.now() / 1000;
      await run.wait(30);
      const rate = run.ports.rate("box", "fromDevice", from, Date.now() / 1000);
      const kept: Figure = { name: "of the ceiling", value: percent(rate, 8e6), unit: "%" };
      return [{ ...kept, atMost: 100, atLeast: 96 }];
    },
  },
];

export async function perform(scenario: Scenario, sharer: string, record?: string) {
  await using home = await Home.open(scenario.line);
  const run = new Run(home, sharer, record);
  const figures = await scenario.play(run);
  return { figures, delay: run.delay.samples, ports: run.ports.samples, began: run.began };
}
