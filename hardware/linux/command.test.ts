import { describe, expect, test } from "bun:test";
import { milliseconds } from "../../agent/core/units.ts";
import { createCommandRunner } from "./command.ts";

const run = createCommandRunner();

describe("a command", () => {
  test("gets its input, and its output and exit code come back", async () => {
    expect(await run({ program: "cat", args: [], input: "hello" })).toEqual({
      kind: "done",
      code: 0,
      stdout: "hello",
      stderr: "",
    });
    expect(await run({ program: "sh", args: ["-c", "echo no >&2; exit 3"] })).toMatchObject({
      code: 3,
      stderr: "no\n",
    });
  });

  test("sees a fixed environment and no shell", async () => {
    const outcome = await run({ program: "env", args: [] });
    const names = outcome.kind === "done" ? outcome.stdout.match(/^\w+(?==)/gm)?.sort() : [];
    expect(names).toEqual(["LC_ALL", "PATH"]);
    expect(await run({ program: "echo", args: ["$HOME;id"] })).toMatchObject({
      stdout: "$HOME;id\n",
    });
  });

  test("that is not installed is missing", async () => {
    expect(await run({ program: "no-such-program", args: [] })).toEqual({ kind: "missing" });
  });

  test("that hangs or never stops talking is stopped", async () => {
    const limited = createCommandRunner({ timeout: milliseconds(100), maxOutput: 1000 });
    expect((await limited({ program: "sleep", args: ["30"] })).kind).toBe("failed");
    expect((await limited({ program: "yes", args: [] })).kind).toBe("failed");
  });
});
