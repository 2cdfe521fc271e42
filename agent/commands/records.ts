/** `spareband records` and `spareband export`: what was recorded, to read and to take along. */
import type { Command } from "commander";
import * as v from "valibot";
import type { WrittenItem } from "../accounting/write-export.ts";
import type { Config } from "../config.ts";
import { fromBase64Url } from "../core/encoding.ts";
import { parseJson } from "../core/json.ts";
import { formatBytes } from "../core/quantity.ts";
import { exportAccount } from "./account.ts";
import { localTime, readAnswer, wrong } from "./answer.ts";
import { type CommandContext, type CommonOptions, readConfig } from "./context.ts";
import { writeExportFiles } from "./export-files.ts";
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
const exportItem = v.object({
  cbor: v.pipe(
    v.string(),
    v.transform((text) => fromBase64Url(text)),
    v.instance(Uint8Array, "not base64url"),
  ),
  json: v.string(),
});

interface ExportOptions extends CommonOptions {
  readonly mine?: boolean;
  readonly coordinator?: string;
}

export function register(program: Command, context: CommandContext): void {
  program
    .command("records")
    .description("household: the usage records of this box, newest first")
    .option("--limit <n>", "how many, 1 to 500", "20")
    .option("--json", "print the answer as JSON")
    .action((options: CommonOptions & { limit: string }) => records(options, context));
  program
    .command("export")
    .description(
      "household: everything that proves what was earned, as two files; a creator's too (--mine)",
    )
    .argument("<name>", "writes <name>.cbor, which verifies, and <name>.jsonl, which reads")
    .option("--mine", "the account of your own key instead of this box's")
    .option("--coordinator <url>", "the coordinator to ask (with --mine)")
    .option("--json", "print the result as JSON")
    .action((name: string, options: ExportOptions) => exportTo(name, options, context));
}

async function records(options: CommonOptions & { limit: string }, context: CommandContext) {
  if (!/^[1-9]\d{0,2}$/.test(options.limit) || Number(options.limit) > 500)
    throw wrong("--limit", options.limit, "a number from 1 to 500");
  const { config } = readConfig(options, context);
  const answer = await createStatusClient(config, context.signal).get(
    `/records?limit=${options.limit}`,
  );
  if (options.json) return context.print(JSON.stringify(answer));
  const { records } = readAnswer(recordsAnswer, answer);
  if (records.length === 0)
    context.print("no records yet: the first is signed when a viewer has fetched something");
  for (const record of records) {
    const when = localTime(record.wallTime);
    const outcome = record.code ? `${record.outcome} (${record.code})` : record.outcome;
    context.print(
      `${record.generation}/${record.sequence}  ${when}  title ${record.title.slice(0, 12)}  ${formatBytes(record.provenBytes)} proven of ${formatBytes(record.wireBytes)} sent  ${record.closeReason}  ${outcome}`,
    );
  }
}

async function exportTo(name: string, options: ExportOptions, context: CommandContext) {
  if (/(^|\/)\.{0,2}$/.test(name))
    throw wrong("<name>", name, "the name of the files to write, without an ending");
  const flags = options.coordinator ? { "coordinator.url": options.coordinator } : {};
  const { config } = readConfig(options, context, flags);
  const { signal, print } = context;
  const items = options.mine ? exportAccount(config, signal) : ofBox(config, signal);
  const count = await writeExportFiles(name, items, signal);
  const [verifies, reads] = [`${name}.cbor`, `${name}.jsonl`];
  if (options.json) return print(JSON.stringify({ items: count, verifies, reads }));
  print(`${count} items in ${verifies} and, to read, ${reads}`);
  const environment = config.environment === "dev" ? " --environment dev" : "";
  const key = config["coordinator.public_key"] || "<hex>";
  print(
    `check them anywhere: spareband verify ${asShellWord(verifies)} --coordinator-key ${key}${environment}`,
  );
}

async function* ofBox(config: Config, signal: AbortSignal): AsyncGenerator<WrittenItem> {
  const response = await createStatusClient(config, signal).stream("/export");
  for await (const line of linesOf(response)) {
    const { cbor, json } = readAnswer(exportItem, parseJson(line));
    yield { cbor, json };
  }
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

/** To be typed or pasted as it stands. */
const asShellWord = (text: string) =>
  /^[\w./@:+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
