/** `spareband enrol` and `spareband reset`: what a household or a maker does with a box's identity by hand. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { createClockTrust } from "../../hardware/linux/clock-quality.ts";
import { isBoxState, journalExists, requireStopped } from "../box/identity.ts";
import type { Config } from "../config.ts";
import { errnoOf, exitCode, OperatorError } from "../core/errors.ts";
import { formatTokens } from "../core/quantity.ts";
import { systemRandom } from "../core/random.ts";
import { systemClock } from "../core/system-clock.ts";
import type { MicroTokens } from "../core/units.ts";
import { deviceFingerprint } from "../identity/device-fingerprint.ts";
import { destroyKey, loadOrCreateKey, reenrol } from "../identity/keys.ts";
import { openJournal } from "../journal/open-journal.ts";
import { openSqlite } from "../journal/sqlite.ts";
import { show } from "./answer.ts";
import { actAsOwnerOf } from "./as-owner.ts";
import { type CommandContext, type CommonOptions, readConfig } from "./context.ts";

interface ResetOptions extends CommonOptions {
  readonly yes?: boolean;
  readonly loseUnreported?: boolean;
}

export function register(program: Command, context: CommandContext): void {
  program
    .command("enrol")
    .description(
      "maker: give this device a new key, when its old one is lost or belongs to another",
    )
    .option("--yes", "do it; what the old key had not reported is not paid any more")
    .option("--json", "print the result as JSON")
    .action((options: ResetOptions) => enrol(options, context));
  program
    .command("reset")
    .description("household: factory reset, nothing of the household is left")
    .option("--yes", "do it")
    .option("--lose-unreported", "even when records wait that the coordinator has not answered")
    .option("--json", "print the result as JSON")
    .action((options: ResetOptions) => reset(options, context));
}

function enrol(options: ResetOptions, context: CommandContext): void {
  const { config } = readConfig(options, context);
  confirmed(options, "the old key is gone for good after this");
  actAsOwnerOf(config["box.state_dir"]);
  requireStopped(config["box.state_dir"]);
  const directory = join(config["box.state_dir"], "identity");
  const key = reenrol(directory, {
    name: "box",
    random: systemRandom,
    fingerprint: deviceFingerprint(),
  });
  if (key.state === "held") throw new OperatorError(exitCode.ioError, key.text);
  const box = key.signer.publicKey;
  show(context, options, { box }, () => [
    `this device is box ${box} from now on; start the service again`,
  ]);
}

function reset(options: ResetOptions, context: CommandContext): void {
  const { config, log } = readConfig(options, context);
  const directory = config["box.state_dir"];
  if (!existsSync(directory))
    throw new OperatorError(
      exitCode.noInput,
      `${directory} does not exist: there is nothing to reset`,
    );
  if (!isBoxState(directory))
    throw new OperatorError(
      exitCode.noInput,
      `${directory} holds nothing of a box, so nothing in it is deleted: correct box.state_dir if it is another`,
    );
  confirmed(options, "key, records, content and choices are destroyed");
  requireStopped(directory);
  const last = finalAccount(config, options, log);
  try {
    destroyKey(join(directory, "identity"), "box");
    for (const entry of readdirSync(directory))
      rmSync(join(directory, entry), { recursive: true, force: true });
  } catch (cause) {
    throw new OperatorError(
      exitCode.ioError,
      `cannot empty ${directory} (${errnoOf(cause)}): make it writable and reset again, or delete what is left by hand`,
      { cause },
    );
  }
  const final = last && { box: last.box, credited: formatTokens(last.credited) };
  show(context, options, { emptied: directory, ...(final && { final }) }, () => [
    ...(final ? [`final account of box ${final.box}: ${final.credited} tokens credited`] : []),
    `${directory} is empty; the next start makes a new box`,
  ]);
}

function confirmed({ yes }: ResetOptions, consequence: string): void {
  if (!yes) throw new OperatorError(exitCode.usage, `add --yes to do this: ${consequence}`);
}

/** What the coordinator last signed. Throws while the service runs, or while records would be lost. */
function finalAccount(
  config: Config,
  { loseUnreported }: ResetOptions,
  log: Parameters<typeof openJournal>[0]["log"],
): { readonly box: string; readonly credited: MicroTokens } | undefined {
  const directory = config["box.state_dir"];
  const identity = join(directory, "identity");
  const key = loadOrCreateKey(identity, { name: "box", mayCreate: false, random: systemRandom });
  if (key.state !== "ready" || !journalExists(directory)) return undefined;
  using journal = openJournal({
    directory: join(directory, "journal"),
    floorPath: join(identity, "sequence-floor"),
    signer: key.signer,
    environment: config.environment,
    openDatabase: openSqlite,
    clock: systemClock,
    clockQuality: createClockTrust(() => systemClock.wallMs()),
    random: systemRandom,
    log,
  });
  if (journal.pendingRecords > 0 && !loseUnreported)
    throw new OperatorError(
      exitCode.unavailable,
      `${journal.pendingRecords} records wait for the coordinator: start the box while it is online until they are answered, or add --lose-unreported`,
    );
  return { box: key.signer.publicKey, credited: journal.chain.credited };
}
