/** Ordinary tools against a box as they are: curl, aria2, wrk; and TLS. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "../../agent/core/encoding.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { endOf } from "../runner/end-of.ts";
import { authorization, PeerFixture } from "./peer-fixture.ts";

const SIZE = 24 * 1024 * 1024 + 77;
let peer: PeerFixture;
let directory: string;
beforeAll(() => {
  peer = new PeerFixture({ size: SIZE, clock: systemClock, delivery: "open" });
  directory = mkdtempSync(join(tmpdir(), "spareband-tools-"));
});
afterAll(async () => {
  await peer[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

const file = (name: string) => join(directory, name);
const exact = (name: string) => sha256(readFileSync(file(name))) === sha256(peer.content);
async function run(...command: readonly string[]): Promise<string> {
  const child = Bun.spawn([...command], { stdout: "pipe", stderr: "pipe" });
  const { code, stdout, stderr } = await endOf(child);
  if (code !== 0) throw new Error(`${command[0]} failed: ${stderr}${stdout}`);
  return stdout;
}
const without = (tool: string) => !Bun.which(tool);

describe("curl", () => {
  const skip = without("curl");

  test.skipIf(skip)("downloads whole, and resumes what broke off (needs curl)", async () => {
    await run("curl", "-sSf", "-o", file("whole"), peer.file);
    expect(exact("whole")).toBe(true);
    writeFileSync(file("resumed"), peer.content.subarray(0, 5_000_000));
    await run("curl", "-sSf", "-C", "-", "-o", file("resumed"), peer.file);
    expect(exact("resumed")).toBe(true);
  });

  test.skipIf(skip)("keeps one connection for many ranges (needs curl)", async () => {
    const urls = ["0-9", "10-19", "20-29"].flatMap((range) => [
      "--next",
      "-sS",
      "-r",
      range,
      peer.file,
    ]);
    const text = await run(
      "curl",
      "-sS",
      "-w",
      "%{num_connects}\n",
      "-r",
      "0-0",
      "-o",
      file("x"),
      peer.file,
      ...urls.flatMap((word) =>
        word === "-sS" ? ["-sS", "-w", "%{num_connects}\n", "-o", file("y")] : [word],
      ),
    );
    expect(text.trim().split("\n")).toEqual(["1", "0", "0", "0"]);
  });

  test.skipIf(skip)(
    "asks for two ranges and gets the first, said in Content-Range (needs curl)",
    async () => {
      const head = await run(
        "curl",
        "-sS",
        "-D",
        "-",
        "-o",
        file("z"),
        "-r",
        "0-4,100-104",
        peer.file,
      );
      expect(head).toContain("206 Partial Content");
      expect(head.toLowerCase()).toContain(`content-range: bytes 0-4/${SIZE}`);
    },
  );

  test.skipIf(skip)("over TLS, with the box's own certificate (needs curl)", async () => {
    const tls = (name: string) =>
      readFileSync(new URL(`../fixtures/tls/${name}.pem`, import.meta.url), "utf8");
    await using secure = new PeerFixture({
      size: 3_000_000,
      clock: systemClock,
      server: { tls: { key: tls("key"), cert: tls("certificate") } },
    });
    const ticket = secure.ticket(secure.viewer());
    const header = `Authorization: ${authorization(ticket)}`;
    await run("curl", "-sSfk", "-r", "1000-999999", "-H", header, "-o", file("tls"), secure.file);
    expect(readFileSync(file("tls")).equals(secure.content.subarray(1000, 1_000_000))).toBe(true);
  });
});

test.skipIf(without("aria2c"))("aria2 downloads over four connections (needs aria2c)", async () => {
  await run(
    "aria2c",
    "-q",
    "-x4",
    "-s4",
    "-k1M",
    "--file-allocation=none",
    "-d",
    directory,
    "-o",
    "aria",
    peer.file,
  );
  expect(exact("aria")).toBe(true);
});

test.skipIf(without("wrk"))("wrk finds no error in a second of load (needs wrk)", async () => {
  const script = file("range.lua");
  writeFileSync(
    script,
    `request = function() return wrk.format("GET", nil, { ["Range"] = "bytes=0-65535" }) end
done = function(s) local e = s.errors; io.write("errors " .. (e.connect + e.read + e.write + e.status + e.timeout) .. "\\n") end`,
  );
  const text = await run("wrk", "-t1", "-c8", "-d1s", "-s", script, peer.file);
  expect(text).toContain("errors 0");
});
