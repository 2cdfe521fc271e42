/**
 * What opening and sealing signed messages costs, beside bare node:crypto on as many signatures.
 * Run: bun test/bench/messages.ts
 */
import { open, seal } from "../../agent/accounting/envelope.ts";
import { openEvidence } from "../../agent/accounting/evidence.ts";
import { verify } from "../../agent/identity/ed25519.ts";
import { examples, keys } from "../protocol/examples.ts";

const RUNS = 20_000;
const environment = "dev";
const signer = keys.viewer.publicKey;
const receipt = seal("receipt", examples.receipt.body, keys.viewer, environment);
const record = seal("record", examples.record.body, keys.box, environment);
const signature = keys.viewer.sign(receipt.bytes);
const coordinators = new Set([keys.coordinator.publicKey]);
const ticket = open("ticket", examples.record.body.ticket, { environment, signer: coordinators });
if (!ticket.ok) throw new Error(ticket.detail);
const knownTicket = () => ticket.message;
const damaged = receipt.bytes.with(60, (receipt.bytes[60] ?? 0) ^ 1);
const cut = receipt.bytes.subarray(0, 120);

const cases: readonly (readonly [string, () => unknown])[] = [
  ["bare node:crypto verification", () => verify(signer, receipt.bytes, signature)],
  ["receipt opened", () => open("receipt", receipt.bytes, { environment, signer })],
  [
    "record with ticket and receipt opened",
    () => openEvidence(record.bytes, { environment, coordinators }),
  ],
  [
    "record whose ticket is known opened",
    () => openEvidence(record.bytes, { environment, coordinators, knownTicket }),
  ],
  ["bare node:crypto signature", () => keys.viewer.sign(receipt.bytes)],
  ["receipt sealed", () => seal("receipt", examples.receipt.body, keys.viewer, environment)],
  ["record sealed", () => seal("record", examples.record.body, keys.box, environment)],
  [
    "receipt with a wrong signature refused",
    () => open("receipt", damaged, { environment, signer }),
  ],
  ["receipt cut short refused", () => open("receipt", cut, { environment, signer })],
];

/** Calls a second of CPU time, so that a busy machine changes little; the best of three rounds. */
function rate(run: () => unknown): number {
  const rounds = [1, 2, 3].map(() => {
    const before = process.cpuUsage();
    for (let count = 0; count < RUNS; count++) run();
    const { user, system } = process.cpuUsage(before);
    return (RUNS * 1e6) / (user + system);
  });
  return Math.max(...rounds);
}

console.log(
  `receipt ${receipt.bytes.length} B, ticket ${ticket.message.bytes.length} B, record ${record.bytes.length} B`,
);
for (const [name, run] of cases) {
  console.log(`${Math.round(rate(run)).toLocaleString("en").padStart(10)} /s  ${name}`);
}
