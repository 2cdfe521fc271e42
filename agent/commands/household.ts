/** The household's controls from a shell: status, pause, resume, wallet. */
import type { Command } from "commander";
import * as v from "valibot";
import { acceptedDuration, formatBytes, formatRate, parseDuration } from "../core/quantity.ts";
import { languages } from "../status/text.ts";
import { showAccount } from "./account.ts";
import { localTime, readAnswer, show, wrong } from "./answer.ts";
import { type CommandContext, type CommonOptions, readConfig } from "./context.ts";
import { createStatusClient } from "./status-client.ts";

const number = v.number();
const text = v.string();
const pauseAnswer = v.object({ state: text, until: v.optional(number) });
const statusAnswer = v.object({
  box: text,
  version: text,
  sharing: v.object({
    state: text,
    reason: text,
    text: v.object({ short: text, long: text }),
    measuredRate: v.optional(number),
    enforcedRate: v.optional(number),
    streams: number,
    missing: v.array(text),
  }),
  usage: v.object({ today: number, month: number }),
  earnings: v.object({ credited: text, pendingRecords: number, wallet: text }),
  consent: v.object({ given: v.boolean() }),
  pause: pauseAnswer,
  health: v.array(v.object({ severity: text, text, action: text, detail: v.optional(text) })),
});

const codeAnswer = v.object({ code: text });

const codeLines = ({ code }: v.InferOutput<typeof codeAnswer>) => [
  `${code} is the code for the other device, within 10 minutes`,
];

export function register(program: Command, context: CommandContext): void {
  const verb = (name: string, description: string) =>
    program.command(name).description(description).option("--json", "print the answer as JSON");
  const client = (options: CommonOptions) =>
    createStatusClient(readConfig(options, context).config, context.signal);

  verb("status", "household: what is shared now, why or why not, what was earned")
    .option("--code", "show a code with which another device may open the page")
    .action(async (options: CommonOptions & { code?: boolean }) => {
      if (options.code) {
        const answer = await client(options).send("POST", "/pairing-code");
        return show(context, options, answer, () => codeLines(readAnswer(codeAnswer, answer)));
      }
      const answer = await client(options).get("/status");
      return show(context, options, answer, () => statusLines(readAnswer(statusAnswer, answer)));
    });
  verb("pause", "household: stop sharing at once")
    .option("--for <duration>", "go on by itself after so long")
    .action(async (options: CommonOptions & { for?: string }) => {
      const body = options.for === undefined ? {} : { seconds: seconds(options.for) };
      const answer = await client(options).send("POST", "/pause", body);
      show(context, options, answer, () => {
        const { until } = readAnswer(v.object({ pause: pauseAnswer }), answer).pause;
        return [until === undefined ? "Sharing is paused." : `Sharing is paused. ${goesOn(until)}`];
      });
    });
  verb("resume", "household: share again").action(async (options: CommonOptions) => {
    const answer = await client(options).send("POST", "/resume");
    show(context, options, answer, () => ["Sharing goes on when the line is idle."]);
  });
  verb("wallet", "household: what this box earned, or (--mine) what you did as a creator")
    .option("--mine", "of your own key, as the coordinator's ledger has it")
    .option("--coordinator <url>", "the coordinator to ask (with --mine)")
    .action((options: WalletOptions) => wallet(options, context));
}

interface WalletOptions extends CommonOptions {
  readonly mine?: boolean;
  readonly coordinator?: string;
}

async function wallet(options: WalletOptions, context: CommandContext): Promise<void> {
  const flags = options.coordinator ? { "coordinator.url": options.coordinator } : {};
  const { config } = readConfig(options, context, flags);
  if (options.mine) return showAccount(options, config, context);
  const answer = await createStatusClient(config, context.signal).get("/wallet");
  return show(context, options, answer, () => {
    const { credited, wallet, pendingRecords } = readAnswer(statusAnswer.entries.earnings, answer);
    return [
      `${credited} tokens in wallet ${wallet}`,
      `${pendingRecords} records wait for the coordinator`,
    ];
  });
}

const goesOn = (until: number) => `It goes on by itself at ${localTime(until)}.`;

function statusLines(answer: v.InferOutput<typeof statusAnswer>): readonly string[] {
  const { sharing, usage, earnings, health } = answer;
  const now = sharing.measuredRate === undefined ? "" : `, ${formatRate(sharing.measuredRate)} now`;
  const { enforcedRate, state } = sharing;
  const bound =
    enforcedRate === undefined || state !== "sharing"
      ? ""
      : ` (held below ${formatRate(enforcedRate)})`;
  const { until } = answer.pause;
  const why =
    sharing.reason === "paused" && until !== undefined ? goesOn(until) : sharing.text.long;
  return [
    `${sharing.text.short}${now}${bound}. ${why}`,
    `${sharing.streams === 1 ? "1 viewer" : `${sharing.streams} viewers`}; ${formatBytes(usage.today)} today, ${formatBytes(usage.month)} this month`,
    `${earnings.credited} tokens earned, ${earnings.pendingRecords} records wait for the coordinator`,
    ...(sharing.missing.length > 0
      ? [`not measured: ${sharing.missing.map(signalName).join(", ")}`]
      : []),
    ...health.map(
      (condition) =>
        `${condition.severity}: ${condition.text} ${condition.action}${condition.detail ? ` [${condition.detail}]` : ""}`,
    ),
    `box ${answer.box}, version ${answer.version}`,
  ];
}

/** A box of another version may know signals that are not known here. */
const signalNames = new Map<string, string>(Object.entries(languages.en.signal));
const signalName = (signal: string) => signalNames.get(signal) ?? signal;

const LONGEST_PAUSE = 31 * 86_400_000;

function seconds(value: string): number {
  const parsed = parseDuration(value);
  if (parsed !== undefined && parsed >= 1000 && parsed <= LONGEST_PAUSE)
    return Math.round(parsed / 1000);
  throw wrong("--for", value, `${acceptedDuration}, from 1 s to 31 d; without it there is no end`);
}
