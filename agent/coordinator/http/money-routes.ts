import type { Hono } from "hono";
import * as v from "valibot";
import { toBase64Url } from "../../core/encoding.ts";
import { bytesField } from "../../core/json.ts";
import type { Grant } from "../tickets.ts";
import type { ApiOptions } from "./options.ts";
import { type ApiEnv, answerRefusal, answerStatus, readJson } from "./request.ts";

const requestBody = v.strictObject({ request: bytesField(8_192) });
const playBody = v.strictObject({ play: bytesField(1_024) });
const walletBody = v.strictObject({
  request: bytesField(1_024),
  from: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 0),
});
const appealBody = v.strictObject({
  request: bytesField(1_024),
  text: v.pipe(v.string(), v.minLength(1), v.maxLength(4_000)),
});

const grantJson = ({ addresses, ticket }: Grant) => ({
  addresses,
  ticket: toBase64Url(ticket.bytes),
});

/** Tickets, plays, wallets, appeals and statements. */
export function addMoneyRoutes(app: Hono<ApiEnv>, options: ApiOptions): void {
  app.post("/v1/tickets", async (c) => {
    const read = await readJson(c, requestBody);
    if (!read.ok) return answerRefusal(read);
    const granted = options.tickets(read.body.request, options.networkName(c.env.address));
    if (!granted.ok) return answerRefusal(granted);
    return c.json({ tickets: granted.boxes.map(grantJson), origin: grantJson(granted.origin) });
  });

  app.post("/v1/plays", async (c) => {
    const read = await readJson(c, playBody);
    if (!read.ok) return answerRefusal(read);
    const answer = options.plays.receive(read.body.play);
    if (!answer.ok) return answerRefusal(answer);
    const { qualified, code } = answer;
    return c.json({ qualified, ...(code && { code }) });
  });

  app.post("/v1/wallet", async (c) => {
    const read = await readJson(c, walletBody);
    if (!read.ok) return answerRefusal(read);
    const answer = options.wallet.answer(read.body.request, read.body.from);
    if (!answer.ok) return answerRefusal(answer);
    const { ok: _, ...told } = answer;
    return c.json(told);
  });

  app.post("/v1/appeals", async (c) => {
    const read = await readJson(c, appealBody);
    if (!read.ok) return answerRefusal(read);
    const answer = options.appeals.make(read.body.request, read.body.text);
    return answer.ok ? c.json({ appeal: answer.id }, 201) : answerRefusal(answer);
  });

  app.get("/v1/statements/:epoch", (c) => {
    const name = c.req.param("epoch");
    const row =
      name === "latest" ? options.statements.latest() : options.statements.get(Number(name));
    if (!row) return answerStatus(404, "no-such-epoch", "No statement of that epoch was closed.");
    return c.json({ epoch: row.epoch, statement: toBase64Url(row.bytes) });
  });
}
