/** A viewer plays, the creator is paid, and what the creator takes along proves it to an auditor. */
import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { seededRandom } from "../../agent/core/random.ts";
import { loadOrCreateKey } from "../../agent/identity/keys.ts";
import { eventually } from "./deployment.ts";
import { LIMIT_MS, startLoneCoordinator } from "./lone-coordinator.ts";
import { type Ended, run, temporary } from "./run.ts";

const alone = await startLoneCoordinator({ "coordinator.epoch": "2 s" });
const info = (await (await fetch(`http://${alone.address}/v1/info`)).json()) as {
  publicKey: string;
};
const key = ["--coordinator-key", info.publicKey, "--environment", "dev"];

async function ok(ended: Promise<Ended>): Promise<string> {
  const { status, stdout, stderr } = await ended;
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}
const asCreator = (...args: string[]) => run([...args, "--config", alone.config]).ended;
const json = async (ended: Promise<Ended>) => JSON.parse(await ok(ended));

/** Forty seconds of the title, as a player that stays long enough for the play to count. */
async function play(): Promise<void> {
  const viewer = alone.with({ "viewer.key_dir": temporary() });
  const player = run(["play", "meadow", "--listen", "127.0.0.1:0", "--config", viewer]);
  const [, base] = await player.line(/plays at (http\S+\/meadow\/)/);
  for (const file of ["index.m3u8", ...Array.from({ length: 10 }, (_, n) => `segment-00${n}.ts`)]) {
    const answer = await fetch(`${base}${file}`);
    expect(answer.status).toBe(200);
    await answer.bytes();
  }
  await eventually(
    "the play is not paid",
    () => json(asCreator("wallet", "--mine", "--json")),
    ({ creator }) => creator !== "0",
  );
  player.kill("SIGTERM");
  expect((await player.ended).status).toBe(0);
}

test(
  "a play earns its creator, whose export proves it from the play to the statement",
  async () => {
    await play();
    const { creator, wallet } = await json(asCreator("wallet", "--mine", "--json"));
    expect(await ok(asCreator("wallet", "--mine"))).toContain("0.005 tokens as a creator");
    const name = join(alone.directory, "earned");
    const report = await eventually(
      "the export does not prove every line",
      async () => {
        expect(await ok(asCreator("export", name, "--mine"))).toContain(`in ${name}.cbor`);
        const copy = ["--copy", `${name}.jsonl`];
        return json(run(["verify", `${name}.cbor`, ...key, ...copy, "--json"]).ended);
      },
      ({ lines, provenLines }) => lines > 0 && lines === provenLines,
    );
    expect(report).toMatchObject({
      ok: true,
      header: { subject: wallet },
      findings: [],
      notes: [],
    });
    expect(report.provenTokens).toBe(creator);
    const items = readFileSync(`${name}.jsonl`, "utf8").trim().split("\n");
    const kinds = items.map((item) => JSON.parse(item).kind);
    for (const kind of ["play", "split", "terms"])
      expect(kinds.filter((each) => each === kind)).toHaveLength(1);
  },
  LIMIT_MS,
);

test(
  "an account whose proof was changed does not verify, wherever the bit was flipped",
  async () => {
    const name = join(alone.directory, "earned");
    const bytes = readFileSync(`${name}.cbor`);
    for (const place of [0.1, 0.3, 0.5, 0.7, 0.9, 0.999]) {
      const damaged = Buffer.from(bytes);
      const at = Math.floor(place * bytes.length);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      writeFileSync(`${name}-damaged.cbor`, damaged);
      const { status, stderr } = await run(["verify", `${name}-damaged.cbor`, ...key]).ended;
      expect([place, status]).toEqual([place, 1]);
      expect(stderr).toContain("does not verify");
    }
  },
  LIMIT_MS,
);

test(
  "the account of another key has nothing of it",
  async () => {
    const other = alone.with({ "viewer.key_dir": temporary() });
    expect((await run(["fetch", "meadow", "--discard", "--config", other]).ended).status).toBe(0);
    const told = await json(run(["wallet", "--mine", "--json", "--config", other]).ended);
    expect(told).toMatchObject({ household: "0", creator: "0", boxes: [] });
  },
  LIMIT_MS,
);

test(
  "an appeal reaches the operator with the key that signed it; one that says nothing does not leave",
  async () => {
    const words = "meadow was taken down, but it is mine: see the contract of 3 May";
    const { appeal, by } = await json(asCreator("appeal", words, "--json"));
    expect(await ok(asCreator("appeal", `again: ${words}`))).toContain(`Appeal ${appeal + 1} is`);
    const token = readFileSync(
      join(`${alone.settings["coordinator.state_dir"]}`, "operator-token"),
      "utf8",
    ).trim();
    const answer = await fetch(`http://${alone.address}/v1/fleet/appeals`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const told = JSON.stringify(await answer.json());
    expect(told).toContain(words);
    expect(told).toContain(by);
    for (const nothing of ["", "  ", "x".repeat(4001)]) {
      const { status, stderr } = await asCreator("appeal", nothing);
      expect(status).toBe(64);
      expect(stderr).toContain("must have 1 to 4000");
    }
    const nobody = alone.with({ "viewer.key_dir": temporary() });
    expect((await run(["appeal", words, "--config", nobody]).ended).status).toBe(66);
    const state = temporary();
    const box = alone.with({ "viewer.key_dir": temporary(), "box.state_dir": state });
    const byBox = ["appeal", words, "--box", "--json", "--config", box];
    expect((await run(byBox).ended).status).toBe(66);
    const key = { name: "box", mayCreate: true, random: seededRandom(7) } as const;
    const made = loadOrCreateKey(join(state, "identity"), key);
    expect(await json(run(byBox).ended)).toMatchObject({
      by: made.state === "ready" ? made.signer.publicKey : made.text,
    });
  },
  LIMIT_MS,
);
