/** Settings and coordinators that cannot be used: one sentence each, with the exit code of its kind. */
import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  apart,
  LIMIT_MS,
  meadow,
  refused,
  startLoneCoordinator,
  wrong,
} from "./lone-coordinator.ts";
import { run, temporary } from "./run.ts";

const OTHER_KEY = "a".repeat(64);
const NOBODY = "http://127.0.0.1:1";

const alone = await startLoneCoordinator();

const fetching = (...args: string[]) => ["fetch", "meadow", "--discard", ...args];
const toml = (text: string) => {
  const path = join(temporary(), "spareband.toml");
  writeFileSync(path, text);
  return path;
};

const pipe = () => {
  const path = join(temporary(), "pipe");
  execFileSync("mkfifo", [path]);
  return path;
};

const cases = [
  wrong(
    "no configuration file",
    () => fetching("--config", "/nowhere.toml"),
    78,
    /cannot read .*\/nowhere\.toml/,
  ),
  wrong("broken TOML", () => fetching("--config", toml("a =\n")), 78, /line 1: not valid TOML/),
  wrong(
    "a bad value",
    () => fetching("--config", toml('log.level = "loud"\n')),
    78,
    /"log\.level" is "loud", but must be one of/,
  ),
  wrong(
    "a device without an end for a file",
    () => fetching("--config", "/dev/zero"),
    78,
    /\/dev\/zero is larger than 256 KiB/,
  ),
  wrong("a file without a name", () => fetching("--config", ""), 64, /--config names no file/),
  wrong(
    "a fleet that is a pattern of topics",
    () => fetching("--config", alone.with({ fleet: "a/#" })),
    78,
    /"fleet" is "a\/#", but must be a name/,
  ),
  wrong(
    "an authority for the broker that is no certificate",
    () => [
      "coordinator",
      "--config",
      alone.with({ ...apart(), "mqtt.url": "mqtts://127.0.0.1:1", "mqtt.ca_file": alone.file }),
    ],
    78,
    /a-file, which mqtt\.ca_file names, holds no certificate in PEM/,
  ),
  wrong(
    "an epoch without a length",
    () => fetching("--config", alone.with({ "coordinator.epoch": "0 s" })),
    78,
    /"coordinator\.epoch" is "0 s", but must be .* at least 1 s/,
  ),
  wrong(
    "a broker without a host",
    () => fetching("--config", alone.with({ "mqtt.url": "mqtt://" })),
    78,
    /"mqtt\.url" is "mqtt:\/\/"/,
  ),
  wrong(
    "a broker's address with a password, which is not repeated",
    () => fetching("--config", alone.with({ "mqtt.url": "mqtt://box:secret@broker.example" })),
    78,
    /"mqtt\.url" is "mqtt:\/\/…@broker\.example", but must be .* no password in it/,
  ),
  wrong(
    "an address of a box that no viewer could use",
    () => fetching("--config", toml('box.addresses = ["https://box.example", "my box"]\n')),
    78,
    /"box\.addresses" is .* but must be a list of at most 8 URLs/,
  ),
  wrong(
    "a list of creators that is none",
    () => [
      "coordinator",
      "--config",
      alone.with({ ...apart(), "coordinator.creators_file": alone.file }),
    ],
    78,
    /a-file, line 1: "not" is no creator's key/,
  ),
  wrong(
    "an address that is none",
    () => fetching("--coordinator", "nonsense"),
    78,
    /"coordinator\.url" is "nonsense"/,
  ),
  wrong(
    "no coordinator",
    () => fetching("--config", alone.with({ "coordinator.url": "" })),
    78,
    /coordinator\.url is not set/,
  ),
  wrong(
    "the coordinator away",
    () => fetching("--config", alone.config, "--coordinator", NOBODY),
    69,
    /does not answer/,
  ),
  wrong(
    "publishing, the coordinator away",
    () => ["publish", meadow, "--config", alone.config, "--coordinator", NOBODY],
    69,
    /does not answer/,
  ),
  wrong(
    "another coordinator than expected",
    () => fetching("--config", alone.with({ "coordinator.public_key": OTHER_KEY })),
    77,
    /has the key [0-9a-f]{64}, expected is a{64}/,
  ),
  wrong(
    "prod without a pinned key",
    () => fetching("--config", alone.with({ environment: "prod" })),
    78,
    /in prod a coordinator is never trusted by its address/,
  ),
  wrong(
    "a device of prod at a coordinator of dev",
    () =>
      fetching(
        "--config",
        alone.with({ environment: "prod", "coordinator.public_key": OTHER_KEY }),
      ),
    78,
    /is for dev, this device is set up for prod/,
  ),
  wrong(
    "a box without an operator",
    () => ["box", "--config", alone.with({ "mqtt.url": "" })],
    78,
    /mqtt\.url is not set/,
  ),
  wrong(
    "a password file that is not there",
    () => ["coordinator", "--config", alone.with({ ...apart(), "mqtt.password_file": "/nowhere" })],
    78,
    /cannot read \/nowhere/,
  ),
  wrong(
    "a password file that is a pipe, which nobody writes to",
    () => ["coordinator", "--config", alone.with({ ...apart(), "mqtt.password_file": pipe() })],
    78,
    /cannot read .* is a pipe, not a file\), which mqtt\.password_file names/,
  ),
  wrong(
    "a device without an end for an authority",
    () => ["coordinator", "--config", alone.with({ ...apart(), "mqtt.ca_file": "/dev/zero" })],
    78,
    /cannot read \/dev\/zero .* is longer than 1048576 bytes\), which mqtt\.ca_file names/,
  ),
  wrong(
    "an operator's token that is a pipe",
    () => [
      "coordinator",
      "--config",
      alone.with({ ...apart(), "coordinator.operator_token_file": pipe() }),
    ],
    78,
    /cannot read the operator's token file .* is a pipe/,
  ),
];

