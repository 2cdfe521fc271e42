/** `spareband dev`: the whole chain on loopback by one command. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { exitCode, OperatorError } from "../core/errors.ts";
import { createLog } from "../core/log.ts";
import { formatBytes, formatRate, formatTokens } from "../core/quantity.ts";
import { systemRandom } from "../core/random.ts";
import { systemClock } from "../core/system-clock.ts";
import type { Chain } from "../dev/chain.ts";
import type { PlayerState } from "../dev/player.ts";
import { disagreements, summaryLines } from "../dev/summary.ts";
import { runDev } from "../dev.ts";
import type { CommandContext } from "./context.ts";
import { progressText } from "./fetch.ts";
import { createProgressLine } from "./progress-line.ts";

interface DevFlags {
  readonly once?: boolean;
  readonly title?: string;
  readonly state?: string;
  readonly log: "error" | "warning" | "info" | "debug";
}

export function register(program: Command, context: CommandContext): void {
  program
    .command("dev")
    .description("everything on loopback: broker, coordinator, origin, four boxes, a viewer")
    .option("--once", "play once, add everything up, and end")
    .option("--title <dir>", "folder of the HLS title that travels")
    .option("--state <dir>", "keep what the run makes in this empty folder")
    .option("--log <level>", "error, warning, info or debug", "error")
    .action((flags: DevFlags) => run(flags, context));
}

/** Where the shipped title lies: beside the source, or where the package put it. */
const TITLES = [
  join(import.meta.dir, "../../test/fixtures/titles/meadow"),
  "/usr/share/spareband/titles/meadow",
];

async function run(flags: DevFlags, context: CommandContext): Promise<void> {
  const titleFolder = flags.title ?? TITLES.find((folder) => existsSync(folder));
  if (titleFolder === undefined)
    throw new OperatorError(
      exitCode.noInput,
      "the title that ships with Spareband is not here: name a folder with HLS by --title",
    );
  const directory = flags.state ?? mkdtempSync(join(tmpdir(), "spareband-dev-"));
  const line = createProgressLine(context);
  const tell = (text: string) => {
    line.end();
    context.print(text);
  };
  const log = createLog({ format: "text", level: flags.log, write: context.printError });
  try {
    const facts = await runDev(
      {
        directory,
        titleFolder,
        once: flags.once === true,
        tell,
        onFetch: (progress) => line.show(progressText(progress)),
        onPlay: createPlayView(context, line.show),
        clock: systemClock,
        random: systemRandom,
        log,
      },
      context.signal,
    );
    line.end();
    if (!facts) return;
    for (const text of summaryLines(facts)) context.print(text);
    const wrong = disagreements(facts);
    if (wrong.length > 0)
      throw new OperatorError(exitCode.failure, `the sums do not agree: ${wrong.join("; ")}`);
    context.print("every sum agrees with every other");
  } finally {
    line.end();
    if (flags.state === undefined) rmSync(directory, { recursive: true, force: true });
  }
}

/** Redraws on a terminal; a plain line now and then when piped. */
function createPlayView(context: CommandContext, show: (text: string) => void) {
  let lines = 0;
  return (state: PlayerState, chain: Chain) => {
    const text = `playing ${Math.round(state.mediaSeconds)} s, ${state.stalls} stalls | ${boxesText(chain)}`;
    if (context.interactive) show(text);
    else if (lines++ % PLAIN_EVERY === 0) context.print(text);
  };
}

const PLAIN_EVERY = 10;

function boxesText({ fleet }: Chain): string {
  return fleet
    .map(({ name, box: { sharing } }) => {
      if (!sharing) return `${name} down`;
      const { receiptedBytes } = sharing.peers.stats();
      const verdict = sharing.governor.current;
      const rate = verdict.state === "sharing" ? formatRate(verdict.rate) : verdict.reason;
      return `${name} ${formatBytes(receiptedBytes)} at ${rate}, ${formatTokens(sharing.journal.chain.credited)} tokens`;
    })
    .join(" | ");
}
