/** The household's API, which programs and the verbs use. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { VisitedStatus } from "./visited-status.ts";

let box: VisitedStatus;
beforeEach(async () => {
  box = await new VisitedStatus().start();
});
afterEach(() => box[Symbol.asyncDispose]());

const send = (method: string, body: unknown): RequestInit => ({
  method,
  body: JSON.stringify(body),
});

test("tells the state with texts beside the codes", async () => {
  box.household.pause(60);
  expect(await box.json("status")).toMatchObject({
    version: "0.1.0",
    sharing: {
      state: "sharing",
      reason: "line-idle",
      measuredRate: 17.3e6,
      enforcedBy: "kernel",
    },
    earnings: { credited: "41.273912", creditedMicroTokens: "41273912", signedRecords: 12 },
    usage: { today: 9.4e9 },
    pause: { state: "paused" },
    consent: { given: false },
    health: [],
  });
});

test("pause, resume, limits and consent do what the page does", async () => {
  await box.api("pause", send("POST", { seconds: 60 }));
  expect(box.household.choices.pause.state).toBe("paused");
  await box.api("resume", { method: "POST" });
  expect(box.household.choices.pause.state).toBe("running");
  const limits = { share: 50, allowMetered: false, quietHours: [], dailyCap: 1e9 };
  expect(await box.json("limits", send("PUT", limits))).toEqual(limits);
  const { text } = (await box.json("consent?language=de")) as { text: { hash: string } };
  const given = await box.json(
    "consent",
    send("POST", { given: true, language: "de", text: text.hash }),
  );
  expect(given).toMatchObject({ given: true, choice: { language: "de" } });
});

test.each([
  ["POST", "pause", { seconds: -1 }],
  ["POST", "pause", { minutes: 1 }],
  ["PUT", "limits", { share: 0 }],
  ["PUT", "limits", []],
  ["POST", "consent", { given: "yes" }],
  ["GET", "records?limit=x", undefined],
] as const)(
  "%s %s %j is refused with a sentence and changes nothing",
  async (method, path, body) => {
    const before = box.household.choices;
    const answer = await box.api(path, body === undefined ? {} : send(method, body));
    expect(answer.status).toBe(400);
    const { error } = (await answer.json()) as { error: { code: string; text: string } };
    expect(error.code).toBe("invalid");
    expect(error.text.length).toBeGreaterThan(5);
    expect(box.household.choices).toEqual(before);
  },
);

test.each([
  ["PUT", "limits", { share: 50, quietHours: [] }, "allowMetered: is missing"],
  [
    "PUT",
    "limits",
    { share: 50, allowMetered: 1, quietHours: [] },
    "allowMetered: must be true or false",
  ],
  [
    "PUT",
    "limits",
    { share: 50, allowMetered: true, quietHours: {} },
    "quietHours: must be a list",
  ],
  [
    "PUT",
    "limits",
    { share: 5, allowMetered: true, quietHours: [{ from: 1, to: 2, days: 3 }] },
    "quietHours.0.days: is not known here",
  ],
  ["PUT", "limits", null, "What was sent must be a JSON object"],
  ["POST", "pause", [], "What was sent must be a JSON object"],
  ["POST", "pause", { seconds: 1e9 }, "seconds: must be at most 2678400"],
  ["GET", "records?before=-1", undefined, "before: must be a whole number of up to 15 digits"],
] as const)("%s %s %j is told plainly: %s", async (method, path, body, text) => {
  const answer = await box.api(path, body === undefined ? {} : send(method, body));
  expect(await answer.json()).toEqual({ error: { code: "invalid", text } });
});

test("what is not there is told as JSON too", async () => {
  for (const [method, path] of [
    ["PUT", "pause"],
    ["GET", "nothing"],
  ] as const) {
    const answer = await box.api(path, { method });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ error: { code: "unknown-path" } });
  }
});

test("a body beyond 16 KiB is refused", async () => {
  const answer = await box.api("limits", { method: "PUT", body: "x".repeat(20_000) });
  expect(answer.status).toBe(413);
});

test("records, wallet and titles", async () => {
  expect(await box.json("records?limit=1")).toMatchObject({ records: [{ sequence: 12 }] });
  expect(await box.json("wallet")).toMatchObject({
    credited: "41.273912",
    wallet: "5c".repeat(32),
  });
  expect(((await box.json("titles")).titles as unknown[]).length).toBe(3);
  const title = box.titles[0]?.title;
  expect((await box.api(`titles/${title}`, { method: "DELETE" })).status).toBe(204);
  expect((await box.api(`titles/${title}`, { method: "DELETE" })).status).toBe(404);
  expect((await box.api(`titles/${title}/block`, { method: "PUT" })).status).toBe(204);
  expect((await box.api(`titles/${title}/block`, { method: "DELETE" })).status).toBe(204);
});
