import { expect, test } from "bun:test";
import { judgeAccess, type RequestFacts } from "./access.ts";

const known = new Set(["localhost", "tv.home"]);
const facts = (change: Partial<RequestFacts>): RequestFacts => ({
  method: "GET",
  host: "127.0.0.1:7410",
  origin: undefined,
  site: undefined,
  remoteAddress: "127.0.0.1",
  token: "absent",
  paired: false,
  ...change,
});
const judge = (change: Partial<RequestFacts>) => judgeAccess(facts(change), known);
const may = (access: string) => ({ ok: true, access });
const not = (code: string) => ({ ok: false, code });

test("from the box itself one may look, from elsewhere only pair", () => {
  expect(judge({})).toEqual(may("look") as never);
  expect(judge({ remoteAddress: "192.168.1.9", host: "192.168.1.2:7410" })).toEqual(
    may("stranger") as never,
  );
  expect(judge({ remoteAddress: "::1", host: "[::1]:7410" })).toEqual(may("look") as never);
});

test.each(["evil.example", "evil.example:7410", "127.0.0.1.evil.example", "", "a b", undefined])(
  "Host %p is foreign (rebinding)",
  (host) => {
    expect(judge({ host, paired: true })).toEqual(not("foreign-host") as never);
  },
);

test("names that are configured and any address are ours", () => {
  for (const host of ["TV.home:7410", "localhost", "192.168.1.2:7410", "[fe80::1]:7410"]) {
    expect(judge({ host, paired: true })).toEqual(may("full") as never);
  }
});

test("a foreign Origin is refused even when paired, for reading too", () => {
  for (const origin of [
    "http://evil.example",
    "null",
    "https://127.0.0.1:7410",
    "http://127.0.0.1:80",
  ]) {
    expect(judge({ origin, paired: true })).toEqual(not("foreign-origin") as never);
    expect(judge({ origin, paired: true, method: "POST" })).toEqual(not("foreign-origin") as never);
  }
});

test("a change without the token needs a page of this origin", () => {
  const post = { method: "POST", paired: true };
  expect(judge(post)).toEqual(not("foreign-origin") as never);
  const own = { ...post, origin: "http://127.0.0.1:7410" };
  expect(judge(own)).toEqual(may("full") as never);
  expect(judge({ ...own, site: "cross-site" })).toEqual(not("foreign-origin") as never);
  expect(judge({ ...own, site: "same-site" })).toEqual(not("foreign-origin") as never);
});

test("the token opens everything to a program, and a wrong one nothing", () => {
  expect(judge({ method: "POST", token: "right", remoteAddress: "192.168.1.9" })).toEqual(
    may("full") as never,
  );
  expect(judge({ token: "wrong", paired: true })).toEqual(not("wrong-token") as never);
  expect(judge({ token: "right", origin: "http://evil.example" })).toEqual(
    not("foreign-origin") as never,
  );
});
