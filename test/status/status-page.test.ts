/** The household's page over real HTTP: what it shows, and what its forms change. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { megabitsPerSecond } from "../../agent/core/units.ts";
import { consentText } from "../../agent/status/consent-text.ts";
import { VisitedStatus } from "./visited-status.ts";

let box: VisitedStatus;
beforeEach(async () => {
  box = await new VisitedStatus().start();
});
afterEach(() => box[Symbol.asyncDispose]());

test("shows the rate, why, what was earned and what was shared", async () => {
  box.agree();
  const html = await box.page();
  for (const text of ["17.3 Mbit/s", "The line is free", "41.2739", "9.40 GB", "212 GB", "Pause"]) {
    expect(html).toContain(text);
  }
  expect(html.startsWith("<!doctype html>")).toBe(true);
});

test("a box that nobody asks for anything is ready, and does not share at 0 bit/s", async () => {
  box.agree();
  box.sharing = { ...box.sharing, measuredRate: megabitsPerSecond(0), streams: 0, waiting: 0 };
  const html = await box.page();
  for (const text of ["Ready to share", "The line is free", "Nobody is asking right now"])
    expect(html).toContain(text);
  expect(html).not.toContain("0 bit/s");
  // Between two requests something was just sent, and nothing is said of viewers.
  box.sharing = { ...box.sharing, measuredRate: megabitsPerSecond(2) };
  const between = await box.page();
  expect(between).toContain("2.00 Mbit/s");
  expect(between).not.toContain("Nobody is asking");
});

test("speaks the household's language", async () => {
  const cookie = box.paired();
  expect(await box.page({ cookie, "accept-language": "de-AT,en;q=0.5" })).toContain(
    "Die Leitung ist frei",
  );
  expect(await box.page({ cookie: `${cookie}; spareband_language=de` })).toContain("17,3 Mbit/s");
  expect(await box.page({ cookie, "accept-language": "xx" })).toContain("The line is free");
});

test("a note that nobody wrote is none", async () => {
  for (const note of ["__proto__", "constructor", "toString", "nothing"]) {
    const answer = await fetch(`${box.url}?note=${note}`, { headers: { cookie: box.paired() } });
    expect(answer.status).toBe(200);
    expect(await answer.text()).not.toContain('class="note');
  }
});

test("names from outside are text, never markup", async () => {
  const html = await box.page();
  expect(html).not.toContain("<script>alert(1)");
  expect(html).toContain("&lt;script&gt;alert(1)");
});

test("needs nothing inline and nothing from elsewhere", async () => {
  const html = await box.page();
  expect(html).not.toMatch(/<style| style="| on\w+="|src="http|href="http/);
  expect(html).not.toMatch(/<script(?! src="\/assets\/page\.js")/);
  for (const asset of ["page.css", "page.js", "icon.svg"]) {
    expect((await fetch(`${box.url}assets/${asset}`)).status).toBe(200);
  }
});

test("asks for consent before anything else, and takes only the text that it shows", async () => {
  expect(await box.page()).toContain("May this box share?");
  const { hash } = consentText("de");
  await box.post("consent", { given: "yes", text: "ab".repeat(32), language: "de" });
  expect(box.household.consented).toBe(false);
  await box.post("consent", { given: "yes", text: hash, language: "de" });
  expect(box.household.consented).toBe(true);
  expect(box.consents).toEqual([
    expect.objectContaining({ given: true, text: hash, language: "de" }),
  ]);
  await box.post("consent", { given: "no", text: hash, language: "de" });
  expect(box.household.consented).toBe(false);
});

test("pauses and resumes with one press, without a script", async () => {
  const answer = await box.post("pause", {});
  expect([answer.status, answer.headers.get("location")]).toEqual([303, "/"]);
  expect(box.household.choices.pause).toEqual({ state: "paused" });
  await box.post("resume", {});
  expect(box.household.choices.pause.state).toBe("running");
  await box.post("pause", { seconds: "3600" });
  expect(box.household.choices.pause).toMatchObject({
    state: "paused",
    until: expect.any(Number),
  });
});

test("a pause that ends by itself is never said to last until somebody resumes", async () => {
  box.agree();
  box.household.pause(3600);
  box.sharing = { ...box.sharing, verdict: { state: "held", reason: "paused" } };
  const html = await box.page();
  expect(html).toContain('data-said="Not sharing. You paused sharing. It goes on by itself on');
  expect(html).not.toContain("until you resume");
});

/** The fields that the page always sends, none of them filled in. */
const numbers = { maxRate: "", share: "", dailyCap: "", monthlyCap: "" };
const untouched = { ...numbers, quietFrom: "", quietTo: "" };

test("what is not the whole form of limits changes none", async () => {
  await box.post("limits", { ...untouched, share: "50", dailyCap: "2" });
  const { limits } = box.household.choices;
  for (const fields of [{}, { share: "100" }, numbers]) {
    const answer = await box.post("limits", fields);
    expect(answer.headers.get("location")).toBe("/?note=invalid");
  }
  await fetch(`${box.url}limits`, {
    method: "POST",
    body: JSON.stringify({ share: 100 }),
    headers: {
      origin: box.url.slice(0, -1),
      cookie: box.paired(),
      "content-type": "application/json",
    },
  });
  expect(box.household.choices.limits).toEqual(limits);
});

