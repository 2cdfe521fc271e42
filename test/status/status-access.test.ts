/** Who may look at the household's page and who may change what, and who is refused. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { networkInterfaces } from "node:os";
import { VisitedStatus } from "./visited-status.ts";

let box: VisitedStatus;
beforeEach(async () => {
  box = await new VisitedStatus().start();
});
afterEach(() => box[Symbol.asyncDispose]());

test("from the box itself one may look, without the household's titles and buttons", async () => {
  const html = await box.page({});
  expect(html).toContain("17.3 Mbit/s");
  expect(html).not.toContain("Big Lake");
  expect(html).not.toContain('action="/pause"');
  const change = await box.post("pause", {}, { cookie: "" });
  expect(change.status).toBe(303);
  expect(box.household.choices.pause.state).toBe("running");
});

test("a code that is shown pairs a device once, a guessed one locks out (fault 60)", async () => {
  const { code } = (await box.json("pairing-code", { method: "POST" })) as { code: string };
  const paired = await box.post("pair", { code }, { cookie: "" });
  const cookie = paired.headers.get("set-cookie") ?? "";
  expect(cookie).toMatch(/spareband_session=[\w-]{43};.*HttpOnly; SameSite=Strict/);
  expect(await box.page({ cookie: cookie.split(";")[0] ?? "" })).toContain("Big Lake");
  await box.api("pairing-code", { method: "POST" });
  const answers: (string | null)[] = [];
  for (let guess = 0; guess < 6; guess++) {
    answers.push(
      (await box.post("pair", { code: "abcdef" }, { cookie: "" })).headers.get("location"),
    );
  }
  expect(answers.slice(3)).toEqual(["/?note=wrong-code", "/?note=locked-out", "/?note=locked-out"]);
  expect((await box.api("pairing-code", { method: "POST" })).status).toBe(429);
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
  const { key } = (await box.json("launch", { method: "POST" })) as { key: string };
  const opened = await fetch(`${box.url}launch?key=${key}`, { redirect: "manual" });
  expect(opened.headers.get("set-cookie")).toContain("spareband_session=");
  const again = await fetch(`${box.url}launch?key=${key}`, { redirect: "manual" });
  expect(again.headers.get("set-cookie")).toBeNull();
});

test("a foreign Host is refused (rebinding), a configured one is not", async () => {
  expect((await box.raw({ host: "evil.example" })).statusCode).toBe(403);
  expect((await box.raw({ host: `evil.example:${box.port}` })).statusCode).toBe(403);
  expect((await box.raw({ host: "console.home" })).statusCode).toBe(200);
  expect((await box.raw({ host: `localhost:${box.port}` })).statusCode).toBe(200);
});

test("a form of another site is refused even with the household's cookie", async () => {
  for (const headers of [
    { origin: "http://evil.example" },
    { origin: "null" },
    { "sec-fetch-site": "cross-site" },
  ]) {
    expect((await box.post("pause", {}, headers)).status).toBe(403);
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
    expect((await box.api(path)).status).toBe(200);
  }
  const wrong = await fetch(`${box.url}api/v1/status`, {
    headers: { authorization: "Bearer x" },
  });
  expect(wrong.status).toBe(401);
});

const lan = Object.values(networkInterfaces())
  .flat()
  .find((address) => address && !address.internal && address.family === "IPv4")?.address;

test.skipIf(!lan)(
  "from the home's network a stranger sees the pairing form and nothing of the household (needs a network address)",
  async () => {
    await using open = await new VisitedStatus().start("0.0.0.0");
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
