/** The whole chain by one command, as a newcomer runs it. */
import { expect, test } from "bun:test";
import { run } from "./run.ts";

test("dev --once: the title travels, every sum agrees, and a box that garbles earns nothing", async () => {
  const { status, stdout, stderr } = await run(["dev", "--once"]).ended;
  expect(stderr).toBe("");
  expect(stdout).toContain("identical to what was published");
  expect(stdout).toMatch(/^cellar +0 B .* 0\.00 +garbles its bytes$/m);
  expect(stdout).toContain("one play counts for the creators");
  expect(stdout).toMatch(/^composer +0\.0035 tokens, 70 %/m);
  expect(stdout).toMatch(/^label +0\.0015 tokens, 30 %/m);
  expect(stdout).toContain("every sum agrees with every other");
  // Piped output is plain lines: nothing is redrawn.
  expect(stdout).not.toContain("\u001b");
  expect(status).toBe(0);
}, 180_000);

test("dev --once --json: the sums alone, for programs", async () => {
  const { status, stdout, stderr } = await run(["dev", "--once", "--json"]).ended;
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const { boxes, ledger, disagreements } = JSON.parse(stdout);
  expect(disagreements).toEqual([]);
  expect(boxes).toHaveLength(4);
  const sums = Object.values(ledger as Record<string, string>).map(BigInt);
  expect(sums.reduce((sum, each) => sum + each, 0n)).toBe(0n);
}, 180_000);

test("dev plays until Ctrl-C, and that is no failure", async () => {
  const dev = run(["dev"]);
  await dev.line(/^any player can play (http\S+)$/);
  dev.kill("SIGINT");
  const { status, stderr } = await dev.ended;
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
}, 120_000);

test("dev leaves nothing behind in the temporary folder", async () => {
  const dev = run(["dev"]);
  await dev.line(/^box cellar/);
  dev.kill("SIGTERM");
  expect((await dev.ended).status).toBe(0);
  expect(await dev.leftovers()).toEqual([]);
}, 120_000);
