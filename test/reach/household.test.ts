/**
 * A household and its operator as they are: `spareband box` with the Linux drivers behind a real router,
 * `spareband coordinator` and a broker on the internet's side, production rules on both.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemRandom } from "../../agent/core/random.ts";
import { seconds } from "../../agent/core/units.ts";
import { deviceFingerprint } from "../../agent/identity/device-fingerprint.ts";
import { loadOrCreateKey } from "../../agent/identity/keys.ts";
import { firstDelay } from "../../agent/reporting/backoff.ts";
import { must, type Namespace } from "../contract/namespace.ts";
import {
  BOX_INSIDE,
  createHomeRouter,
  type HomeRouter,
  homeRouterMissing,
  SOMEBODY_OUTSIDE,
} from "./home-router.ts";

const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";
const MAIN = join(import.meta.dir, "../../agent/main.ts");
const TIMEOUT = 180_000;
const missing =
  homeRouterMissing ?? (Bun.which("mosquitto", { PATH }) ? undefined : "needs mosquitto");

const FORWARDED = `7411 → ${BOX_INSIDE}:7411`;

interface Status {
  readonly health: readonly { readonly code: string; readonly detail?: string }[];
}

describe.skipIf(missing !== undefined)(
  `a household behind a router${missing ? ` (${missing})` : ""}`,
  () => {
    let home: HomeRouter;
    let folder: string;
    let box: Bun.Subprocess;
    const processes: Bun.Subprocess[] = [];

    const start = ({ prefix }: Namespace, ...command: readonly string[]) => {
      const child = Bun.spawn([...prefix, ...command], {
        env: { PATH, HOME: folder, TMPDIR: folder },
        stdout: "ignore",
        stderr: Bun.file(join(folder, `${processes.length}.log`)),
      });
      processes.push(child);
      return child;
    };
    /** The first answer that is one; asks twice a second. */
    const until = async <T>(ask: () => Promise<T | undefined>): Promise<T> => {
      for (let attempt = 0; attempt < 240; attempt++) {
        const answer = await ask();
        if (answer !== undefined) return answer;
        await Bun.sleep(500);
      }
      const logs = processes.map((_, at) => readFileSync(join(folder, `${at}.log`), "utf8"));
      throw new Error(`what was waited for did not come:\n${logs.join("\n")}`);
    };
    const verb = (where: Namespace, config: string, ...args: readonly string[]) =>
      start(where, process.execPath, MAIN, ...args, "--config", join(folder, config));
    const write = (name: string, values: Readonly<Record<string, string>>) => {
      const lines = Object.entries(values).map(([key, value]) => `${key} = "${value}"`);
      writeFileSync(join(folder, name), `${lines.join("\n")}\n`);
    };
    const say = async (...args: readonly string[]) => {
      const child = Bun.spawn(
        [...home.box.prefix, process.execPath, MAIN, ...args, "--config", join(folder, "box.toml")],
        { env: { PATH, HOME: folder }, stdout: "pipe", stderr: "ignore" },
      );
      return new Response(child.stdout).text();
    };
    /** What the page says of being reached; undefined while it has no complaint. */
    const complaint = async () => {
      const { health } = JSON.parse(await say("status", "--json")) as Status;
      return health.find(({ code }) => code === "unreachable")?.detail;
    };

    beforeAll(async () => {
      home = await createHomeRouter();
      folder = mkdtempSync(join(tmpdir(), "household-"));
      const { outside } = home;
      writeFileSync(
        join(folder, "mosquitto.conf"),
        `listener 1883 ${SOMEBODY_OUTSIDE}\nallow_anonymous true\nuser root\npersistence false\n`,
      );
      start(outside, "mosquitto", "-c", join(folder, "mosquitto.conf"));
      const shared = { environment: "prod", "mqtt.url": `mqtt://${SOMEBODY_OUTSIDE}:1883` };
      write("coordinator.toml", {
        ...shared,
        "coordinator.state_dir": join(folder, "coordinator"),
        "coordinator.listen": `${SOMEBODY_OUTSIDE}:7400`,
        "coordinator.origin_listen": `${SOMEBODY_OUTSIDE}:7401`,
        "coordinator.reflector_listen": `${SOMEBODY_OUTSIDE}:7402`,
      });
      verb(outside, "coordinator.toml", "coordinator");
      const info = await until(async () => {
        const answer = await outside.run({
          program: "curl",
          args: ["-s", `http://${SOMEBODY_OUTSIDE}:7400/v1/info`],
        });
        return answer.kind === "done" && answer.stdout !== "" ? answer.stdout : undefined;
      });
      const { publicKey } = JSON.parse(info) as { publicKey: string };
      write("box.toml", {
        ...shared,
        "box.state_dir": join(folder, "box"),
        "coordinator.url": `http://${SOMEBODY_OUTSIDE}:7400`,
        "coordinator.public_key": publicKey,
      });
      makeEarlyKey(join(folder, "box", "identity"));
      // a firewall in the way of what the router itself has agreed to
      const drop = ["insert", "rule", "inet", "filter", "forward", "tcp", "dport", "7411", "drop"];
      await must(home.router.run, "nft", ...drop);
      box = verb(home.box, "box.toml", "box");
      await until(async () => ((await say("status", "--json")) === "" ? undefined : true));
    }, TIMEOUT);

    afterAll(async () => {
      for (const child of processes.toReversed()) {
        child.kill("SIGTERM");
        await child.exited;
      }
      await home[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    });

    test("nothing is mapped before it consents", async () => {
      expect(await home.redirections()).toEqual([]);
      expect(await complaint()).toBeUndefined();
    });

    test(
      "the page says that nobody gets through, with the port, when the coordinator does not",
      async () => {
        await say("consent", "--give", "--yes");
        const text = await until(async () => {
          const said = await complaint();
          return said?.includes("of the router") ? said : undefined;
        });
        expect(text).toContain("TCP port 7411 of the router leads to port 7411 here");
        expect(await home.redirections()).toEqual([FORWARDED]);
      },
      TIMEOUT,
    );

    test(
      "a withdrawn consent takes the mapping back",
      async () => {
        await say("consent", "--withdraw");
        await until(async () => ((await home.redirections()).length === 0 ? true : undefined));
        expect(await complaint()).toBeUndefined();
      },
      TIMEOUT,
    );

    test(
      "the complaint is over once the coordinator gets through, and the household's page stays inside",
      async () => {
        const rules = await must(
          home.router.run,
          ...["nft", "-a", "list", "chain", "inet", "filter", "forward"],
        );
        const [, handle = ""] = /dport 7411 drop # handle (\d+)/.exec(rules) ?? [];
        const rule = ["delete", "rule", "inet", "filter", "forward", "handle", handle];
        await must(home.router.run, "nft", ...rule);
        await say("consent", "--give", "--yes");
        expect(await until(() => home.knock(7411))).toBeDefined();
        await until(async () => ((await complaint()) === undefined ? true : undefined));
        expect(await home.redirections()).toEqual([FORWARDED]);
        expect(await home.knock(7410)).toBeUndefined();
      },
      TIMEOUT,
    );

    test(
      "SIGTERM takes the mapping back, and the box ends well",
      async () => {
        box.kill("SIGTERM");
        expect(await box.exited).toBe(0);
        expect(await home.redirections()).toEqual([]);
      },
      TIMEOUT,
    );
  },
);

/** Boxes first connect at a place within a minute that their key gives them; this one has an early place. */
function makeEarlyKey(directory: string): void {
  const fingerprint = deviceFingerprint();
  const setup = { name: "box", mayCreate: true, random: systemRandom, fingerprint };
  for (;;) {
    const key = loadOrCreateKey(directory, setup);
    if (key.state === "held") throw new Error(key.text);
    if (firstDelay(key.signer.publicKey, seconds(60)) < 3_000) return;
    rmSync(directory, { recursive: true });
  }
}
