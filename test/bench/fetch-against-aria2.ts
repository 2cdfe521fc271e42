/**
 * Our fetcher beside aria2c with the same title's metalink, from the same four boxes in the same run:
 * over lines of 10 Mbit/s and 20 ms, and over bare loopback. Runs alternate; medians are printed.
 *   bun test/bench/fetch-against-aria2.ts [mebibytes] [runs]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TicketRequest } from "../../agent/accounting/messages.ts";
import { toFolder } from "../../agent/content/destination.ts";
import { fetchTitle } from "../../agent/content/fetch-title.ts";
import { metalink } from "../../agent/content/metalink.ts";
import { sampleTitle } from "../../agent/content/sample-title.ts";
import type { PublicKey } from "../../agent/core/encoding.ts";
import { silentLog } from "../../agent/core/log.ts";
import { systemRandom } from "../../agent/core/random.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { createSigner } from "../../agent/identity/ed25519.ts";
import { ticketFor, ticketSource } from "../content/scripted-box.ts";
import { ServingBox } from "../content/serving-box.ts";
import { PacedLine } from "./paced-line.ts";

const MIB = 1024 * 1024;
const size = Number(process.argv[2] ?? 16) * MIB;
const runs = Number(process.argv[3] ?? 3);

const folder = await mkdtemp(join(tmpdir(), "fetch-bench-"));

async function aria2(document: string): Promise<number> {
  const to = join(folder, "aria2");
  await Bun.write(join(folder, "title.meta4"), document);
  const options = ["--no-conf", "-q", "--file-allocation=none", "--follow-metalink=mem"];
  // As many connections as it takes: four boxes, up to four connections each, pieces of a MiB.
  const parallel = ["-s16", "-x4", "-j1", "-k1M", "--max-connection-per-server=4"];
  const began = performance.now();
  const child = Bun.spawn(
    ["aria2c", ...options, ...parallel, "-d", to, "-M", join(folder, "title.meta4")],
    { stdout: "ignore", stderr: "inherit" },
  );
  if ((await child.exited) !== 0) throw new Error("aria2c failed");
  const took = performance.now() - began;
  await rm(to, { recursive: true });
  return took;
}

async function ours(
  title: ReturnType<typeof sampleTitle>,
  boxes: Parameters<typeof ticketSource>[0],
) {
  const to = join(folder, "ours");
  const { took } = await fetchTitle(
    {
      title: title.sealed,
      tickets: ticketSource(boxes),
      signer: createSigner(systemRandom.bytes(32)),
      environment: "dev",
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      destination: toFolder(to, title.sealed.body),
    },
    new AbortController().signal,
  );
  await rm(to, { recursive: true });
  return took;
}

const median = (values: number[]) =>
  values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

interface Served {
  readonly addresses: readonly string[];
  readonly keys: readonly string[];
}

const titleOf = (amount: number) =>
  sampleTitle([["film.mp4", amount]], { delivery: "open", chunkSize: 256 * 1024 });

/** The boxes and their lines run in a process of their own, for both clients alike. */
async function serve(amount: number, rate: number): Promise<void> {
  const title = titleOf(amount);
  const boxes = await Promise.all([1, 2, 3, 4].map(() => ServingBox.start(title)));
  const addresses: string[] = [];
  for (const box of boxes)
    addresses.push(rate > 0 ? (await PacedLine.open(box.address, rate)).address : box.address);
  const keys = boxes.map((box) => box.signer.publicKey);
  process.stdout.write(`${JSON.stringify({ addresses, keys })}\n`);
  for await (const _ of process.stdin) break;
  await Promise.all(boxes.map((box) => box.kill()));
}

async function compare(name: string, amount: number, rate: number) {
  const server = Bun.spawn([process.execPath, import.meta.path, "serve", `${amount}`, `${rate}`], {
    stdin: "pipe",
    stdout: "pipe",
  });
  const reader = server.stdout.getReader();
  const { addresses, keys } = JSON.parse(
    new TextDecoder().decode((await reader.read()).value),
  ) as Served;
  const title = titleOf(amount);
  const reachable = addresses.map((address, at) => {
    const key = (keys[at] ?? "") as PublicKey;
    return {
      signer: { publicKey: key, sign: () => new Uint8Array() },
      grant: (request: TicketRequest) => ({
        addresses: [address],
        ticket: ticketFor(key, request),
      }),
    };
  });
  const document = metalink(title.sealed, addresses);
  const times = { aria2: [] as number[], ours: [] as number[] };
  for (let run = 0; run < runs; run++) {
    times.aria2.push(await aria2(document));
    times.ours.push(await ours(title, reachable));
  }
  const [theirs, own] = [median(times.aria2), median(times.ours)];
  const megabits = (ms: number) => ((amount * 8) / ms / 1000).toFixed(1);
  console.log(
    `${name}: aria2c ${megabits(theirs)} Mbit/s, ours with tickets and receipts ${megabits(own)} Mbit/s, ratio ${(theirs / own).toFixed(2)} (bar 1.00)`,
  );
  server.stdin.write("end\n");
  server.stdin.end();
  await server.exited;
}

if (process.argv[2] === "serve") {
  await serve(Number(process.argv[3]), Number(process.argv[4]));
} else {
  if (Bun.which("aria2c") === null) throw new Error("aria2c is not installed");
  await compare("four lines of 10 Mbit/s", size, 10e6);
  await compare("bare loopback", size * 16, 0);
}
await rm(folder, { recursive: true });
process.exit(0);
