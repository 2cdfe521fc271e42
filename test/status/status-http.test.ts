/** The household's page and API over real HTTP: what it shows, who may change what, who is refused. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { get, type IncomingMessage, request } from "node:http";
import { networkInterfaces } from "node:os";
import { consentText } from "../../agent/status/consent-text.ts";
import { StatusFixture } from "./status-fixture.ts";

let box: StatusFixture;
beforeEach(async () => {
  box = await new StatusFixture().start();
});
afterEach(() => box[Symbol.asyncDispose]());

const api = (path: string, init: RequestInit = {}) =>
  fetch(`${box.url}api/v1/${path}`, {
    ...init,
    headers: { authorization: `Bearer ${box.token}`, ...init.headers },
  });
const json = async (path: string, init?: RequestInit) =>
  (await (await api(path, init)).json()) as Record<string, unknown>;

/** A form sent by a page of this origin, as a paired browser does. */
const post = (
  path: string,
  fields: Record<string, string> | URLSearchParams,
  headers: Record<string, string> = {},
) =>
  fetch(box.url + path, {
    method: "POST",
    redirect: "manual",
    body: new URLSearchParams(fields),
    headers: { origin: box.url.slice(0, -1), cookie: box.paired(), ...headers },
  });
const page = async (headers: Record<string, string> = { cookie: box.paired() }) =>
  (await fetch(box.url, { headers })).text();

/** fetch will not set Host, so this one does. */
function raw(headers: Record<string, string>, method = "GET"): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const send = method === "GET" ? get : request;
    const sent = send({ host: "127.0.0.1", port: box.port, path: "/", method, headers }, resolve);
    sent.on("error", reject);
    sent.end();
  });
}