test.each(cases.map((each) => [each.what, each] as const))(
  "%s",
  async (_what, { args, code, says }) => {
    refused(await run(args(), { directory: alone.directory }).ended, code, says);
  },
  LIMIT_MS,
);

test(
  "an unknown key in the configuration is a warning, and the verb goes on",
  async () => {
    const odd = alone.with({ "box.sate_dir": "/tmp" });
    const { status, stderr } = await run(fetching("--config", odd)).ended;
    expect(stderr).toContain('unknown key \\"box.sate_dir\\" is ignored');
    expect(status).toBe(0);
  },
  LIMIT_MS,
);

test(
  "what the coordinator refuses comes with its code and its words",
  async () => {
    await using refusing = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (request) => {
        const { pathname } = new URL(request.url);
        if (pathname !== "/v1/wallet") return fetch(`http://${alone.address}${pathname}`);
        const error = { code: "stale", text: "The request is too old; set the clock." };
        return Response.json({ error }, { status: 403 });
      },
    });
    const url = `http://127.0.0.1:${refusing.port}`;
    const { ended } = run(["wallet", "--mine", "--config", alone.config, "--coordinator", url]);
    refused(
      await ended,
      77,
      /the coordinator refused \(stale\): The request is too old; set the clock/,
    );
  },
  LIMIT_MS,
);

test.each([
  ["a page", () => new Response("<html></html>", { headers: { "content-type": "text/html" } })],
  ["a redirect", () => Response.redirect("http://127.0.0.1:1/", 302)],
  [
    "a box, which has another's paths",
    () => Response.json({ error: { code: "unknown-path", text: "Nothing." } }, { status: 404 }),
  ],
  ["an empty answer", () => new Response(null, { status: 204 })],
])(
  "an address where %s is found instead of a coordinator or a box is told as such",
  async (_what, answer) => {
    await using other = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: answer });
    const address = `127.0.0.1:${other.port}`;
    const asked = run(fetching("--config", alone.config, "--coordinator", `http://${address}`));
    refused(await asked.ended, 69, /gave an answer that is not a coordinator's/);
    const state = temporary();
    writeFileSync(join(state, "status-token"), `${"t".repeat(43)}\n`);
    const odd = alone.with({ "box.state_dir": state, "status.listen": address });
    refused(
      await run(["status", "--json", "--config", odd]).ended,
      69,
      /no Spareband box|does not answer/,
    );
  },
  LIMIT_MS,
);
