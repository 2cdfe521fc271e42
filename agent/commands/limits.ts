/** `spareband limits`: what the household lets be shared, to show and to change. */
import type { Command } from "commander";
import * as v from "valibot";
import {
  acceptedBytes,
  acceptedRate,
  formatBytes,
  formatRate,
  parseBytes,
  parseRate,
} from "../core/quantity.ts";
import { readAnswer, show, wrong } from "./answer.ts";
import { type CommandContext, type CommonOptions, readConfig } from "./context.ts";
import { createStatusClient, type StatusClient } from "./status-client.ts";

const number = v.number();
const limitsAnswer = v.object({
  maxRate: v.optional(number),
  share: number,
  dailyCap: v.optional(number),
  monthlyCap: v.optional(number),
  allowMetered: v.boolean(),
  quietHours: v.array(v.object({ from: number, to: number })),
});
type Limits = v.InferOutput<typeof limitsAnswer>;
/** A box of an older version does not tell it. */
const makerAnswer = v.object({
  maker: v.optional(v.object({ maxRate: v.optional(number), share: number })),
});
type Maker = v.InferOutput<typeof makerAnswer>["maker"];

export function register(program: Command, context: CommandContext): void {
  program
    .command("limits")
    .description("household: show or change what may be shared")
    .option("--max-rate <rate>", 'highest rate such as "10 Mbit/s", or "none"')
    .option("--share <percent>", "per cent of the idle line, 1 to 100")
    .option("--daily-cap <size>", 'most in a day such as "5 GB", or "none"')
    .option("--monthly-cap <size>", 'most in a month, or "none"')
    .option("--quiet <hours>", 'such as "22:00-06:30", comma-separated, or "none"')
    .option("--metered <yes|no>", "may a line that is paid for by volume be used?")
    .option("--json", "print the answer as JSON")
    .action((flags: LimitFlags) => {
      const { config } = readConfig(flags, context);
      return changeLimits(flags, createStatusClient(config, context.signal), context);
    });
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
  const before = readAnswer(limitsAnswer, await client.get("/limits"));
  const after = withFlags(before, flags);
  const answer = after === before ? before : await client.send("PUT", "/limits", after);
  const maker = flags.json ? undefined : await makerOf(client);
  show(context, flags, answer, () => [
    ...limitLines(readAnswer(limitsAnswer, answer)),
    ...makerLines(maker),
  ]);
}

const makerOf = async (client: StatusClient): Promise<Maker> =>
  readAnswer(makerAnswer, await client.get("/status")).maker;

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

function limitLines(limits: Limits): readonly string[] {
  const { maxRate, dailyCap, monthlyCap } = limits;
  const size = (amount: number | undefined) =>
    amount === undefined ? "none" : formatBytes(amount);
  return [
    `highest rate  ${maxRate === undefined ? "none" : formatRate(maxRate)}`,
    `share         ${limits.share} % of the idle line`,
    `daily cap     ${size(dailyCap)}`,
    `monthly cap   ${size(monthlyCap)}`,
    `quiet hours   ${limits.quietHours.map(stretch).join(", ") || "none"}`,
    `metered line  ${limits.allowMetered ? "may be used" : "is never used"}`,
  ];
}

/** From a time to the same time is a day, which not everybody means. */
const stretch = ({ from, to }: Limits["quietHours"][number]) =>
  `${clockTime(from)}-${clockTime(to)}${from === to ? " (the whole day)" : ""}`;

/** Of two limits the lower one holds; what the maker left open is not said. */
function makerLines(maker: Maker): readonly string[] {
  const { maxRate, share = 100 } = maker ?? {};
  const parts = [
    ...(maxRate === undefined ? [] : [formatRate(maxRate)]),
    ...(share < 100 ? [`${share} % of the idle line`] : []),
  ];
  return parts.length > 0 ? [`by the maker  at most ${parts.join(" and ")}`] : [];
}

const clockTime = (minutes: number) =>
  `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
