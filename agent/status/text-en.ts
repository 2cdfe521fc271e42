import type { Reason } from "../governor/verdict.ts";
import { conditionKinds } from "../health/conditions.ts";
import type { Signal } from "./sources.ts";
import type { ConditionTexts } from "./text-conditions-de.ts";

/** Why sharing is as it is: a headline that is legible from the sofa, and a sentence for those who ask. */
export type ReasonTexts = Readonly<
  Record<Reason, { readonly short: string; readonly long: string }>
>;

const reasons: ReasonTexts = {
  "line-idle": { short: "The line is free", long: "Nobody at home needs it right now." },
  "learning-line": {
    short: "Getting to know your line",
    long: "Sharing grows slowly until the box knows what the line can spare.",
  },
  "someone-uploading": {
    short: "Someone at home is uploading",
    long: "They get the line; the box holds back.",
  },
  "line-busy": {
    short: "Your line is busy",
    long: "Someone at home is using it; the box holds back.",
  },
  "line-unknown": {
    short: "Your line is not known yet",
    long: "The box cannot measure the line, so it shares nothing.",
  },
  "signals-missing": {
    short: "Some measurements are missing",
    long: "The box shares less, to be on the safe side.",
  },
  "another-box": {
    short: "Another box shares as well",
    long: "There is more than one at home; each takes its part of what is free.",
  },
  "rate-limited": {
    short: "At the limit",
    long: "The box could share more, but a limit is set: yours, or its maker's.",
  },
  playback: {
    short: "The picture comes first",
    long: "The box is playing for you, so it shares nothing.",
  },
  "playback-unknown": {
    short: "The box may be playing",
    long: "It cannot tell whether someone is watching, so it holds back.",
  },
  "cpu-busy": { short: "The box is busy", long: "It has other things to do; sharing waits." },
  warm: { short: "The box is warm", long: "It shares nothing until it has cooled down." },
  "heat-unknown": {
    short: "The temperature is unknown",
    long: "The box shares less because it cannot feel its own heat.",
  },
  "quiet-hours": { short: "Quiet hours", long: "You asked for quiet at this time." },
  "daily-cap": { short: "Enough for today", long: "Your limit for today is reached." },
  "monthly-cap": { short: "Enough for this month", long: "Your limit for this month is reached." },
  metered: {
    short: "This line is paid by volume",
    long: "Nothing is shared unless you allow it below.",
  },
  paused: { short: "You paused sharing", long: "Nothing is shared until you resume." },
  "no-consent": { short: "Waiting for your consent", long: "Nothing is shared before you agree." },
  offline: { short: "No internet", long: "The box has no connection at the moment." },
  "storage-failing": {
    short: "Storage trouble",
    long: "The box cannot write reliably, so it shares nothing.",
  },
  "outbox-full": {
    short: "Too much is waiting to be delivered",
    long: "Sharing goes on once the coordinator has answered.",
  },
  quarantined: {
    short: "Held back by the coordinator",
    long: "See below for the reason and what to do.",
  },
  "limit-breached": {
    short: "A limit was passed",
    long: "Sharing stopped because more was sent than you allow.",
  },
};