describe("the page", () => {
  test("shows the rate, why, what was earned and what was shared", async () => {
    box.agree();
    const html = await page();
    for (const text of [
      "17.3 Mbit/s",
      "The line is free",
      "41.2739",
      "9.40 GB",
      "212 GB",
      "Pause",
    ]) {
      expect(html).toContain(text);
    }
    expect(html.startsWith("<!doctype html>")).toBe(true);
  });

  test("speaks the household's language", async () => {
    const cookie = box.paired();
    expect(await page({ cookie, "accept-language": "de-AT,en;q=0.5" })).toContain(
      "Die Leitung ist frei",
    );
    expect(await page({ cookie: `${cookie}; spareband_language=de` })).toContain("17,3 Mbit/s");
    expect(await page({ cookie, "accept-language": "xx" })).toContain("The line is free");
  });

  test("a note that nobody wrote is none", async () => {
    for (const note of ["__proto__", "constructor", "toString", "nothing"]) {
      const answer = await fetch(`${box.url}?note=${note}`, { headers: { cookie: box.paired() } });
      expect(answer.status).toBe(200);
      expect(await answer.text()).not.toContain('class="note');
    }
  });

  test("names from outside are text, never markup", async () => {
    const html = await page();
    expect(html).not.toContain("<script>alert(1)");
    expect(html).toContain("&lt;script&gt;alert(1)");
  });

  test("needs nothing inline and nothing from elsewhere", async () => {
    const html = await page();
    expect(html).not.toMatch(/<style| style="| on\w+="|src="http|href="http/);
    expect(html).not.toMatch(/<script(?! src="\/assets\/page\.js")/);
    for (const asset of ["page.css", "page.js", "icon.svg"]) {
      expect((await fetch(`${box.url}assets/${asset}`)).status).toBe(200);
    }
  });

  test("asks for consent before anything else, and takes only the text that it shows", async () => {
    expect(await page()).toContain("May this box share?");
    const { hash } = consentText("de");
    await post("consent", { given: "yes", text: "ab".repeat(32), language: "de" });
    expect(box.household.consented).toBe(false);
    await post("consent", { given: "yes", text: hash, language: "de" });
    expect(box.household.consented).toBe(true);
    expect(box.consents).toEqual([
      expect.objectContaining({ given: true, text: hash, language: "de" }),
    ]);
    await post("consent", { given: "no", text: hash, language: "de" });
    expect(box.household.consented).toBe(false);
  });

  test("pauses and resumes with one press, without a script", async () => {
    const answer = await post("pause", {});
    expect([answer.status, answer.headers.get("location")]).toEqual([303, "/"]);
    expect(box.household.choices.pause).toEqual({ state: "paused" });
    await post("resume", {});
    expect(box.household.choices.pause.state).toBe("running");
    await post("pause", { seconds: "3600" });
    expect(box.household.choices.pause).toMatchObject({
      state: "paused",
      until: expect.any(Number),
    });
  });

  test("limits are saved whole or not at all", async () => {
    const saved = await post("limits", {
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
    const refused = await post("limits", { maxRate: "7,25", share: "900" });
    expect(refused.status).toBe(422);
    const html = await refused.text();
    expect(html).toContain("“Share of the free line, in %” must be a whole number from 1 to 100");
    // What was typed is still there, to be corrected.
    expect(html).toContain('value="7,25"');
    expect(box.household.choices.limits).toEqual(limits);
  });

  test("every stretch of quiet hours can be seen, added, changed and removed", async () => {
    const times = (stretches: readonly (readonly [string, string])[], more = {}) => {
      const fields = new URLSearchParams(more);
      for (const [from, to] of stretches) {
        fields.append("quietFrom", from);
        fields.append("quietTo", to);
      }
      return post("limits", fields);
    };
    const night = ["22:00", "06:30"] as const;
    const noon = ["12:00", "13:15"] as const;
    const quiet = () => box.household.choices.limits.quietHours;
    expect((await times([night, noon, ["", ""]])).status).toBe(303);
    expect(quiet()).toEqual([
      { from: 1320, to: 390 },
      { from: 720, to: 795 },
    ]);
    const html = await page();
    for (const time of [...night, ...noon]) expect(html).toContain(`value="${time}"`);
    expect(html).toContain("Remove 12:00 to 13:15");
    expect((await times([night, noon, ["", ""]], { remove: "0" })).status).toBe(303);
    expect(quiet()).toEqual([{ from: 720, to: 795 }]);
    expect((await times([noon, ["09:00", ""]])).status).toBe(422);
    expect((await times(Array.from({ length: 9 }, () => noon))).status).toBe(422);
    expect(quiet()).toEqual([{ from: 720, to: 795 }]);
  });

  test("shows what was signed, answered, credited and refused, page by page", async () => {
    const newest = await page();
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
    expect(await page()).toContain("No records yet.");
  });

  test("titles can be deleted, blocked and allowed again", async () => {
    const [first, second] = box.titles;
    await post(`titles/${first?.title}`, { do: "delete" });
    expect(box.titles).toHaveLength(2);
    await post(`titles/${second?.title}`, { do: "block" });
    expect(box.blocked).toHaveLength(1);
    await post(`titles/${second?.title}`, { do: "unblock" });
    expect(box.blocked).toHaveLength(0);
    const bad = await post("titles/nonsense", { do: "delete" });
    expect(bad.headers.get("location")).toBe("/?note=invalid");
  });

  test("says what is wrong and what to do", async () => {
    box.health.set("broker-unreachable");
    box.health.set("unreachable", "port 7411");
    const html = await page();
    for (const text of ["Warning", "Records cannot be delivered", "UPnP", "port 7411"]) {
      expect(html).toContain(text);
    }
  });
});

describe("who may look and change", () => {
  test("from the box itself one may look, without the household's titles and buttons", async () => {
    const html = await page({});
    expect(html).toContain("17.3 Mbit/s");
    expect(html).not.toContain("Big Lake");
    expect(html).not.toContain('action="/pause"');
    const change = await post("pause", {}, { cookie: "" });
    expect(change.status).toBe(303);
    expect(box.household.choices.pause.state).toBe("running");
  });

  test("a code that is shown pairs a device once, a guessed one locks out (fault 60)", async () => {
    const { code } = (await json("pairing-code", { method: "POST" })) as { code: string };
    const paired = await post("pair", { code }, { cookie: "" });
    const cookie = paired.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(/spareband_session=[\w-]{43};.*HttpOnly; SameSite=Strict/);
    expect(await page({ cookie: cookie.split(";")[0] ?? "" })).toContain("Big Lake");
    await api("pairing-code", { method: "POST" });
    const answers: (string | null)[] = [];
    for (let guess = 0; guess < 6; guess++) {
      answers.push(
        (await post("pair", { code: "abcdef" }, { cookie: "" })).headers.get("location"),
      );
    }
    expect(answers.slice(3)).toEqual([
      "/?note=wrong-code",
      "/?note=locked-out",
      "/?note=locked-out",
    ]);
    expect((await api("pairing-code", { method: "POST" })).status).toBe(429);
  });

  test("a form that is cut off is answered as one that is not accepted", async () => {
    const headers = {
      origin: box.url.slice(0, -1),
      "content-type": "multipart/form-data; boundary=x",
    };
    for (const body of ["--x\r\n", "", "--y--"]) {
      const sent = { method: "POST", redirect: "manual", headers, body } as const;
      const answer = await fetch(`${box.url}pair`, sent);
      expect([answer.status, answer.headers.get("location")]).toEqual([303, "/?note=invalid"]);
    }
  });

  test("a launch key from a program with the token opens the page paired, once", async () => {
    const { key } = (await json("launch", { method: "POST" })) as { key: string };
    const opened = await fetch(`${box.url}launch?key=${key}`, { redirect: "manual" });
    expect(opened.headers.get("set-cookie")).toContain("spareband_session=");
    const again = await fetch(`${box.url}launch?key=${key}`, { redirect: "manual" });
    expect(again.headers.get("set-cookie")).toBeNull();
  });

  test("a foreign Host is refused (rebinding), a configured one is not", async () => {
    expect((await raw({ host: "evil.example" })).statusCode).toBe(403);
    expect((await raw({ host: `evil.example:${box.port}` })).statusCode).toBe(403);
    expect((await raw({ host: "console.home" })).statusCode).toBe(200);
    expect((await raw({ host: `localhost:${box.port}` })).statusCode).toBe(200);
  });

  test("a form of another site is refused even with the household's cookie", async () => {
    for (const headers of [
      { origin: "http://evil.example" },
      { origin: "null" },
      { "sec-fetch-site": "cross-site" },
    ]) {
      expect((await post("pause", {}, headers)).status).toBe(403);
    }
    const noOrigin = await fetch(`${box.url}pause`, {
      method: "POST",
      headers: { cookie: box.paired() },
    });
    expect(noOrigin.status).toBe(403);
    expect(box.household.choices.pause.state).toBe("running");
  });

  test("no page may frame it, and nothing foreign may run in it", async () => {
    const { headers } = await fetch(box.url);
    expect(headers.get("x-frame-options")).toBe("DENY");
    const policy = headers.get("content-security-policy") ?? "";
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("unsafe");
    expect(headers.get("access-control-allow-origin")).toBeNull();
  });

  test("the API wants the token; on the box the overview alone is open", async () => {
    const bare = (path: string) => fetch(`${box.url}api/v1/${path}`);
    expect((await bare("status")).status).toBe(200);
    expect((await bare("health")).status).toBe(200);
    for (const path of ["records", "wallet", "titles", "limits", "consent"]) {
      expect((await bare(path)).status).toBe(401);
      expect((await api(path)).status).toBe(200);
    }
    const wrong = await fetch(`${box.url}api/v1/status`, {
      headers: { authorization: "Bearer x" },
    });
    expect(wrong.status).toBe(401);
  });
});

const lan = Object.values(networkInterfaces())
  .flat()
  .find((address) => address && !address.internal && address.family === "IPv4")?.address;

test.skipIf(!lan)(
  "from the home's network a stranger sees the pairing form and nothing of the household (needs a network address)",
  async () => {
    await using open = await new StatusFixture().start("0.0.0.0");
    const base = `http://${lan}:${open.port}/`;
    const html = await (await fetch(base)).text();
    expect(html).toContain('action="/pair"');
    for (const secret of ["Mbit/s", "41.27", "Big Lake", open.token, "7a7a7a"]) {
      expect(html).not.toContain(secret);
    }
    for (const path of ["live", "api/v1/status", "api/v1/health", "api/v1/wallet"]) {
      expect([401, 403]).toContain((await fetch(base + path)).status);
    }
    const code = open.pairing.newCode() ?? "";
    const paired = await fetch(`${base}pair`, {
      method: "POST",
      redirect: "manual",
      headers: { origin: base.slice(0, -1) },
      body: new URLSearchParams({ code }),
    });
    const cookie = paired.headers.get("set-cookie")?.split(";")[0] ?? "";
    expect(await (await fetch(base, { headers: { cookie } })).text()).toContain("Big Lake");
  },
);

describe("the API", () => {
  const send = (method: string, body: unknown): RequestInit => ({
    method,
    body: JSON.stringify(body),
  });

  test("tells the state with texts beside the codes", async () => {
    box.household.pause(60);
    expect(await json("status")).toMatchObject({
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
    await api("pause", send("POST", { seconds: 60 }));
    expect(box.household.choices.pause.state).toBe("paused");
    await api("resume", { method: "POST" });
    expect(box.household.choices.pause.state).toBe("running");
    const limits = { share: 50, allowMetered: false, quietHours: [], dailyCap: 1e9 };
    expect(await json("limits", send("PUT", limits))).toEqual(limits);
    const { text } = (await json("consent?language=de")) as { text: { hash: string } };
    const given = await json(
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
      const answer = await api(path, body === undefined ? {} : send(method, body));
      expect(answer.status).toBe(400);
      const { error } = (await answer.json()) as { error: { code: string; text: string } };
      expect(error.code).toBe("invalid");
      expect(error.text.length).toBeGreaterThan(5);
      expect(box.household.choices).toEqual(before);
    },
  );

  test("a body beyond 16 KiB is refused", async () => {
    const answer = await api("limits", { method: "PUT", body: "x".repeat(20_000) });
    expect(answer.status).toBe(413);
  });

  test("records, wallet and titles", async () => {
    expect(await json("records?limit=1")).toMatchObject({ records: [{ sequence: 12 }] });
    expect(await json("wallet")).toMatchObject({ credited: "41.273912", wallet: "5c".repeat(32) });
    expect(((await json("titles")).titles as unknown[]).length).toBe(3);
    const title = box.titles[0]?.title;
    expect((await api(`titles/${title}`, { method: "DELETE" })).status).toBe(204);
    expect((await api(`titles/${title}`, { method: "DELETE" })).status).toBe(404);
    expect((await api(`titles/${title}/block`, { method: "PUT" })).status).toBe(204);
    expect((await api(`titles/${title}/block`, { method: "DELETE" })).status).toBe(204);
  });
});