test("limits are saved whole or not at all", async () => {
  const saved = await box.post("limits", {
    ...untouched,
    maxRate: "5",
    share: "90",
    quietFrom: "22:00",
    quietTo: "06:00",
  });
  expect(saved.headers.get("location")).toBe("/?note=saved");
  const { limits } = box.household.choices;
  expect(limits).toMatchObject({
    maxRate: 5e6,
    share: 90,
    quietHours: [{ from: 1320, to: 360 }],
  });
  const refused = await box.post("limits", { ...untouched, maxRate: "7,25", share: "900" });
  expect(refused.status).toBe(422);
  const html = await refused.text();
  expect(html).toContain("“Share of the free line, in %” must be a whole number from 1 to 100");
  // What was typed is still there, to be corrected.
  expect(html).toContain('value="7,25"');
  expect(box.household.choices.limits).toEqual(limits);
});

test("what the maker allows stands beside the household's limits, and is not theirs to change", async () => {
  const ours = await box.page();
  expect(ours).not.toContain("maker allows");
  expect(ours).toContain('placeholder="no limit"');
  await using limited = new VisitedStatus();
  limited.maker = { maxRate: megabitsPerSecond(40), share: 80, metered: false };
  await limited.start();
  const html = await limited.page();
  expect(html).toContain("maker allows at most 40.0 Mbit/s and 80 % of the free line");
  expect(html).toContain('placeholder="up to 40"');
  await limited.post("limits", { ...untouched, maxRate: "50", share: "100" });
  expect(limited.household.choices.limits.maxRate).toBe(megabitsPerSecond(50));
  expect(await limited.json("status")).toMatchObject({ maker: { maxRate: 40e6, share: 80 } });
  expect((await box.json("status")).maker).toEqual({ share: 100, metered: false });
});

test("every stretch of quiet hours can be seen, added, changed and removed", async () => {
  const times = (stretches: readonly (readonly [string, string])[], more = {}) => {
    const fields = new URLSearchParams({ ...numbers, ...more });
    for (const [from, to] of stretches) {
      fields.append("quietFrom", from);
      fields.append("quietTo", to);
    }
    return box.post("limits", fields);
  };
  const night = ["22:00", "06:30"] as const;
  const noon = ["12:00", "13:15"] as const;
  const quiet = () => box.household.choices.limits.quietHours;
  expect((await times([night, noon, ["", ""]])).status).toBe(303);
  expect(quiet()).toEqual([
    { from: 1320, to: 390 },
    { from: 720, to: 795 },
  ]);
  const html = await box.page();
  for (const time of [...night, ...noon]) expect(html).toContain(`value="${time}"`);
  expect(html).toContain("Remove 12:00 to 13:15");
  expect((await times([night, noon, ["", ""]], { remove: "0" })).status).toBe(303);
  expect(quiet()).toEqual([{ from: 720, to: 795 }]);
  expect((await times([noon, ["09:00", ""]])).status).toBe(422);
  expect((await times(Array.from({ length: 9 }, () => noon))).status).toBe(422);
  expect(quiet()).toEqual([{ from: 720, to: 795 }]);
});

test("shows what was signed, answered, credited and refused, page by page", async () => {
  const newest = await box.page();
  for (const text of ["Signed", "Answered", "waiting", "credited", "not paid", "same-household"])
    expect(newest).toContain(text);
  expect(newest).toContain('href="/?before=5#records"');
  expect(newest).not.toContain('href="/#records"');
  const headers = { cookie: box.paired() };
  const older = await (await fetch(`${box.url}?before=5`, { headers })).text();
  expect(older).toContain('href="/#records"');
  expect(older).not.toContain("?before=");
  expect(await (await fetch(`${box.url}?before=x`, { headers })).text()).toContain("before=5#");
  box.records = [];
  expect(await box.page()).toContain("No records yet.");
});

test("a record is dated as the household's clocks stood then, not as they stand now", async () => {
  const forward = box.records.find(({ sequence }) => sequence === 8)?.wallTime ?? 0;
  box.utcOffsetMinutes = (at) => (at < forward ? 60 : 120);
  const html = await box.page();
  for (const time of ["2:10", "3:20"]) expect(html).toContain(`${time} AM`);
});

test("titles can be deleted, blocked and allowed again", async () => {
  const [first, second] = box.titles;
  await box.post(`titles/${first?.title}`, { do: "delete" });
  expect(box.titles).toHaveLength(2);
  await box.post(`titles/${second?.title}`, { do: "block" });
  expect(box.blocked).toHaveLength(1);
  await box.post(`titles/${second?.title}`, { do: "unblock" });
  expect(box.blocked).toHaveLength(0);
  const bad = await box.post("titles/nonsense", { do: "delete" });
  expect(bad.headers.get("location")).toBe("/?note=invalid");
});

test("says what is wrong and what to do", async () => {
  box.health.set("broker-unreachable");
  box.health.set("unreachable", "port 7411");
  const html = await box.page();
  for (const text of ["Warning", "Records cannot be delivered", "UPnP", "port 7411"]) {
    expect(html).toContain(text);
  }
});
