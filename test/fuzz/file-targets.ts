/** The readers of files that people write, and of answers that other programs give as text. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { walletEntries } from "../../agent/accounting/wallet-entries.ts";
import { loadConfig } from "../../agent/config.ts";
import { infoAnswer, ticketsAnswer, titleAnswer } from "../../agent/content/coordinator-answers.ts";
import { parseCreatorList } from "../../agent/coordinator/creator-list.ts";
import { parseTopic } from "../../agent/coordinator/topics.ts";
import { OperatorError } from "../../agent/core/errors.ts";
import { parseJson } from "../../agent/core/json.ts";
import { parseReceiptBody } from "../../agent/peer/receipt-body.ts";
import { commandIdOf } from "../../agent/reporting/topics.ts";
import { limitsSchema, parseChoices } from "../../agent/status/choices.ts";
import { parseLimitsForm } from "../../agent/status/limits-form.ts";
import type { TextTarget } from "./text-targets.ts";

const key = "ab".repeat(32);

/** What an operator made a mistake in is answered with a sentence, anything else is a fault. */
function sentenceOr(read: () => string): string {
  try {
    return read();
  } catch (fault) {
    if (!(fault instanceof OperatorError)) throw fault;
    if (fault.message.length > 600) throw new Error("a sentence nobody reads", { cause: fault });
    return fault.message.replaceAll(/"[^"]*"|\d+/g, "").slice(0, 60);
  }
}

const info = {
  environment: "dev",
  publicKey: key,
  fleet: "home",
  reflectors: ["192.0.2.1:7402"],
  priceList: { id: 1, householdPerMebibyte: "1000", creatorsPerPlay: "5000", platformFee: 1000 },
  priceLists: [],
  successions: ["0oRY"],
};
const wallet = {
  wallet: key,
  lines: [
    { line: 3, entry: 1, kind: "household", amount: "-5", source: key, at: 7, proof: [key] },
    { line: 4, entry: 1, kind: "creator", amount: "12", source: key, at: 7, play: "0oRY" },
  ],
  statement: "0oRY",
  consistency: { from: "0oRY", proof: [key] },
  next: 5,
};
const limits = {
  maxRate: 8_000_000,
  share: 50,
  dailyCap: 1e9,
  allowMetered: false,
  quietHours: [{ from: 1320, to: 420 }],
};

const answers: TextTarget = {
  name: "answers of a coordinator",
  seeds: [
    JSON.stringify(info),
    JSON.stringify({ title: key, manifest: "0oRY", complete: true }),
    JSON.stringify({ tickets: [{ addresses: ["http://192.0.2.1:4080"], ticket: "0oRY" }] }),
    JSON.stringify(wallet),
  ],
  run(text) {
    const answer = parseJson(text);
    const found = [infoAnswer, titleAnswer, ticketsAnswer].map(
      (schema) => v.safeParse(schema, answer).success,
    );
    return `${found.join()} ${walletEntries(answer).ok}`;
  },
};

export const fileTargets: readonly TextTarget[] = [
  answers,
  {
    name: "list of creators",
    seeds: [`${key} a label\n# a remark\n\n${"cd".repeat(32)}\n`],
    run: (text) => sentenceOr(() => `${parseCreatorList(text, "creators").size} keys`),
  },
  {
    name: "receipt body",
    seeds: [JSON.stringify({ ticket: key, receipt: "0oRY" })],
    run: (text) => String(parseReceiptBody(text) !== undefined),
  },
  {
    name: "topics",
    seeds: [`spareband/v1/home/${key}/usage`, `spareband/v1/home/${key}/cmd/${"ab".repeat(16)}`],
    run: (text) => `${parseTopic(text, "home")?.kind} ${commandIdOf(text) !== undefined}`,
  },
  {
    name: "household's choices",
    seeds: [
      JSON.stringify({
        consent: { given: true, text: key, language: "en", at: 1_767_225_600 },
        pause: { state: "paused", until: 1_767_225_700 },
        limits,
      }),
      JSON.stringify(limits),
    ],
    run(text) {
      const own = v.safeParse(limitsSchema, parseJson(text));
      return `${parseChoices(text) !== undefined} ${own.success}`;
    },
  },
  {
    name: "form of limits",
    seeds: ["maxRate=8&share=50&dailyCap=2&from=22:00&to=07:00&allowMetered=on", "share=&maxRate="],
    run(text) {
      const read = parseLimitsForm(Object.fromEntries(new URLSearchParams(text)));
      return read.ok ? "ok" : read.typed.wrong;
    },
  },
];

/** Each input is a file that is written and read: far fewer of them. */
export const slowFileTargets: readonly TextTarget[] = [
  {
    name: "configuration file",
    seeds: [
      `environment = "prod"\nfleet = "rooms"\n\n[coordinator]\nurl = "https://c.example"\npublic_key = "${key}"\n\n[mqtt]\nurl = "mqtts://b.example:8883"\n\n[limits]\nmax_rate = "8 Mbit/s"\nshare = 0.5\n`,
      '[box]\nstate_dir = "/var/lib/spareband"\nlisten = "[::]:4080"\nnic = "eth0"\n[content]\ncapacity = "8 GB"\ndaily_writes = "2 GiB"\n',
      "a = 1979-05-27T07:32:00Z\nb = [1, [2, 3]]\nc.d.e = '''\nmany\nlines'''\n",
    ],
    run(text) {
      const folder = mkdtempSync(join(tmpdir(), "spareband-fuzz-"));
      try {
        const file = join(folder, "spareband.toml");
        writeFileSync(file, text);
        return sentenceOr(() => {
          const { warnings } = loadConfig({ file, environment: {} });
          return `${warnings.length} unknown`;
        }).replaceAll(folder, "");
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  },
];
