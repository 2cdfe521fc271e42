/** The household's controls from a shell: status, pause, resume, limits, consent, wallet. */
import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import * as v from "valibot";
import { exitCode, OperatorError } from "../core/errors.ts";
import {
  acceptedBytes,
  acceptedDuration,
  acceptedRate,
  formatBytes,
  formatRate,
  parseBytes,
  parseDuration,
  parseRate,
} from "../core/quantity.ts";
import { type CommandContext, type CommonOptions, readConfig } from "./context.ts";
import { createStatusClient, type StatusClient } from "./status-client.ts";

const number = v.number();
const text = v.string();
const statusAnswer = v.object({
  box: text,
  version: text,
  sharing: v.object({
    state: text,
    text,
    measuredRate: v.optional(number),
    enforcedRate: v.optional(number),
    streams: number,
    missing: v.array(text),
  }),
  usage: v.object({ today: number, month: number }),
  earnings: v.object({ credited: text, pendingRecords: number, wallet: text }),
  consent: v.object({ given: v.boolean() }),
  health: v.array(v.object({ severity: text, text, action: text, detail: v.optional(text) })),
});
const limitsAnswer = v.object({
  maxRate: v.optional(number),
  share: number,
  dailyCap: v.optional(number),
  monthlyCap: v.optional(number),
  allowMetered: v.boolean(),
  quietHours: v.array(v.object({ from: number, to: number })),
});
const consentAnswer = v.object({
  given: v.boolean(),
  text: v.object({ language: text, hash: text, paragraphs: v.array(text) }),
});
type Limits = v.InferOutput<typeof limitsAnswer>;

export function register(program: Command, context: CommandContext): void {
  const verb = (name: string, description: string) =>
    program.command(name).description(description).option("--json", "print the answer as JSON");
  const client = (options: CommonOptions) =>
    createStatusClient(readConfig(options, context).config, context.signal);

  verb("status", "household: what is shared now, why or why not, what was earned").action(
    async (options: CommonOptions) => {
      const answer = await client(options).get("/status");
      show(context, options, answer, () => statusLines(v.parse(statusAnswer, answer)));
    },
  );
  verb("pause", "household: stop sharing at once")
    .option("--for <duration>", "go on by itself after so long")
    .action(async (options: CommonOptions & { for?: string }) => {
      const body = options.for === undefined ? {} : { seconds: seconds(options.for) };
      const answer = await client(options).send("POST", "/pause", body);
      show(context, options, answer, () => ["Sharing is paused."]);
    });
  verb("resume", "household: share again").action(async (options: CommonOptions) => {
    const answer = await client(options).send("POST", "/resume");
    show(context, options, answer, () => ["Sharing goes on when the line is idle."]);
  });
  verb("limits", "household: show or change what may be shared")
    .option("--max-rate <rate>", 'highest rate, or "none"')
    .option("--share <percent>", "per cent of the idle line, 1 to 100")
    .option("--daily-cap <size>", 'most in a day, or "none"')
    .option("--monthly-cap <size>", 'most in a month, or "none"')
    .option("--quiet <hours>", 'such as "22:00-06:30", comma-separated, or "none"')
    .option("--metered <yes|no>", "may a line that is paid for by volume be used?")
    .action((options: LimitFlags) => changeLimits(options, client(options), context));
  verb("consent", "household: read the text, agree to it or withdraw")
    .option("--give", "agree to the text")
    .option("--withdraw", "share nothing from now on")
    .option("--language <tag>", "language of the text", "en")
    .option("--yes", "do not ask again (with --give)")
    .action((options: ConsentFlags) => changeConsent(options, client(options), context));
  verb("wallet", "household: what was earned").action(async (options: CommonOptions) => {
    const answer = await client(options).get("/wallet");
    show(context, options, answer, () => {
      const { credited, wallet, pendingRecords } = v.parse(statusAnswer.entries.earnings, answer);
      return [
        `${credited} tokens in wallet ${wallet}`,
        `${pendingRecords} records wait for the coordinator`,
      ];
    });
  });
}

function show(
  context: CommandContext,
  { json }: CommonOptions,
  answer: unknown,
  lines: () => readonly string[],
): void {
  if (json) context.print(JSON.stringify(answer));
  else for (const line of lines()) context.print(line);
}

function statusLines(answer: v.InferOutput<typeof statusAnswer>): readonly string[] {
  const { sharing, usage, earnings, health } = answer;
  const now = sharing.measuredRate === undefined ? "" : `, ${formatRate(sharing.measuredRate)} now`;
  const bound =
    sharing.enforcedRate === undefined ? "" : ` (held below ${formatRate(sharing.enforcedRate)})`;
  return [
    `${sharing.text}${now}${bound}.`,
    `${sharing.streams} viewers; ${formatBytes(usage.today)} today, ${formatBytes(usage.month)} this month`,
    `${earnings.credited} tokens earned, ${earnings.pendingRecords} records wait for the coordinator`,
    ...sharing.missing.map((signal) => `missing signal: ${signal}`),
    ...health.map(
      (condition) =>
        `${condition.severity}: ${condition.text} ${condition.action}${condition.detail ? ` [${condition.detail}]` : ""}`,
    ),
    `box ${answer.box}, version ${answer.version}`,
  ];
}

