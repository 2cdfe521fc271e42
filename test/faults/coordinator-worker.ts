/**
 * A coordinator's worker that a test kills: credits one box's records over and over on a shared
 * database file, and writes the ack's number to stdout only after the commit.
 */
import { readFileSync } from "node:fs";
import { decodeBatch } from "../../agent/accounting/batch.ts";
import { createWorld } from "../../agent/coordinator/coordinator-testing.ts";
import type { PublicKey } from "../../agent/core/encoding.ts";

const [database = "", frameFile = "", box = ""] = process.argv.slice(2);
const world = createWorld({ database });
const decoded = decodeBatch(readFileSync(frameFile));
if (!decoded.ok) throw new Error(decoded.detail);
const size = 4;
for (let at = 0; at < decoded.messages.length; at += size) {
  const records = decoded.messages
    .slice(Math.max(0, at - size), at + size)
    .map((bytes) => world.prepare(bytes, box as PublicKey));
  const [outcome] = world.credit([{ box: box as PublicKey, records }]);
  process.stdout.write(`${outcome?.acks[0]?.body.upTo} ${outcome?.acks[0]?.body.creditedTotal}\n`);
}