export const en = {
  tag: "en",
  name: "English",
  reasons,
  conditions: conditionKinds as ConditionTexts,
  signals: "Not measured",
  signal: {
    "delay-probes": "delay on the line",
    "peer-connections": "connections to viewers",
    processor: "load of the processor",
    temperature: "temperature",
    playback: "what is playing",
    router: "the router's counters",
  } as Readonly<Record<Signal, string>>,
  title: "Spareband",
  sharing: "Sharing",
  ready: "Ready to share",
  notSharing: "Not sharing",
  pausedUntil: (time: string) => `It goes on by itself on ${time}.`,
  upTo: (rate: string) => `up to ${rate}`,
  // The rate beside it is that of the last seconds, and may have been higher.
  atMostNow: (rate: string) => `at most ${rate} right now`,
  viewers: (count: number) =>
    count === 0
      ? "Nobody is asking right now"
      : count === 1
        ? "1 viewer is served"
        : `${count} viewers are served`,
  waiting: (count: number) => `${count} waiting`,
  enforced: { kernel: "Kept by the system", program: "Kept by the program", nothing: "" },
  lastMinutes: "The last 10 minutes",
  pause: "Pause",
  pauseHour: "Pause for an hour",
  resume: "Resume",
  earned: "Earned",
  tokens: "tokens",
  pending: (count: number) =>
    count === 1
      ? "1 record waits for the coordinator"
      : `${count} records wait for the coordinator`,
  nothingPending: "Everything was answered",
  shared: "Shared",
  today: "Today",
  month: "This month",
  of: (cap: string) => `of ${cap}`,
  health: "What you should know",
  allWell: "All is well.",
  severity: { problem: "Problem", warning: "Warning", notice: "Notice" },
  limits: "Your limits",
  maxRate: "Highest rate, in Mbit/s",
  share: "Share of the free line, in %",
  dailyCap: "Most per day, in GB",
  monthlyCap: "Most per month, in GB",
  noLimit: "no limit",
  makersShare: (percent: number) => `${percent} % of the free line`,
  makersLimits: (limits: readonly string[]) =>
    `This box's maker allows at most ${limits.join(" and ")}. Of two limits the lower one holds.`,
  metered: "Share although the line is paid by volume",
  quietHours: "Quiet hours",
  from: "From",
  to: "To",
  save: "Save",
  addQuietHours: "Add a stretch here, or leave it empty",
  removeQuietHours: (from: string, to: string) => `Remove ${from} to ${to}`,
  remove: "Remove",
  timeHint: "OK, then the arrows set the time",
  saved: "Saved.",
  titles: "Titles on this box",
  noTitles: "No titles yet. The coordinator sends what viewers near you ask for.",
  spaceUsed: (held: string, capacity: string) => `${held} of ${capacity}`,
  delete: "Delete",
  block: "Block",
  blocked: "Blocked titles",
  unblock: "Allow again",
  consent: "Your consent",
  consentAsk: "May this box share?",
  consentGiven: (time: string) => `You agreed on ${time}.`,
  consentChanged: "The text has changed since you agreed; please read it again.",
  readText: "Read the text",
  agree: "I agree",
  withdraw: "Withdraw consent",
  about: "About this box",
  boxId: "Box",
  wallet: "Wallet",
  version: "Version",
  devNote: "Test environment: these tokens are worth nothing.",
  pairTitle: "Who is there?",
  pairText: "To see and change things from this device, type the code that the box shows.",
  pairHow:
    "The code is shown by “Add a device” on a device that is already connected, or by “spareband status --code” on the box.",
  readOnly: "You can look, but not change anything yet. Type the code that the box shows.",
  code: "Code",
  connect: "Connect",
  addDevice: "Add a device",
  codeShown: (code: string) => `Type ${code} on the other device within 10 minutes.`,
  wrongCode: "That was not the code. Look at it again, or ask for a new one.",
  lockedOut: "Too many wrong codes. Wait a few minutes, then ask the box for a new one.",
  language: "Language",
  invalid: "Please check the values; nothing was changed.",
  checkField: (label: string, accepted: string) =>
    `“${label}” must be ${accepted}. Nothing was changed.`,
  accepted: {
    maxRate: "a number above 0 such as 7.5, or empty for no limit",
    dailyCap: "a number above 0 such as 5, or empty for no limit",
    monthlyCap: "a number above 0 such as 200, or empty for no limit",
    share: "a whole number from 1 to 100",
    quietHours: "times such as 22:00 and 06:30, always two together, at most eight stretches",
  },
  stale: "The box does not answer. What you see here may be old.",
  records: "Records",
  recordsHow:
    "For everything it serves this box signs a record. The coordinator checks it, answers, and credits it.",
  noRecords: "No records yet. The first is signed when a viewer has fetched something.",
  signed: "Signed",
  answered: "Answered",
  waits: "Waiting",
  credited: "Credited",
  asOf: (time: string) => `as of ${time}`,
  outcome: { pending: "waiting", credited: "credited", refused: "not paid" },
  older: "Older",
  newest: "Newest",
};

export type Texts = typeof en;
