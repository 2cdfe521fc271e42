/** Workers killed with SIGKILL at random moments: what was acked stays, and paid stays proven. */
import { afterAll, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeBatch } from "../../agent/accounting/batch.ts";
import { createWorld } from "../../agent/coordinator/coordinator-testing.ts";

const MIB = 1024 * 1024;
const RECORDS = 600;
/** More for a soak: COORDINATOR_KILLS=1000. */
const kills = Number(process.env.COORDINATOR_KILLS ?? 12);
const directory = mkdtempSync(join(tmpdir(), "spareband-crash-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Run {
  /** The last ack that was seen before the end. */
  readonly acked: { readonly upTo: number; readonly total: bigint } | undefined;
  readonly killed: boolean;
}

function runWorker(args: readonly string[], killAfterMs: number): Promise<Run> {
  const script = join(import.meta.dir, "coordinator-worker.ts");
  const child: ChildProcess = spawn(process.execPath, [script, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  child.stdout?.on("data", (part) => {
    // The clock of the kill starts with the first commit, so that kills fall among commits.
    timer ??= setTimeout(() => child.kill("SIGKILL"), killAfterMs);
    text += part;
  });
  return new Promise((resolve) => {
    child.on("close", (_code, signal) => {
      clearTimeout(timer);
      const [upTo, total] = (text.trimEnd().split("\n").at(-1) ?? "").split(" ");
      const acked = upTo && total ? { upTo: Number(upTo), total: BigInt(total) } : undefined;
      resolve({ acked, killed: signal === "SIGKILL" });
    });
  });
}

test(
  `faults 3 and 56: ${kills} kills of the worker lose no ack and double no credit`,
  async () => {
    let killed = 0;
    for (let round = 0; killed < kills && round < kills * 4; round++) {
      const database = join(directory, `${round}.sqlite`);
      const world = createWorld({ database, seed: round + 1 });
      const box = world.addBox();
      const viewer = world.addViewer();
      const ticket = world.issue(box, viewer);
      const records = Array.from({ length: RECORDS }, (_, i) =>
        box.record({
          ticket,
          viewer,
          proven: Math.floor(((i + 1) * 256 * MIB) / RECORDS),
          closeReason: "open",
        }),
      );
      const frame = join(directory, `${round}.frame`);
      writeFileSync(frame, encodeBatch(records.map(({ bytes }) => bytes)));
      const run = await runWorker([database, frame, box.key], world.random.unit() * 150);
      if (run.killed) killed += 1;

      const row = world.store.boxes.get(box.key);
      const reached = world.store.records.chains(row?.id ?? 0).at(-1)?.sequence ?? 0;
      expect(reached).toBeGreaterThanOrEqual(run.acked?.upTo ?? 0);
      const proven = Math.floor((reached * 256 * MIB) / RECORDS);
      expect(world.earned(box)).toBe(world.worth(proven));
      expect(world.earned(box)).toBeGreaterThanOrEqual(run.acked?.total ?? 0n);
      const sound = { total: 0n, balances: 0n, unbalanced: 0n, drifted: 0n };
      expect(world.store.ledger.audit()).toEqual(sound);

      const [ack] = world.send(box, records).acks;
      expect(ack?.body).toMatchObject({ upTo: RECORDS, creditedTotal: world.worth(256 * MIB) });
      world.store[Symbol.dispose]();
    }
    expect(killed).toBe(kills);
  },
  60_000 + kills * 4_000,
);
