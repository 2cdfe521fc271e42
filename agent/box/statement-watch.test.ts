import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seal } from "../accounting/envelope.ts";
import type { Statement } from "../accounting/messages.ts";
import { type Hash, sha256 } from "../core/encoding.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLog } from "../core/log.ts";
import { microTokens, unixSeconds } from "../core/units.ts";
import { Health } from "../health/health.ts";
import { createSigner } from "../identity/ed25519.ts";
import { createStatementWatch } from "./statement-watch.ts";

const coordinator = createSigner(new Uint8Array(32).fill(5));
const root = (name: string): Hash => sha256(Buffer.from(name));
const directory = mkdtempSync(join(tmpdir(), "statement-watch-"));
afterAll(() => rmSync(directory, { recursive: true }));

function statement(epoch: number, change: Partial<Statement> = {}) {
  const body = {
    epoch,
    root: root(`${epoch}`),
    previousRoot: root(`${epoch - 1}`),
    treeSize: epoch * 3,
    credited: microTokens(1n),
    closedAt: unixSeconds(1_800_000_000 + epoch),
    ...change,
  };
  return seal("statement", body, coordinator, "dev");
}

let runs = 0;
function watched() {
  const file = join(directory, `${runs++}`);
  const clock = new FakeClock();
  const health = new Health({ clock, log: silentLog });
  const published = new Map<number | "latest", ReturnType<typeof statement>>();
  const publish = (...all: readonly ReturnType<typeof statement>[]) => {
    for (const each of all) published.set(each.body.epoch, each).set("latest", each);
  };
  const run = async () => {
    const stop = new AbortController();
    const running = createStatementWatch({
      file,
      client: { statement: async (epoch) => published.get(epoch)?.bytes },
      environment: "dev",
      keys: () => new Set([coordinator.publicKey]),
      health,
      clock,
      log: silentLog,
    }).run(stop.signal);
    await clock.advance(1);
    stop.abort();
    await running;
    return health.list().find(({ code }) => code === "statement-disputed")?.detail;
  };
  return { publish, published, run };
}

test("statements that continue one another are followed, also over epochs that were missed", async () => {
  const { publish, run } = watched();
  expect(await run()).toBeUndefined();
  publish(statement(3));
  expect(await run()).toBeUndefined();
  publish(statement(4), statement(5), statement(6));
  expect(await run()).toBeUndefined();
  expect(await run()).toBeUndefined();
});

test("an epoch that is told otherwise is disputed for as long as it is, after a restart too", async () => {
  const { publish, run } = watched();
  publish(statement(3));
  await run();
  publish(statement(3, { root: root("another") }));
  expect(await run()).toBe("epoch 3 was closed twice, with different lines");
  publish(statement(4, { previousRoot: root("another") }));
  expect(await run()).toBe("epoch 4 does not continue epoch 3");
  publish(statement(4));
  expect(await run()).toBeUndefined();
});

test("a coordinator restored to an older state is disputed", async () => {
  const { publish, published, run } = watched();
  publish(statement(7));
  await run();
  published.clear();
  publish(statement(5));
  expect(await run()).toBe("epoch 7 was closed, and now epoch 5 is the newest");
});

test("what another key signed, and a gap in what is told, say nothing", async () => {
  const { publish, published, run } = watched();
  publish(statement(3));
  await run();
  const stranger = createSigner(new Uint8Array(32).fill(6));
  published.set(
    "latest",
    seal("statement", statement(3, { root: root("x") }).body, stranger, "dev"),
  );
  expect(await run()).toBeUndefined();
  published.set("latest", statement(9));
  expect(await run()).toBeUndefined();
});
