/** `spareband appeal`: whoever was refused, held back or taken down says so to the operator. */
import type { Command } from "commander";
import { walletRequest } from "../content/wallet-pages.ts";
import { exitCode, OperatorError } from "../core/errors.ts";
import { systemRandom } from "../core/random.ts";
import { systemClock } from "../core/system-clock.ts";
import { show } from "./answer.ts";
import { type CommandContext, type CommonOptions, readConfig } from "./context.ts";
import { boxSigner, connectCoordinator, existingSigner } from "./identity.ts";

interface AppealOptions extends CommonOptions {
  readonly coordinator?: string;
  readonly box?: boolean;
}

/** What the coordinator takes. */
const LONGEST_TEXT = 4_000;

export function register(program: Command, context: CommandContext): void {
  program
    .command("appeal")
    .description("creator and household: tell the operator why a refusal or takedown is wrong")
    .argument("<text>", "what happened, in up to 4000 characters; name the title or the record")
    .option("--box", "appeal with this box's key instead of your own")
    .option("--coordinator <url>", "the coordinator to ask")
    .option("--json", "print the answer as JSON")
    .action((text: string, options: AppealOptions) => appeal(text, options, context));
}

async function appeal(
  text: string,
  options: AppealOptions,
  context: CommandContext,
): Promise<void> {
  const length = text.trim().length;
  if (length === 0 || text.length > LONGEST_TEXT)
    throw new OperatorError(
      exitCode.usage,
      `the appeal has ${length === 0 ? "no words" : `${text.length} characters`}, but must have 1 to ${LONGEST_TEXT} characters: say what happened and name the title or the record`,
    );
  const flags = options.coordinator ? { "coordinator.url": options.coordinator } : {};
  const { config } = readConfig(options, context, flags);
  const signer = options.box ? boxSigner(config) : existingSigner(config);
  const client = await connectCoordinator(config, context.signal);
  const { environment } = config;
  const request = walletRequest({ signer, environment, clock: systemClock, random: systemRandom });
  const number = await client.appeal(request, text, context.signal);
  show(context, options, { appeal: number, by: signer.publicKey }, () => [
    `Appeal ${number} is with the operator, together with the evidence about ${signer.publicKey} and its boxes.`,
  ]);
}
