import { expect, test } from "bun:test";
import { Glob } from "bun";
import { FakeClock } from "../core/fake-clock.ts";
import { createLog, silentLog } from "../core/log.ts";
import { conditionKinds } from "./conditions.ts";
import { Health } from "./health.ts";

test("the worst condition comes first, then the newest", async () => {
  const clock = new FakeClock();
  const health = new Health({ clock, log: silentLog });
  health.set("clock-untrusted");
  health.set("unreachable", "port 7411");
  await clock.advance(5000);
  health.set("broker-unreachable");
  health.set("outbox-full");
  expect(health.list().map((condition) => condition.code)).toEqual([
    "outbox-full",
    "broker-unreachable",
    "unreachable",
    "clock-untrusted",
  ]);
  health.report("outbox-full", false);
  expect(health.list()[0]).toMatchObject({ code: "broker-unreachable", severity: "warning" });
});

test("setting a condition again keeps its time and logs nothing; a new detail is shown", async () => {
  const lines: string[] = [];
  const clock = new FakeClock();
  const log = createLog({ format: "text", level: "debug", write: (line) => lines.push(line) });
  const health = new Health({ clock, log });
  health.set("unreachable", "port 1");
  const since = health.list()[0]?.since;
  await clock.advance(60_000);
  health.set("unreachable", "port 1");
  health.set("unreachable", "port 2");
  expect(health.list()).toEqual([expect.objectContaining({ detail: "port 2", since })]);
  health.clear("unreachable");
  health.clear("unreachable");
  expect(lines).toEqual([
    'warning condition set code=unreachable detail="port 1"',
    "notice  condition cleared code=unreachable",
  ]);
});

test("a detail from outside is bounded", () => {
  const health = new Health({ clock: new FakeClock(), log: silentLog });
  health.set("config-last-good", "x".repeat(5000));
  expect(health.list()[0]?.detail).toHaveLength(300);
});

test("every condition is set somewhere", async () => {
  const agent = new URL("..", import.meta.url).pathname;
  const lists = /health\/conditions|text-conditions|\.test\.ts$/;
  const sources = [...new Glob("**/*.ts").scanSync(agent)].filter((path) => !lists.test(path));
  const texts = await Promise.all(sources.map((path) => Bun.file(agent + path).text()));
  const set = new Set(
    texts.flatMap((text) =>
      [...text.matchAll(/\.(?:set|report)\(\s*"([\w-]+)"/g)].map(([, code]) => code),
    ),
  );
  expect(Object.keys(conditionKinds).filter((code) => !set.has(code))).toEqual([]);
});

test("docs/health.md shows exactly this table", async () => {
  const page = await Bun.file(new URL("../../docs/health.md", import.meta.url)).text();
  const rows = [...page.matchAll(/^\| `([\w-]+)` +\| (\w+) +\| (.*?) +\| (.*?) +\|$/gm)];
  const shown = rows.map(([, code, severity, text, action]) => ({ code, severity, text, action }));
  const wanted = Object.entries(conditionKinds).map(([code, kind]) => ({ code, ...kind }));
  expect(shown).toEqual(wanted);
});
