/** `spareband fetch TITLE`: a viewer downloads from several boxes at once, checking every chunk. */
import type { Command } from "commander";
import type { CoordinatorClient, PublishedTitle } from "../content/coordinator-client.ts";
import { type Destination, toFolder, toNowhere } from "../content/destination.ts";
import { type FetchProgress, type FetchSummary, fetchTitle } from "../content/fetch-title.ts";
import { exitCode, OperatorError } from "../core/errors.ts";
import { formatBytes, formatRate } from "../core/quantity.ts";
import { systemRandom } from "../core/random.ts";
import { systemClock } from "../core/system-clock.ts";
import { rateOf } from "../core/units.ts";
import { wrong } from "./answer.ts";
import { type CommandContext, type CommonOptions, readConfig } from "./context.ts";
import { connectCoordinator, personalSigner } from "./identity.ts";
import { bar, createLiveView } from "./live-view.ts";

interface FetchOptions extends CommonOptions {
  readonly coordinator?: string;
  readonly to?: string;
  readonly discard?: boolean;
  readonly repeat: string;
  readonly boxes: string;
}

export function register(program: Command, context: CommandContext): void {
  program
    .command("fetch")
    .description("viewer: download a title from several boxes at once")
    .argument("<title>", "its short name or its identity (64 hexadecimal digits)")
    .option("--coordinator <url>", "the coordinator to ask")
    .option("--to <dir>", "folder for the files; a folder named like the title otherwise")
    .option("--discard", "check and throw away, for measuring")
    .option("--repeat <n>", "fetch so many times (with --discard)", "1")
    .option("--boxes <n>", "boxes at once, 1 to 16", "8")
    .option("--json", "print the summary as JSON")
    .action((title: string, options: FetchOptions) => run(title, options, context));
}

async function run(name: string, options: FetchOptions, context: CommandContext): Promise<void> {
  if (options.to === "") throw wrong("--to", "", "the name of a folder");
  if (options.to !== undefined && options.discard)
    throw new OperatorError(exitCode.usage, "--to and --discard exclude each other");
  const repeat = count(options.repeat, "--repeat", 1_000_000);
  const boxes = count(options.boxes, "--boxes", 16);
  if (repeat > 1 && !options.discard)
    throw new OperatorError(
      exitCode.usage,
      "--repeat needs --discard: what is there is not fetched again.",
    );
  const flags = options.coordinator ? { "coordinator.url": options.coordinator } : {};
  const { config, log } = readConfig(options, context, flags);
  const signer = personalSigner(config);
  const coordinator = await connectCoordinator(config, context.signal);
  const published = await findTitle(coordinator, name, context.signal);
  const { manifest: title } = published;
  const folder = options.discard ? undefined : (options.to ?? title.body.slug);
  const destination: Destination = folder === undefined ? toNowhere : toFolder(folder, title.body);
  const line = createLiveView(context);
  for (let round = 0; round < repeat && !context.signal.aborted; round++) {
    const summary = await fetchTitle(
      {
        title,
        tickets: coordinator,
        signer,
        environment: config.environment,
        clock: systemClock,
        random: systemRandom,
        log,
        boxes,
        destination,
        onProgress: (progress) => line.show(progressText(progress)),
      },
      context.signal,
    );
    line.end();
    report({ name: title.body.name, folder, summary }, options, context);
  }
}

/** The title, or one sentence on why it cannot be had now. */
export async function findTitle(
  coordinator: CoordinatorClient,
  name: string,
  signal: AbortSignal,
): Promise<PublishedTitle> {
  // No name is longer than an identity, and none that is has to be asked for.
  const published = name.length <= 64 ? await coordinator.title(name, signal) : undefined;
  if (!published)
    throw new OperatorError(
      exitCode.noInput,
      `The coordinator knows no title "${name.slice(0, 80)}": check the name, or list what there is with its /v1/titles.`,
    );
  if (!published.complete)
    throw new OperatorError(
      exitCode.unavailable,
      `"${name}" is announced but not uploaded in full: ask its creator to run publish again.`,
    );
  return published;
}

function count(text: string, flag: string, most: number): number {
  const value = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= most) return value;
  throw new OperatorError(
    exitCode.usage,
    `${flag} is "${text}", but must be a number from 1 to ${most}.`,
  );
}

export function progressText({ done, size, boxes }: FetchProgress): string {
  const share = size === 0 ? 1 : done / size;
  const using = boxes.filter((box) => box.state === "in-use");
  const rate = using.reduce((sum, box) => sum + box.rate * 8, 0);
  return `${bar(share, 24)} ${Math.floor(share * 100)} %  ${formatBytes(done)} of ${formatBytes(size)}  ${formatRate(rate)} from ${using.length} boxes`;
}

interface Fetched {
  readonly name: string;
  /** undefined where the bytes were thrown away. */
  readonly folder: string | undefined;
  readonly summary: FetchSummary;
}

function report(
  { name, folder, summary }: Fetched,
  options: FetchOptions,
  context: CommandContext,
) {
  const { done, size, resumed, took, end, boxes } = summary;
  if (options.json) {
    const { done: _, ...rest } = summary;
    context.print(JSON.stringify({ name, ...(folder && { folder }), bytes: done, ...rest }));
  } else {
    const rate = rateOf((done - resumed) as typeof done, took);
    const before = resumed > 0 ? `, ${formatBytes(resumed)} of them were there before` : "";
    context.print(
      `${name}: ${formatBytes(done)} of ${formatBytes(size)} in ${(took / 1000).toFixed(1)} s (${formatRate(rate)})${before}`,
    );
    if (folder !== undefined) context.print(`  in     ${folder}`);
    for (const box of boxes) {
      const bad = box.badChunks > 0 ? `, ${box.badChunks} bad chunks refused` : "";
      const given = ["in-use", "ended"].includes(box.state) ? "" : `, given up: ${box.state}`;
      context.print(
        `  ${box.origin ? "origin" : "box   "} ${box.box.slice(0, 16)}  ${formatBytes(box.bytes)}${bad}${given}`,
      );
    }
  }
  if (end === "complete") return;
  throw new OperatorError(
    exitCode.failure,
    end === "stopped"
      ? "Stopped before the title was complete; the same command goes on from here."
      : `The title could not be kept (${end}).`,
  );
}
