import { describe, expect, test } from "bun:test";
import { seal } from "../accounting/envelope.ts";
import type { Command } from "../accounting/messages.ts";
import type { Id } from "../core/encoding.ts";
import { seededRandom } from "../core/random.ts";
import { unixSeconds } from "../core/units.ts";
import { boxKey, coordinatorKey, environment, viewerKey } from "../journal/journal-testing.ts";
import { CommandDesk } from "./command-desk.ts";

const id = (n: number) => n.toString(16).padStart(32, "0") as Id;

function desk(now: number | undefined = 1000) {
  const done: string[] = [];
  const commands = new CommandDesk({
    box: boxKey.publicKey,
    environment,
    coordinatorKeys: () => new Set([coordinatorKey.publicKey]),
    now: () => now,
    carryOut: ({ verb }) => void done.push(verb),
  });
  return { commands, done };
}

function command(over: Partial<Command> = {}, signer = coordinatorKey): Uint8Array {
  const body: Command = {
    box: boxKey.publicKey,
    id: id(1),
    verb: "announce",
    at: unixSeconds(990),
    expires: unixSeconds(1100),
    ...over,
  };
  return seal("command", body, signer, environment).bytes;
}

describe("a command", () => {
  test("is carried out once, and a replay gets the same answer", () => {
    const { commands, done } = desk();
    expect([1, 2, 3].map(() => commands.handle(id(1), command()))).toEqual([
      "done",
      "done",
      "done",
    ]);
    expect(done).toEqual(["announce"]);
  });

  const refused: readonly [string, Uint8Array, string][] = [
    ["that expired", command({ at: unixSeconds(500), expires: unixSeconds(700) }), "stale"],
    ["for another box", command({ box: viewerKey.publicKey }), "wrong-box"],
    ["under another id", command({ id: id(2) }), "wrong-box"],
    ["somebody else signed", command({}, viewerKey), "unknown-signer"],
    ["that is too large", new Uint8Array(4096), "too-large"],
    ["that is empty", new Uint8Array(0), "malformed"],
  ];
  for (const [what, bytes, code] of refused) {
    test(`${what} is refused as ${code}`, () => {
      const { commands, done } = desk();
      expect(commands.handle(id(1), bytes)).toBe(`refused ${code}`);
      expect(done).toEqual([]);
    });
  }

  test("counts without a clock too, but still only once", () => {
    const { commands, done } = desk(undefined);
    commands.handle(id(1), command());
    commands.handle(id(1), command());
    expect(done).toEqual(["announce"]);
  });

  test("with any byte changed is never carried out", () => {
    const random = seededRandom(5);
    const good = command();
    const { commands, done } = desk();
    for (let position = 0; position < good.length; position++) {
      const bad = good.slice();
      bad[position] = (bad[position] ?? 0) ^ (1 + Math.floor(random.unit() * 255));
      expect(commands.handle(id(1), bad)).toStartWith("refused");
    }
    expect(done).toEqual([]);
  });
});
