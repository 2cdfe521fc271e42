/** The chain as an operator runs it: Mosquitto, a coordinator, boxes and people, each a process. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasMosquitto } from "../faults/mosquitto.ts";
import { type Deployment, deploy, eventually, type Household } from "./deployment.ts";
import type { Ended, Running } from "./run.ts";

const title = join(import.meta.dir, "../fixtures/titles/meadow");
const LIMIT_MS = 300_000;
const scenario = hasMosquitto ? test : test.skip;
const named = (name: string) => (hasMosquitto ? name : `${name} (skipped: mosquitto is missing)`);

let chain: Deployment;
beforeAll(async () => {
  if (hasMosquitto) chain = await deploy(["kitchen", "lounge"]);
}, LIMIT_MS);
afterAll(() => chain?.[Symbol.asyncDispose](), 60_000);

async function ok(running: Running | Promise<Ended>): Promise<string> {
  const { status, stdout, stderr } = await ("ended" in running ? running.ended : running);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}
const json = async (running: Running | Promise<Ended>) => JSON.parse(await ok(running));

interface FleetView {
  readonly boxes: readonly {
    readonly box: string;
    readonly creditedBytes: number;
    readonly titles: readonly { readonly permille: number }[];
  }[];
}
const operatorToken = () =>
  readFileSync(join(chain.directory, "coordinator/operator-token"), "utf8").trim();
async function fleet(): Promise<FleetView> {
  const headers = { authorization: `Bearer ${operatorToken()}` };
  return (await (await fetch(`${chain.coordinatorUrl}/v1/fleet`, { headers })).json()) as FleetView;
}

/** Bytes that viewers verified, by box. */
const verified = new Map<string, number>();
async function fetchTo(folder: string): Promise<void> {
  const { boxes } = await json(chain.as("viewer", "fetch", "meadow", "--to", folder, "--json"));
  for (const { box, origin, bytes } of boxes)
    if (!origin) verified.set(box, (verified.get(box) ?? 0) + bytes);
  for (const name of readdirSync(title)) {
    const [sent, got] = [join(title, name), join(chain.directory, folder, name)].map((file) =>
      readFileSync(file),
    );
    expect(sent?.equals(got ?? new Uint8Array())).toBe(true);
  }
}

scenario(
  named("a household consents by its shell, and nothing is shared before"),
  async () => {
    for (const box of chain.boxes) {
      const before = await json(box.say("status", "--json"));
      expect(before.consent.given).toBe(false);
      expect(before.sharing.state).toBe("held");
      expect(await ok(box.say("consent"))).toContain("Consent is not given");
      expect(await ok(box.say("consent", "--give", "--yes"))).toContain("Consent is given.");
      expect((await json(box.say("status", "--json"))).consent.given).toBe(true);
    }
  },
  LIMIT_MS,
);

scenario(
  named("a title travels from its creator by the origin and the boxes to a viewer, unchanged"),
  async () => {
    expect(await ok(chain.as("creator", "publish", title))).toContain("is published: 48 files");
    await fetchTo("first");
    await eventually("no box holds the title", fleet, ({ boxes }) =>
      boxes.some(({ titles }) => titles.some(({ permille }) => permille === 1000)),
    );
    await fetchTo("second");
    expect([...verified.values()].some((bytes) => bytes > 0)).toBe(true);
  },
  LIMIT_MS,
);

scenario(
  named("boxes are credited exactly what the viewers verified"),
  async () => {
    const credited = await eventually("credited is not verified", fleet, ({ boxes }) =>
      boxes.every(({ box, creditedBytes }) => creditedBytes >= (verified.get(box) ?? 0)),
    );
    for (const { box, creditedBytes } of credited.boxes)
      expect(creditedBytes).toBe(verified.get(box) ?? 0);
  },
  LIMIT_MS,
);

/** The box that has served most. */
const busiest = (): Household =>
  chain.boxes.toSorted((a, b) => (verified.get(b.box) ?? 0) - (verified.get(a.box) ?? 0))[0] ??
  raise("no box");
const raise = (why: string): never => {
  throw new Error(why);
};

scenario(
  named("the household reads its records and its wallet"),
  async () => {
    const box = busiest();
    const wallet = await eventually(
      "the page does not show the pay",
      () => json(box.say("wallet", "--json")),
      ({ credited, pendingRecords }) => credited !== "0" && pendingRecords === 0,
    );
    expect(wallet.wallet).toBe(box.box);
    expect(await ok(box.say("wallet"))).toContain(`tokens in wallet ${box.box}`);
    const { records } = await json(box.say("records", "--json"));
    const proven = records.reduce(
      (sum: number, row: { provenBytes: number }) => sum + row.provenBytes,
      0,
    );
    expect(proven).toBe(verified.get(box.box));
    expect(records.every((row: { outcome: string }) => row.outcome === "credited")).toBe(true);
    expect((await ok(box.say("records"))).trim().split("\n")).toHaveLength(records.length);
  },
  LIMIT_MS,
);

