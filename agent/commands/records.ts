/** `spareband records` and `spareband export`: what was recorded, to read and to take along. */
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import type { Command } from "commander";
import * as v from "valibot";
import { fromBase64Url } from "../core/encoding.ts";
import { exitCode, OperatorError, reasonOf } from "../core/errors.ts";
import { formatBytes } from "../core/quantity.ts";
import { type CommandContext, type CommonOptions, readConfig } from "./context.ts";
import { createStatusClient } from "./status-client.ts";

const recordsAnswer = v.object({
  records: v.array(
    v.object({
      generation: v.number(),
      sequence: v.number(),
      title: v.string(),
      provenBytes: v.number(),
      wireBytes: v.number(),
      wallTime: v.number(),
      closeReason: v.string(),
      outcome: v.string(),
      code: v.optional(v.string()),
    }),
  ),
});
const exportItem = v.object({ cbor: v.string(), json: v.string() });

export function register(program: Command, context: CommandContext): void {
  program
    .command("records")
    .description("household: the usage records of this box, newest first")
    .option("--limit <n>", "how many, 1 to 500", "20")
    .option("--json", "print the answer as JSON")
    .action((options: CommonOptions & { limit: string }) => records(options, context));
  program
    .command("export")
    .description("household: everything that proves what was served and earned, as two files")
    .argument("<name>", "writes <name>.cbor, which verifies, and <name>.jsonl, which reads")
    .action((name: string, options: CommonOptions) => exportTo(name, options, context));
}

async function records(options: CommonOptions & { limit: string }, context: CommandContext) {
  if (!/^[1-9]\d{0,2}$/.test(options.limit))
    throw new OperatorError(
      exitCode.usage,
      `--limit is "${options.limit}", but must be a number from 1 to 500`,
    );
  const { config } = readConfig(options, context);
  const answer = await createStatusClient(config, context.signal).get(
    `/records?limit=${options.limit}`,
  );
  if (options.json) return context.print(JSON.stringify(answer));
  for (const record of v.parse(recordsAnswer, answer).records) {
    const when = new Date(record.wallTime * 1000).toISOString().slice(0, 19).replace("T", " ");
    const outcome = record.code ? `${record.outcome} (${record.code})` : record.outcome;
    context.print(
      `${record.generation}/${record.sequence}  ${when}  title ${record.title.slice(0, 12)}  ${formatBytes(record.provenBytes)} proven of ${formatBytes(record.wireBytes)} sent  ${record.closeReason}  ${outcome}`,
    );
  }
}

async function exportTo(name: string, options: CommonOptions, context: CommandContext) {
  const { config } = readConfig(options, context);
  const response = await createStatusClient(config, context.signal).stream("/export");
  const [cbor, json] = [createWriteStream(`${name}.cbor`), createWriteStream(`${name}.jsonl`)];
  const written = Promise.all([finished(cbor), finished(json)]);
  let items = 0;
  try {
    for await (const line of linesOf(response)) {
      const item = v.parse(exportItem, JSON.parse(line));
      cbor.write(fromBase64Url(item.cbor));
      json.write(item.json);
      items++;
    }
    cbor.end();
    json.end();
    await written;
  } catch (cause) {
    throw new OperatorError(
      exitCode.ioError,
      `the export to ${name}.cbor is not complete (${reasonOf(cause)}): make room or name another place, and export again`,
      { cause },
    );
  }
  context.print(`${items} items in ${name}.cbor and, to read, ${name}.jsonl`);
  context.print(`check them anywhere: spareband verify ${name}.cbor --coordinator-key <hex>`);
}

async function* linesOf(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const part of response.body ?? []) {
    const lines = (rest + decoder.decode(part, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}
