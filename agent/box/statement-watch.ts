/**
 * Follows the coordinator's statements from one to the next, and keeps the newest: whoever was shown a
 * root once notices when the past is told otherwise, and has the signed proof of it.
 */
import { join } from "node:path";
import { open } from "../accounting/envelope.ts";
import type { Environment, Sealed, Statement } from "../accounting/messages.ts";
import type { CoordinatorClient } from "../content/coordinator-client.ts";
import type { Clock } from "../core/clock.ts";
import type { PublicKey } from "../core/encoding.ts";
import type { Log } from "../core/log.ts";
import { every, type Part } from "../core/part.ts";
import { seconds } from "../core/units.ts";
import type { Health } from "../health/health.ts";
import { readSignedFile, writeSignedFile } from "./signed-file.ts";

export interface StatementWatchOptions {
  readonly file: string;
  readonly client: Pick<CoordinatorClient, "statement">;
  readonly environment: Environment;
  /** Whose statements count. */
  readonly keys: () => ReadonlySet<PublicKey>;
  readonly health: Pick<Health, "set" | "clear">;
  readonly clock: Clock;
  readonly log: Log;
}

/** As often as a coordinator closes an epoch by default. */
const PERIOD = seconds(3600);
/** Epochs that are caught up with at once: a box may have been away for a month. */
const MOST_AT_ONCE = 1_000;

export const statementFile = (stateDirectory: string) => join(stateDirectory, "statement.signed");

/** What of the later statement cannot be true if the earlier one is; undefined when both may be. Pure. */
export function contradiction(seen: Statement, later: Statement): string | undefined {
  if (later.epoch < seen.epoch)
    return `epoch ${seen.epoch} was closed, and now epoch ${later.epoch} is the newest`;
  if (later.epoch === seen.epoch) {
    const same = later.root === seen.root && later.treeSize === seen.treeSize;
    return same ? undefined : `epoch ${seen.epoch} was closed twice, with different lines`;
  }
  const follows = later.previousRoot === seen.root && later.treeSize >= seen.treeSize;
  return follows ? undefined : `epoch ${later.epoch} does not continue epoch ${seen.epoch}`;
}

export function createStatementWatch(options: StatementWatchOptions): Part {
  const { clock, log } = options;
  const name = "statements";
  return {
    name,
    run: (signal) => every(PERIOD, () => look(options, signal), { clock, log, signal, name }),
  };
}

async function look(options: StatementWatchOptions, signal: AbortSignal): Promise<void> {
  const { file, client, health, log } = options;
  const ask = async (epoch: number | "latest") =>
    opened(await client.statement(epoch, signal).catch(() => undefined), options);
  const latest = await ask("latest");
  // Nobody answers, nothing is closed yet, or a key signed it that is not known yet.
  if (!latest) return;
  const seen = opened(readSignedFile(file), options);
  let current = seen ?? latest;
  for (let steps = 0; current.body.epoch < latest.body.epoch && steps < MOST_AT_ONCE; steps++) {
    const next =
      current.body.epoch + 1 < latest.body.epoch ? await ask(current.body.epoch + 1) : latest;
    if (!next) return;
    const wrong = contradiction(current.body, next.body);
    if (wrong !== undefined) return dispute(wrong);
    current = next;
  }
  const wrong =
    current.body.epoch < latest.body.epoch ? undefined : contradiction(current.body, latest.body);
  if (wrong !== undefined) return dispute(wrong);
  health.clear("statement-disputed");
  if (current.hash !== seen?.hash) writeSignedFile(file, current);

  /** What was seen stays kept: it is the proof. */
  function dispute(why: string): void {
    health.set("statement-disputed", why);
    log.error("statements contradict one another", { why });
  }
}

function opened(
  signed: Uint8Array | undefined,
  { environment, keys }: StatementWatchOptions,
): Sealed<"statement"> | undefined {
  const read = signed && open("statement", signed, { environment, signer: keys() });
  return read?.ok ? read.message : undefined;
}
