import type { CommandOutcome } from "./command.ts";

type Done = Extract<CommandOutcome, { kind: "done" }>;

export const isDone = (outcome: CommandOutcome): outcome is Done => outcome.kind === "done";

export const succeeded = (outcome: CommandOutcome): outcome is Done =>
  outcome.kind === "done" && outcome.code === 0;

/** Says in words that a household's page can show why tc or ip could not do its work. */
export function refusalOf(outcome: CommandOutcome): string {
  if (outcome.kind === "missing") return "the program tc is not installed";
  if (outcome.kind === "failed") return outcome.reason;
  const { stderr } = outcome;
  if (/not permitted/.test(stderr)) return "CAP_NET_ADMIN is missing";
  if (/qdisc kind is unknown/.test(stderr)) return "the kernel has no HTB";
  if (/device type/.test(stderr)) return "the kernel has no IFB";
  if (/Cannot find device/.test(stderr)) return "the network interface is gone";
  const [line] = stderr.split("\n");
  return line ? `tc said: ${line.slice(0, 120)}` : "tc could not set the queue up";
}