scenario(
  named("pause stops sharing at once, resume goes on, limits are kept"),
  async () => {
    const [box = raise("no box")] = chain.boxes;
    await ok(box.say("pause", "--for", "15 min"));
    await eventually(
      "the pause does not show",
      () => json(box.say("status", "--json")),
      ({ sharing }) => sharing.state === "held",
    );
    expect(await ok(box.say("status"))).toMatch(/paused/i);
    await ok(box.say("resume"));
    await eventually(
      "the resume does not show",
      () => json(box.say("status", "--json")),
      ({ sharing }) => sharing.state === "sharing",
    );
    const limits = ["--max-rate", "9 Mbit/s", "--quiet", "22:00-06:30", "--daily-cap", "5 GB"];
    const said = await ok(box.say("limits", ...limits));
    expect(said).toContain("9.00 Mbit/s");
    expect(said).toContain("22:00-06:30");
    expect(said).toContain("by the maker  at most 900 Mbit/s");
    expect(await ok(box.say("limits"))).toBe(said);
    expect(await json(box.say("limits", "--quiet", "none", "--json"))).toMatchObject({
      maxRate: 9_000_000,
      quietHours: [],
    });
  },
  LIMIT_MS,
);

scenario(
  named("what a box exports verifies offline, and any flipped bit is named"),
  async () => {
    const box = busiest();
    const name = join(chain.directory, "proof");
    const key = ["--coordinator-key", chain.coordinatorKey, "--environment", "dev"];
    // The statement that holds the last line closes within its epoch of three seconds.
    const report = await eventually(
      "the export does not prove every line",
      async () => {
        await ok(box.say("export", name));
        const copy = ["--copy", `${name}.jsonl`];
        return json(box.say("verify", `${name}.cbor`, ...key, ...copy, "--json"));
      },
      ({ lines, provenLines }) => lines > 0 && lines === provenLines,
    );
    expect(report.ok).toBe(true);
    expect(report.provenBytes).toBe(verified.get(box.box));
    const { creditedMicroTokens } = await json(box.say("wallet", "--json"));
    expect(report.provenTokens).toBe(creditedMicroTokens);
    // What the box measured meanwhile is in what it signed; a line that nobody answered on is left out.
    expect(readFileSync(`${name}.jsonl`, "utf8")).toMatch(/"cpuIdlePermille":\d+/);

    const bytes = readFileSync(`${name}.cbor`);
    for (const place of [0.03, 0.4, 0.8, 0.99]) {
      const damaged = Buffer.from(bytes);
      const at = Math.floor(place * bytes.length);
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      writeFileSync(`${name}-damaged.cbor`, damaged);
      const copy = ["--copy", `${name}.jsonl`];
      const { status, stderr } = await box.say("verify", `${name}-damaged.cbor`, ...key, ...copy);
      expect(status).toBe(1);
      expect(stderr).toMatch(
        /does not verify: .*finding.*the first is in (message|record|ack|statement|consent|line|inclusion|consistency|header|prices|terms|item|end)/,
      );
    }
  },
  LIMIT_MS,
);

scenario(
  named("a creator asks the coordinator for an account of their own, and takes its proofs along"),
  async () => {
    const told = await json(chain.as("creator", "wallet", "--mine", "--json"));
    expect(told).toMatchObject({ household: "0", creator: "0", boxes: [] });
    const name = join(chain.directory, "mine");
    expect(await ok(chain.as("creator", "export", name, "--mine"))).toContain("items in");
    const key = ["--coordinator-key", chain.coordinatorKey, "--environment", "dev"];
    expect(await ok(chain.as("creator", "verify", `${name}.cbor`, ...key))).toContain(
      "everything verifies",
    );
    const stranger = await chain.as("stranger", "wallet", "--mine").ended;
    expect(stranger.status).toBe(66);
  },
  LIMIT_MS,
);

scenario(
  named("an export without the coordinator has what the box itself can prove"),
  async () => {
    chain.coordinator.kill("SIGTERM");
    expect((await chain.coordinator.ended).status).toBe(0);
    const box = busiest();
    const name = join(chain.directory, "alone");
    await ok(box.say("export", name));
    const key = ["--coordinator-key", chain.coordinatorKey, "--environment", "dev"];
    const report = await json(box.say("verify", `${name}.cbor`, ...key, "--json"));
    expect(report).toMatchObject({ ok: true, statements: 0, lines: 0 });
    expect(report.provenBytes).toBe(verified.get(box.box));
  },
  LIMIT_MS,
);
