/** What the coordinator's answers may look like; anything else is no coordinator's. */
import * as v from "valibot";
import { MAX_SUCCESSIONS } from "../accounting/succession.ts";
import { bytesField, hashField, publicKeyField } from "../core/json.ts";
import { type BasisPoints, microTokens } from "../core/units.ts";

/** A manifest of 8 MiB, the largest signed message, in base64url. */
const signedField = bytesField(11_500_000);
const urlField = v.pipe(v.string(), v.maxLength(255), v.regex(/^https?:\/\/[^\s]+$/));

const tokensField = v.pipe(
  v.string(),
  v.regex(/^-?\d{1,20}$/),
  v.transform((text) => microTokens(BigInt(text))),
);
const pricesField = v.object({
  id: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  householdPerMebibyte: tokensField,
  creatorsPerPlay: tokensField,
  platformFee: v.pipe(
    v.number(),
    v.integer(),
    v.minValue(0),
    v.maxValue(10_000),
    v.transform((fee) => fee as BasisPoints),
  ),
});
export const infoAnswer = v.object({
  environment: v.picklist(["dev", "prod"]),
  publicKey: publicKeyField,
  fleet: v.string(),
  reflectors: v.optional(
    v.pipe(v.array(v.pipe(v.string(), v.maxLength(128))), v.maxLength(16)),
    [],
  ),
  priceList: v.optional(pricesField),
  priceLists: v.optional(v.pipe(v.array(pricesField), v.maxLength(100)), []),
  successions: v.optional(v.pipe(v.array(bytesField(512)), v.maxLength(2 * MAX_SUCCESSIONS)), []),
});
export const titleAnswer = v.object({
  title: hashField,
  manifest: signedField,
  complete: v.boolean(),
});
/** A split is signed in 8 KiB at most, by 64 parties. */
export const splitAnswer = v.object({
  signed: v.pipe(v.array(bytesField(12_000)), v.maxLength(64)),
});
export const titlesAnswer = v.object({
  titles: v.pipe(
    v.array(v.object({ title: hashField, slug: v.string(), name: v.string(), kind: v.string() })),
    v.maxLength(10_000),
  ),
});
export const grantAnswer = v.object({
  addresses: v.pipe(v.array(urlField), v.maxLength(16)),
  ticket: signedField,
});
export const ticketsAnswer = v.object({
  tickets: v.pipe(v.array(grantAnswer), v.maxLength(16)),
  origin: v.optional(grantAnswer),
});
export const missingAnswer = v.object({ missing: v.pipe(v.array(hashField), v.maxLength(10_000)) });
export const statementAnswer = v.object({ statement: bytesField(1024) });
export const playAnswer = v.object({ qualified: v.boolean(), code: v.optional(v.string()) });
export const appealAnswer = v.object({
  appeal: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
});
export const accountAnswer = v.object({
  balances: v.object({ household: tokensField, creator: tokensField }),
  boxes: v.pipe(
    v.array(v.object({ box: publicKeyField, quarantine: v.optional(v.string()) })),
    v.maxLength(100_000),
  ),
});
export const refusalAnswer = v.object({ error: v.object({ code: v.string(), text: v.string() }) });
