/** `spareband verify FILE`: an auditor checks an export offline, with one public key. */
import { type Command, Option } from "commander";
import type { Environment } from "../accounting/messages.ts";
import { type ExportReport, verifyExport } from "../accounting/verify-export.ts";
import { isPublicKey, type PublicKey } from "../core/encoding.ts";
import { errnoOf, exitCode, OperatorError } from "../core/errors.ts";
import { formatBytes, formatTokens } from "../core/quantity.ts";
import { readBoundedFile } from "../core/read-bounded-file.ts";
import type { CommandContext } from "./context.ts";

interface VerifyOptions {
  readonly coordinatorKey: readonly string[];
  readonly environment: Environment;
  readonly copy?: string;
  readonly json?: boolean;
}

export function register(program: Command, context: CommandContext): void {
  program
    .command("verify")
    .description("auditor: check an export offline, from the receipts to the ledger")
    .argument("<file>", "the export (CBOR sequence)")
    .requiredOption("--coordinator-key <hex...>", "the coordinator's public key, and older ones")
    .addOption(
      new Option("--environment <name>", "whose signatures count")
        .choices(["prod", "dev"])
        .default("prod"),
    )
    .option("--copy <file>", "the JSON Lines beside the export: damage is then named by field")
    .option("--json", "print the report as JSON")
    .action((file: string, options: VerifyOptions) => verify(file, options, context));
}

async function verify(
  file: string,
  options: VerifyOptions,
  context: CommandContext,
): Promise<void> {
  const { signal } = context;
  const { environment, copy } = options;
  const coordinators = keysOf(options.coordinatorKey);
  const report = verifyExport(
    await read(file, signal),
    { environment, coordinators },
    copy === undefined ? undefined : new TextDecoder().decode(await read(copy, signal)),
  );
  if (options.json) context.print(JSON.stringify(report, bigintAsText));
  else for (const line of reportLines(file, report)) context.print(line);
  if (report.ok) return;
  if (report.header === undefined && report.items <= 1)
    throw new OperatorError(
      exitCode.failure,
      `${file} does not verify: it is no export, or nothing is left of one; name the .cbor file that an export wrote`,
    );
  const found = report.findings.length;
  throw new OperatorError(
    exitCode.failure,
    `${file} does not verify: ${found === 1 ? "one finding" : `${found} findings`}, the first is in ${report.findings[0]?.about} (${report.findings[0]?.text})`,
  );
}

function reportLines(file: string, report: ExportReport): readonly string[] {
  return [
    `${file}: ${report.items} items of ${report.header?.subject ?? "nobody that can be told"}`,
    `  ${report.records} usage records, ${report.acks} acks, ${report.statements} statements, ${report.lines} ledger lines of which ${report.provenLines} are in a signed statement`,
    `  proven: ${formatBytes(report.provenBytes)} delivered, ${formatTokens(report.provenTokens)} tokens`,
    ...report.findings.map(
      ({ item, about, code, text }) => `  item ${item}, ${about}: ${text} (${code})`,
    ),
    ...report.notes.map((note) => `  note: ${note}`),
    verdictOn(report),
  ];
}

function verdictOn({ ok, notes }: ExportReport): string {
  if (!ok) return "  NOT as it was signed";
  return notes.length > 0 ? "  everything verifies that is here" : "  everything verifies";
}

function keysOf(texts: readonly string[]): ReadonlySet<PublicKey> {
  for (const text of texts) {
    if (!isPublicKey(text))
      throw new OperatorError(
        exitCode.usage,
        `--coordinator-key is "${text.slice(0, 80)}", but must be 64 lower-case hexadecimal digits`,
      );
  }
  return new Set(texts as readonly PublicKey[]);
}

/** Years of records, at 500 bytes each. */
const LONGEST_EXPORT = 2 ** 30;

async function read(file: string, signal: AbortSignal): Promise<Uint8Array> {
  try {
    return await readBoundedFile(file, LONGEST_EXPORT, signal);
  } catch (cause) {
    if (signal.aborted) throw cause;
    if (cause instanceof RangeError)
      throw new OperatorError(exitCode.noInput, `${cause.message}: that is no export`, { cause });
    throw new OperatorError(
      exitCode.noInput,
      `cannot read ${file} (${errnoOf(cause)}): check the path and its permissions`,
      { cause },
    );
  }
}

const bigintAsText = (_key: string, value: unknown) =>
  typeof value === "bigint" ? value.toString() : value;
