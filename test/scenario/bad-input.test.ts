/** Names, files and flags that people and machines get wrong: one clear sentence, the right exit code. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { LIMIT_MS, meadow, refused, startLoneCoordinator, wrong } from "./lone-coordinator.ts";
import { run, temporary } from "./run.ts";

const OTHER_KEY = "a".repeat(64);

const alone = await startLoneCoordinator();

const fetching = (...args: string[]) => ["fetch", "meadow", "--discard", ...args];

const cases = [
  wrong(
    "an unknown title",
    () => ["fetch", "nothing", "--config", alone.config],
    66,
    /knows no title "nothing"/,
  ),
  wrong(
    "a title with a name beyond all names",
    () => ["fetch", "x".repeat(100_000), "--config", alone.config],
    66,
    /^spareband: .{1,300}$/m,
  ),
  wrong(
    "a folder without a name",
    () => ["fetch", "meadow", "--to", "", "--config", alone.config],
    64,
    /--to is "", but must be the name of a folder/,
  ),
  wrong(
    "playing to the whole network",
    () => ["play", "meadow", "--listen", "0.0.0.0:0", "--config", alone.config],
    78,
    /cannot listen on 0\.0\.0\.0: .* name a loopback address/,
  ),
  wrong(
    "playing an unknown title",
    () => ["play", "nothing", "--config", alone.config],
    66,
    /knows no title "nothing"/,
  ),
  wrong(
    "a folder that is a file",
    () => ["fetch", "meadow", "--to", alone.file, "--config", alone.config],
    74,
    /Cannot write .*a-file/,
  ),
  ...(["--slug", "--isrc", "--iswc"] as const).map((flag) =>
    wrong(
      `a title's ${flag}`,
      () => ["publish", meadow, flag, "A B", "--config", alone.config],
      64,
      new RegExp(`^spareband: ${flag} is "A B", but must be .*such as "`),
    ),
  ),
  wrong(
    "a title folder that is not there",
    () => ["publish", "/nowhere", "--config", alone.config],
    66,
    /Cannot read the folder \/nowhere/,
  ),
  wrong(
    "a title that is a file",
    () => ["publish", alone.file, "--config", alone.config],
    66,
    /is a file: name the folder/,
  ),
  wrong(
    "a title without files",
    () => ["publish", temporary(), "--config", alone.config],
    66,
    /has no files/,
  ),
  wrong(
    "a split file that is not there",
    () => ["sign-split", "/nowhere", "--config", alone.config],
    66,
    /Cannot read the split file/,
  ),
  wrong(
    "a split file without an end",
    () => ["sign-split", "/dev/zero", "--config", alone.config],
    78,
    /split file .* it is larger than 64 KiB/,
  ),
  wrong(
    "a split file with nothing in it",
    () => ["sign-split", "/dev/null", "--config", alone.config],
    78,
    /party is missing/,
  ),
  wrong(
    "a split file that is none",
    () => ["sign-split", alone.file, "--config", alone.config],
    78,
    /split file .* cannot be used/,
  ),
  wrong(
    "no box here",
    () => ["status", "--config", alone.with({ "box.state_dir": temporary() })],
    69,
    /the box has not run here yet/,
  ),
  wrong(
    "nobody's wallet",
    () => ["wallet", "--mine", "--config", alone.with({ "viewer.key_dir": temporary() })],
    66,
    /key/,
  ),
  wrong(
    "an export to nowhere",
    () => [
      "export",
      "/nowhere/x",
      "--mine",
      "--config",
      alone.with({ "viewer.key_dir": join(alone.directory, "keys") }),
    ],
    74,
    /the export to \/nowhere\/x\.cbor was not written/,
  ),
  wrong(
    "an export without a name",
    () => ["export", "", "--mine", "--config", alone.config],
    64,
    /<name> is "", but must be the name of the files/,
  ),
  wrong(
    "an export that would be hidden in a folder",
    () => ["export", `${temporary()}/`, "--mine", "--config", alone.config],
    64,
    /<name> is ".*\/", but must be the name of the files/,
  ),
  wrong(
    "a title whose name is no text",
    () => ["publish", meadow, "--name", "", "--config", alone.config],
    64,
    /--name is "", but must be a text/,
  ),
  wrong("an appeal of spaces", () => ["appeal", "  "], 64, /the appeal has no words, but must/),
  wrong(
    "a folder for what is thrown away",
    () => fetching("--to", temporary()),
    64,
    /--to and --discard exclude each other/,
  ),
  wrong(
    "an export with too long a name",
    () => ["export", "x".repeat(300), "--mine", "--config", alone.config],
    74,
    /was not written \(ENAMETOOLONG\)/,
  ),
  wrong(
    "an export that is empty",
    () => ["verify", "/dev/null", "--coordinator-key", OTHER_KEY],
    1,
    /does not verify: it is no export, or nothing is left of one/,
  ),
  wrong(
    "nothing to verify",
    () => ["verify", "/nowhere", "--coordinator-key", OTHER_KEY],
    66,
    /cannot read \/nowhere/,
  ),
  wrong(
    "a file that is no export",
    () => ["verify", alone.file, "--coordinator-key", OTHER_KEY],
    1,
    /a-file does not verify: it is no export.*name the \.cbor file/,
  ),
  wrong(
    "a key that is none",
    () => ["verify", alone.file, "--coordinator-key", "zz"],
    64,
    /but must be 64 lower-case/,
  ),
  wrong("an unknown verb", () => ["bogus"], 64, /unknown command 'bogus'/),
  wrong("no verb", () => [], 64, /Usage: spareband/),
  wrong("too many boxes", () => fetching("--boxes", "99"), 64, /--boxes is "99"/),
  wrong(
    "repeating into a folder",
    () => ["fetch", "meadow", "--repeat", "3"],
    64,
    /--repeat needs --discard/,
  ),
  wrong("a limit of records", () => ["records", "--limit", "0"], 64, /--limit is "0"/),
  wrong("too many records", () => ["records", "--limit", "501"], 64, /--limit is "501"/),
  wrong("a pause for ages", () => ["pause", "--for", "99999 d"], 64, /from 1 s to 31 d/),
  wrong("a language that is not there", () => ["consent", "--language", "xx"], 64, /en, de/),
  wrong(
    "a development title without files",
    () => ["dev", "--once", "--title", temporary()],
    66,
    /has no files/,
  ),
  wrong(
    "a development state that is a file",
    () => ["dev", "--state", alone.file],
    74,
    /name an empty folder by --state/,
  ),
  wrong("sums of a run without an end", () => ["dev", "--json"], 64, /--json needs --once/),
  wrong("a log level that is none", () => ["dev", "--log", "loud"], 64, /Allowed choices/),
];

test.each(cases.map((each) => [each.what, each] as const))(
  "%s",
  async (_what, { args, code, says }) => {
    refused(await run(args(), { directory: alone.directory }).ended, code, says);
  },
  LIMIT_MS,
);

const required: Readonly<Record<string, readonly string[]>> = {
  verify: ["--coordinator-key", OTHER_KEY],
};
const verbs = ["box", "coordinator", "dev", "publish", "sign-split", "fetch", "play", "status"];
const more = ["pause", "resume", "limits", "consent", "wallet", "records", "export", "verify"];
test.each([...verbs, ...more, "doctor", "enrol", "reset"])(
  "%s: an unknown flag is refused, and --help says what there is",
  async (verb) => {
    const [bad, help] = await Promise.all([
      run([verb, ...(required[verb] ?? []), "--no-such-flag"]).ended,
      run([verb, "--help"]).ended,
    ]);
    refused(bad, 64, /unknown option '--no-such-flag'/);
    expect(help.status).toBe(0);
    expect(help.stdout).toMatch(new RegExp(`^Usage: spareband ${verb} `));
    expect(help.stdout).toContain("--config <file>");
  },
  LIMIT_MS,
);
