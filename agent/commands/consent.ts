/** `spareband consent`: the household reads the text, agrees to it or withdraws. */
import { createInterface } from "node:readline/promises";
import { type Command, Option } from "commander";
import * as v from "valibot";
import { exitCode, OperatorError } from "../core/errors.ts";
import { readAnswer, show } from "./answer.ts";
import { type CommandContext, type CommonOptions, readConfig } from "./context.ts";
import { createStatusClient, type StatusClient } from "./status-client.ts";

const consentAnswer = v.object({
  given: v.boolean(),
  text: v.object({ language: v.string(), hash: v.string(), paragraphs: v.array(v.string()) }),
});
interface ConsentFlags extends CommonOptions {
  readonly give?: boolean;
  readonly withdraw?: boolean;
  readonly language: string;
  readonly yes?: boolean;
}

export function register(program: Command, context: CommandContext): void {
  program
    .command("consent")
    .description("household: read the text, agree to it or withdraw")
    .option("--give", "agree to the text")
    .option("--withdraw", "share nothing from now on")
    .addOption(
      new Option("--language <tag>", "language of the text").choices(["en", "de"]).default("en"),
    )
    .option("--yes", "do not ask again (with --give)")
    .option("--json", "print the answer as JSON")
    .action((flags: ConsentFlags) => {
      const { config } = readConfig(flags, context);
      return changeConsent(flags, createStatusClient(config, context.signal), context);
    });
}

async function changeConsent(
  flags: ConsentFlags,
  client: StatusClient,
  context: CommandContext,
): Promise<void> {
  const shown = await client.get(`/consent?language=${encodeURIComponent(flags.language)}`);
  const { given, text: said } = readAnswer(consentAnswer, shown);
  const { hash, language } = said;
  if (flags.give && flags.withdraw)
    throw new OperatorError(exitCode.usage, "--give and --withdraw exclude each other");
  if (!flags.withdraw && !flags.json)
    for (const paragraph of said.paragraphs) context.print(`${paragraph}\n`);
  if (!flags.give && !flags.withdraw) {
    const word = given ? "Consent is given." : "Consent is not given; nothing is shared.";
    return show(context, flags, shown, () => [word]);
  }
  if (flags.give && !flags.yes && !(await agrees(context)))
    throw new OperatorError(exitCode.failure, "consent was not given; nothing has changed");
  const body = { given: flags.give === true, language, text: hash };
  const answer = await client.send("POST", "/consent", body);
  show(context, flags, answer, () => [flags.give ? "Consent is given." : "Consent is withdrawn."]);
}

/** Consent is never assumed: a script has to say --yes, a person has to type it. */
async function agrees(context: CommandContext): Promise<boolean> {
  if (!context.interactive)
    throw new OperatorError(
      exitCode.usage,
      "nobody is here to be asked: add --yes to agree to the text above",
    );
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question('Type "yes" to agree: ');
  terminal.close();
  return answer.trim() === "yes";
}