interface LimitFlags extends CommonOptions {
  readonly maxRate?: string;
  readonly share?: string;
  readonly dailyCap?: string;
  readonly monthlyCap?: string;
  readonly quiet?: string;
  readonly metered?: string;
}

async function changeLimits(
  flags: LimitFlags,
  client: StatusClient,
  context: CommandContext,
): Promise<void> {
  const before = v.parse(limitsAnswer, await client.get("/limits"));
  const after = withFlags(before, flags);
  const answer = after === before ? before : await client.send("PUT", "/limits", after);
  show(context, flags, answer, () => limitLines(v.parse(limitsAnswer, answer)));
}

/** The same object when no flag was given. */
function withFlags(before: Limits, flags: LimitFlags): Limits {
  const { maxRate, share, dailyCap, monthlyCap, quiet, metered } = flags;
  const given = [maxRate, share, dailyCap, monthlyCap, quiet, metered];
  if (given.every((flag) => flag === undefined)) return before;
  const { maxRate: oldRate, dailyCap: oldDay, monthlyCap: oldMonth, ...rest } = before;
  const rate = orNone("--max-rate", maxRate, oldRate, parseRate, acceptedRate);
  const day = orNone("--daily-cap", dailyCap, oldDay, parseBytes, acceptedBytes);
  const month = orNone("--monthly-cap", monthlyCap, oldMonth, parseBytes, acceptedBytes);
  return {
    ...rest,
    ...(rate !== undefined && { maxRate: rate }),
    ...(day !== undefined && { dailyCap: day }),
    ...(month !== undefined && { monthlyCap: month }),
    ...(share !== undefined && { share: percent(share) }),
    ...(metered !== undefined && { allowMetered: yesOrNo(metered) }),
    ...(quiet !== undefined && {
      quietHours: quiet === "none" ? [] : quiet.split(",").map(period),
    }),
  };
}

function orNone(
  flag: string,
  value: string | undefined,
  before: number | undefined,
  parse: (value: string) => number | undefined,
  accepted: string,
): number | undefined {
  if (value === undefined) return before;
  if (value === "none") return undefined;
  const parsed = parse(value);
  if (parsed !== undefined && parsed > 0) return parsed;
  throw wrong(flag, value, `${accepted}, or "none"`);
}

function percent(value: string): number {
  const parsed = /^\d{1,3}$/.test(value) ? Number(value) : 0;
  if (parsed >= 1 && parsed <= 100) return parsed;
  throw wrong("--share", value, "a whole number from 1 to 100");
}

function yesOrNo(value: string): boolean {
  if (value === "yes" || value === "no") return value === "yes";
  throw wrong("--metered", value, '"yes" or "no"');
}

function period(value: string): { from: number; to: number } {
  const match = /^\s*([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]):([0-5]\d)\s*$/.exec(value);
  if (!match) throw wrong("--quiet", value, 'hours such as "22:00-06:30"');
  const [fromHour = 0, fromMinute = 0, toHour = 0, toMinute = 0] = match.slice(1).map(Number);
  return { from: fromHour * 60 + fromMinute, to: toHour * 60 + toMinute };
}

function seconds(value: string): number {
  const parsed = parseDuration(value);
  if (parsed !== undefined && parsed >= 1000) return Math.round(parsed / 1000);
  throw wrong("--for", value, acceptedDuration);
}

const wrong = (flag: string, value: string, accepted: string) =>
  new OperatorError(exitCode.usage, `${flag} is "${value.slice(0, 80)}", but must be ${accepted}`);

function limitLines(limits: Limits): readonly string[] {
  const { maxRate, dailyCap, monthlyCap } = limits;
  const size = (amount: number | undefined) =>
    amount === undefined ? "none" : formatBytes(amount);
  return [
    `highest rate  ${maxRate === undefined ? "none" : formatRate(maxRate)}`,
    `share         ${limits.share} % of the idle line`,
    `daily cap     ${size(dailyCap)}`,
    `monthly cap   ${size(monthlyCap)}`,
    `quiet hours   ${limits.quietHours.map(({ from, to }) => `${clockTime(from)}-${clockTime(to)}`).join(", ") || "none"}`,
    `metered line  ${limits.allowMetered ? "may be used" : "is never used"}`,
  ];
}

const clockTime = (minutes: number) =>
  `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;

interface ConsentFlags extends CommonOptions {
  readonly give?: boolean;
  readonly withdraw?: boolean;
  readonly language: string;
  readonly yes?: boolean;
}

async function changeConsent(
  flags: ConsentFlags,
  client: StatusClient,
  context: CommandContext,
): Promise<void> {
  const shown = await client.get(`/consent?language=${encodeURIComponent(flags.language)}`);
  const { given, text: said } = v.parse(consentAnswer, shown);
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
