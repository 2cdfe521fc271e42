/** How what a box and its coordinator tell one another looks as bytes. */
import type { Bytes } from "../core/units.ts";
import {
  choice,
  flag,
  hash,
  id,
  list,
  MAX_UINT,
  measured,
  publicKey,
  text,
  uint,
} from "./codec.ts";
import { permille, seconds, url } from "./fields.ts";
import type { Birth, Command, CommandVerb, Consent, Desired, Reported } from "./messages.ts";
import { optional, required, structure } from "./structure.ts";

export const consent = structure<Omit<Consent, "box">>("consent", {
  text: required(1, hash),
  language: required(2, text(35, /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/)),
  given: required(3, flag),
  at: required(4, seconds),
});

export const birth = structure<Omit<Birth, "box">>("birth", {
  generation: required(1, uint(0xffff_ffff)),
  sequence: required(2, uint()),
  head: required(3, hash),
  bootCounter: required(4, uint()),
  version: required(5, text(64)),
  device: required(6, text(128)),
  addresses: required(7, list(url, 8)),
  capacity: required(8, measured<Bytes>()),
  wallet: optional(9, publicKey),
  at: required(10, seconds),
  tlsKey: optional(11, hash),
});

const heldTitle = structure<Reported["titles"][number]>("held-title", {
  title: required(1, hash),
  permille: required(2, permille),
});

export const reported = structure<Omit<Reported, "box">>("reported", {
  sharing: required(1, flag),
  rate: required(2, measured()),
  titles: required(3, list(heldTitle, 4096)),
  blocked: required(4, list(hash, 4096)),
  at: required(5, seconds),
});

export const desired = structure<Desired>("desired", {
  box: required(1, publicKey),
  version: required(2, uint()),
  titles: required(3, list(hash, 4096)),
  takedowns: required(4, list(hash, 4096)),
  at: required(5, seconds),
  reachable: optional(6, flag),
});

export const command = structure<Command>("command", {
  box: required(1, publicKey),
  id: required(2, id),
  verb: required(3, choice<CommandVerb>("announce", "resend", "reconnect")),
  from: optional(4, uint(MAX_UINT, 1)),
  at: required(5, seconds),
  expires: required(6, seconds),
});
