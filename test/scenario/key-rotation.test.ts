/** The coordinator changes its key while boxes and viewers that know the old one go on (fault 33). */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hasMosquitto } from "../faults/mosquitto.ts";
import { deploy, eventually } from "./deployment.ts";
import { type Ended, type Running, run } from "./run.ts";

const title = join(import.meta.dir, "../fixtures/titles/meadow");
const LIMIT_MS = 300_000;
const needs = hasMosquitto ? "" : " (skipped: mosquitto is missing)";

async function ok(running: Running | Promise<Ended>): Promise<string> {
  const { status, stdout, stderr } = await ("ended" in running ? running.ended : running);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}
const json = async (running: Running | Promise<Ended>) => JSON.parse(await ok(running));

test.skipIf(!hasMosquitto)(
  `the coordinator's key changes: what was earned under either is paid, and either verifies it${needs}`,
  async () => {
    await using chain = await deploy(["kitchen"]);
    const [box] = chain.boxes;
    if (!box) throw new Error("no box");
    const fleet = async () => {
      const token = readFileSync(join(chain.directory, "coordinator/operator-token"), "utf8");
      const headers = { authorization: `Bearer ${token.trim()}` };
      const answer = await fetch(`${chain.coordinatorUrl}/v1/fleet`, { headers });
      const { boxes } = (await answer.json()) as {
        boxes: { creditedBytes: number; titles: { permille: number }[] }[];
      };
      return boxes[0] ?? { creditedBytes: 0, titles: [] };
    };
    let verified = 0;
    let fetches = 0;
    const fetchOnce = async (): Promise<number> => {
      const folder = `fetch-${fetches++}`;
      const fetched = await json(chain.as("viewer", "fetch", "meadow", "--to", folder, "--json"));
      const served = fetched.boxes.filter(({ origin }: { origin: boolean }) => !origin);
      const bytes = served.reduce((sum: number, of: { bytes: number }) => sum + of.bytes, 0);
      verified += bytes;
      return bytes;
    };

    await ok(box.say("consent", "--give", "--yes"));
    await ok(chain.as("creator", "publish", title));
    await eventually("the box does not hold the title", fleet, ({ titles }) =>
      titles.some(({ permille }) => permille === 1000),
    );
    await eventually("nothing from the box", fetchOnce, (bytes) => bytes > 0);

    const rotate = () =>
      run(["coordinator", "--rotate-key", "--json", "--config", chain.coordinatorConfig]).ended;
    const refused = await rotate();
    expect(refused.status).toBe(69);
    expect(refused.stderr).toMatch(/Another spareband coordinator uses the state directory/);
    chain.coordinator.kill("SIGTERM");
    await chain.coordinator.ended;
    const keys = await json(rotate());
    expect(keys.previous).toBe(chain.coordinatorKey);

    const again = run(["coordinator", "--config", chain.coordinatorConfig]);
    try {
      await again.line(/listening for boxes/);
      const info = (await (await fetch(`${chain.coordinatorUrl}/v1/info`)).json()) as object;
      expect(info).toMatchObject({ publicKey: keys.next });
      await eventually("nothing from the box", fetchOnce, (bytes) => bytes > 0);
      // The sessions under the old key were open all the while.
      await eventually("credit", fleet, ({ creditedBytes }) => creditedBytes === verified);
      await ok(box.say("export", join(chain.directory, "account")));
      for (const key of [keys.previous, keys.next]) {
        const file = join(chain.directory, "account.cbor");
        const check = ["verify", file, "--environment", "dev", "--coordinator-key", key];
        expect(await ok(run(check))).toContain("everything verifies");
      }
      const stranger = "2".repeat(64);
      const check = ["verify", join(chain.directory, "account.cbor"), "--environment", "dev"];
      expect((await run([...check, "--coordinator-key", stranger]).ended).status).toBe(1);
    } finally {
      again.kill("SIGTERM");
      await again.ended;
    }
  },
  LIMIT_MS,
);
