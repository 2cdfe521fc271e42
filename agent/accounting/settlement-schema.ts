/** How the coordinator's word on what was earned looks as bytes, and a wallet's question about it. */
import { hash, id, list, publicKey, tokens, uint } from "./codec.ts";
import { refusalCode, seconds } from "./fields.ts";
import { MAX_BATCH } from "./limits.ts";
import type { Ack, Statement, Succession, WalletRequest } from "./messages.ts";
import { optional, required, structure } from "./structure.ts";

const refusedRecord = structure<Ack["refused"][number]>("refused-record", {
  sequence: required(1, uint()),
  code: required(2, refusalCode),
});

export const ack = structure<Ack>("ack", {
  box: required(1, publicKey),
  generation: required(2, uint(0xffff_ffff)),
  upTo: required(3, uint()),
  head: required(4, hash),
  refused: required(5, list(refusedRecord, MAX_BATCH)),
  creditedTotal: required(6, tokens),
  resendFrom: optional(7, uint()),
  quarantine: optional(8, refusalCode),
  at: required(9, seconds),
});

export const statement = structure<Statement>("statement", {
  epoch: required(1, uint(0xffff_ffff)),
  root: required(2, hash),
  previousRoot: required(3, hash),
  treeSize: required(4, uint()),
  credited: required(5, tokens),
  closedAt: required(6, seconds),
});

export const walletRequest = structure<Omit<WalletRequest, "wallet">>("wallet-request", {
  nonce: required(1, id),
  at: required(2, seconds),
});

export const succession = structure<Succession>("succession", {
  previous: required(1, publicKey),
  next: required(2, publicKey),
  at: required(3, seconds),
});
