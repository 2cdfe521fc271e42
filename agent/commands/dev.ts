/** `spareband dev`: the whole chain on loopback by one command. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { errnoOf, exitCode, isStop, OperatorError } from "../core/errors.ts";
import { createLog } from "../core/log.ts";
import { formatBytes, formatRate, formatTokens } from "../core/quantity.ts";
import { systemRandom } from "../core/random.ts";
import { systemClock } from "../core/system-clock.ts";
import type { Chain } from "../dev/chain.ts";
import type { DevBox } from "../dev/fleet.ts";
import type { PlayerState } from "../dev/player.ts";
import { disagreements, summaryLines } from "../dev/summary.ts";
import { runDev } from "../dev.ts";
import type { CommandContext } from "./context.ts";
import { progressText } from "./fetch.ts";
import { createLiveView, type LiveView } from "./live-view.ts";

interface DevFlags {
  readonly once?: boolean;
  readonly json?: boolean;
  readonly title?: string;
  readonly state?: string;
  readonly log: "error" | "warning" | "info" | "debug";
}

export function register(program: Command, context: CommandContext): void {
  program
    .command("dev")
    .description(
      "newcomer: all on loopback, that is broker, coordinator, origin, four boxes and a viewer",
    )
    .option("--once", "play once, add everything up, and end")
    .option("--json", "print nothing but the sums, as JSON (with --once)")
    .option("--title <dir>", "folder of the HLS title that travels")
    .option("--state <dir>", "keep what the run makes in this empty folder")
    .addOption(
      new Option("--log <level>", "least important line that is logged")
        .choices(["error", "warning", "info", "debug"])
        .default("error"),
    )
    .action((flags: DevFlags) => run(flags, context));
}

/** Where the shipped title lies: beside the source, or where the package put it. */
const TITLES = [
  join(import.meta.dir, "../../test/fixtures/titles/meadow"),
  "/usr/share/spareband/titles/meadow",
];

async function run(flags: DevFlags, context: CommandContext): Promise<void> {
  if (flags.json && !flags.once)
    throw new OperatorError(
      exitCode.usage,
      "--json needs --once: without it there is no sum to tell",
    );
  const titleFolder = flags.title ?? TITLES.find((folder) => existsSync(folder));
  if (titleFolder === undefined)
    throw new OperatorError(
      exitCode.noInput,
      "the title that ships with Spareband is not here: name a folder with HLS by --title",
    );
  const directory = stateDirectory(flags);
  const view = createLiveView(context);
  const above = (write: (text: string) => void) => (text: string) => {
    view.end();
    write(text);
  };
  const tell = above(context.print);
  const log = createLog({ format: "text", level: flags.log, write: above(context.printError) });
  try {
    const facts = await runDev(
      {
        directory,
        titleFolder,
        once: flags.once === true,
        tell: flags.json ? () => {} : tell,
        onFetch: (progress) => view.show(progressText(progress)),
        onPlay: flags.json ? () => {} : createPlayView(context, view),
        clock: systemClock,
        random: systemRandom,
        log,
      },
      context.signal,
    );
    if (!facts) return;
    const wrong = disagreements(facts);
    if (flags.json) tell(JSON.stringify({ ...facts, disagreements: wrong }, asJson));
    else for (const text of summaryLines(facts)) tell(text);
    if (wrong.length > 0)
      throw new OperatorError(exitCode.failure, `the sums do not agree: ${wrong.join("; ")}`);
    if (!flags.json) tell("every sum agrees with every other");
  } catch (fault) {
    // Without --once the run has no end but this one.
    if (flags.once || !isStop(fault, context.signal)) throw fault;
  } finally {
    view.end();
    if (flags.state === undefined) rmSync(directory, { recursive: true, force: true });
  }
}

/** Token sums as text, because they may be beyond what a JSON number holds exactly. */
function asJson(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  return value instanceof Map ? Object.fromEntries(value) : value;
}

function stateDirectory({ state }: DevFlags): string {
  if (state === undefined) return temporaryDirectory();
  try {
    mkdirSync(state, { recursive: true });
    if (readdirSync(state).length === 0) return state;
  } catch (cause) {
    throw new OperatorError(
      exitCode.ioError,
      `cannot use ${state} (${errnoOf(cause)}): name an empty folder by --state`,
      { cause },
    );
  }
  throw new OperatorError(
    exitCode.usage,
    `${state} is not empty: name an empty folder by --state, a run mixes with no other`,
  );
}

function temporaryDirectory(): string {
  try {
    return mkdtempSync(join(tmpdir(), "spareband-dev-"));
  } catch (cause) {
    throw new OperatorError(
      exitCode.ioError,
      `cannot make a folder in ${tmpdir()} (${errnoOf(cause)}): set TMPDIR to one that can be written, or name an empty folder by --state`,
      { cause },
    );
  }
}

/** Redraws on a terminal; a plain line now and then when piped. */
function createPlayView(context: CommandContext, view: LiveView) {
  let lines = 0;
  return (state: PlayerState, chain: Chain) => {
    view.show(...liveLines(state, chain));
    if (!context.interactive && lines++ % PLAIN_EVERY === 0) context.print(plainLine(state, chain));
  };
}

const PLAIN_EVERY = 15;

const playing = ({ mediaSeconds, stalls }: PlayerState) =>
  `playing ${Math.round(mediaSeconds)} s, ${stalls} stalls`;

function liveLines(state: PlayerState, { fleet }: Chain): readonly string[] {
  const [name, size, rate, amount] = ["box".padEnd(10), 12, 14, 16] as const;
  return [
    `${playing(state)}   (Ctrl-C ends it)`,
    `${name}${"served".padStart(size)}${"may send".padStart(rate)}${"tokens".padStart(amount)}`,
    ...fleet
      .map(devBoxNow)
      .map(
        ({ name, served, maySend, tokens }) =>
          `${name.padEnd(10)}${served.padStart(size)}${maySend.padStart(rate)}${tokens.padStart(amount)}`,
      ),
  ];
}

const plainLine = (state: PlayerState, { fleet }: Chain) =>
  [
    playing(state),
    ...fleet
      .map(devBoxNow)
      .map(({ name, served, maySend }) => `${name} served ${served}, may send ${maySend}`),
  ].join(" | ");

function devBoxNow({ name, box: { sharing } }: DevBox) {
  if (!sharing) return { name, served: "none", maySend: "nothing", tokens: "0" };
  const verdict = sharing.governor.current;
  return {
    name,
    served: formatBytes(sharing.peers.stats().receiptedBytes),
    maySend: verdict.state === "sharing" ? formatRate(verdict.rate) : verdict.reason,
    tokens: formatTokens(sharing.journal.chain.credited),
  };
}
