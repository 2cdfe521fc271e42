/**
 * SIGKILL at random moments of boxes, broker and coordinator while viewers fetch: after every kill,
 * and at the end, everything that was paid is proven, and nothing that was acked is gone.
 */
import { type Random, seededRandom } from "../../agent/core/random.ts";
import { AckWitness } from "./ack-witness.ts";
import { type Deployment, deploy } from "./deployment.ts";
import {
  type Counted,
  counts,
  paidByTicket,
  refusals,
  violations,
  violationsInRecords,
} from "./invariant.ts";
import { boxesAgree, settle } from "./settle.ts";
import { ViewerLog, watchForEver } from "./viewer.ts";

export interface SoakOptions {
  readonly kills: number;
  readonly seed: number;
  readonly boxes: number;
  readonly viewers: number;
  /** Longest pause between two kills, in milliseconds. */
  readonly pause: number;
  readonly tell: (line: string) => void;
}

export interface SoakReport extends Counted {
  readonly kills: { readonly box: number; readonly broker: number; readonly coordinator: number };
  readonly checks: number;
  readonly tickets: number;
  readonly acks: number;
  /** Bytes that viewers signed for and a box said it got. */
  readonly arrived: number;
  /** Of those, bytes that were never paid because a kill took them; by box. */
  readonly lost: number;
  /** Codes of records that were not credited in full. */
  readonly refused: Readonly<Record<string, number>>;
  /** What requests of viewers came to. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly violations: readonly string[];
}

type Victim = "box" | "broker" | "coordinator";

/** Two victims at once so often. */
const TWICE = 0.15;
/** What a SIGKILL may take of one box: what waits for a commit, and the window (issue: faults 6, 25). */
const LOSS_PER_KILL = 16 * 1024 * 1024;

/** Ends with the report before all kills were made when the signal aborts. */
export async function soak(options: SoakOptions, signal?: AbortSignal): Promise<SoakReport> {
  const { tell } = options;
  const random = seededRandom(options.seed);
  await using deployment = await deploy(options.boxes, random);
  const viewers = new ViewerLog();
  await using witness = new AckWitness(deployment);
  const over = new AbortController();
  const watching = Array.from({ length: options.viewers }, (_, n) =>
    watchForEver(deployment, viewers, seededRandom(options.seed * 1000 + n), over.signal),
  );
  const kills = { box: 0, broker: 0, coordinator: 0 };
  const found: string[] = [];
  const check = () => {
    found.push(...violations(deployment.database, { viewers, acks: witness.acks }));
    if (found.length > 0) throw new Error(found.slice(0, 10).join("\n"));
  };
  let checks = 0;
  let told = 0;
  const done = () => kills.box + kills.broker + kills.coordinator;
  while (done() < options.kills && !signal?.aborted) {
    await Bun.sleep(random.unit() * options.pause);
    const victims = chooseVictims(random);
    await Promise.all(victims.map((victim) => killAndStart(deployment, victim, random)));
    for (const victim of victims) kills[victim] += 1;
    check();
    checks += 1;
    if (done() - told >= 50) {
      told = done();
      tell(`${told} kills, ${checks} checks, ${JSON.stringify(counts(deployment.database))}`);
    }
  }
  over.abort();
  await Promise.all(watching);
  await settle(deployment);
  check();
  found.push(...violationsInRecords(deployment.database));
  const { arrived, lost, wrong } = losses(deployment, viewers);
  found.push(...wrong, ...(await boxesAgree(deployment)));
  return {
    ...counts(deployment.database),
    kills,
    checks: checks + 1,
    tickets: viewers.tickets.size,
    acks: witness.acks.length,
    arrived,
    lost,
    refused: refusals(deployment.database),
    outcomes: Object.fromEntries(viewers.outcomes),
    violations: found,
  };
}

function chooseVictims(random: Random): readonly Victim[] {
  const one = victim(random.unit());
  if (random.unit() >= TWICE) return [one];
  const two = victim(random.unit());
  return two === one ? [one] : [one, two];
}

const victim = (unit: number): Victim =>
  unit < 0.5 ? "box" : unit < 0.75 ? "broker" : "coordinator";

async function killAndStart(deployment: Deployment, which: Victim, random: Random): Promise<void> {
  const { broker, coordinator, boxes } = deployment;
  switch (which) {
    case "broker":
      await broker.stop();
      return broker.start();
    case "coordinator":
      await coordinator.kill();
      return coordinator.start();
    case "box": {
      const box = boxes[Math.floor(random.unit() * boxes.length)];
      if (!box) throw new Error("there are no boxes to kill");
      await box.daemon.kill();
      return box.daemon.start();
    }
  }
}

function losses(
  { database, boxes }: Deployment,
  viewers: ViewerLog,
): { readonly arrived: number; readonly lost: number; readonly wrong: readonly string[] } {
  const paid = paidByTicket(database);
  const lost = new Map<string, number>();
  for (const [ticket, { box, arrived }] of viewers.tickets)
    lost.set(box, (lost.get(box) ?? 0) + Math.max(0, arrived - (paid.get(ticket) ?? 0)));
  const wrong = boxes.flatMap(({ signer, daemon }) => {
    const bytes = lost.get(signer.publicKey) ?? 0;
    return bytes > daemon.kills * LOSS_PER_KILL
      ? [`${daemon.name} lost ${bytes} bytes in ${daemon.kills} kills`]
      : [];
  });
  const all = [...lost.values()].reduce((sum, bytes) => sum + bytes, 0);
  return { arrived: viewers.total("arrived"), lost: all, wrong };
}
