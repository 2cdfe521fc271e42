/** Fields that several messages have, under one name in docs/protocol.md. */
import type { Bytes, Milliseconds, UnixSeconds } from "../core/units.ts";
import { measured, named, text, uint } from "./codec.ts";

export const seconds = named("unix-seconds", uint<UnixSeconds>(0xffff_ffff));
export const duration = named("duration-ms", measured<Milliseconds>());
export const amount = named("byte-count", uint<Bytes>());
export const permille = named("permille", measured(1000));
export const url = named("url", text(255, /^https?:\/\/[!-~]+$/));
export const refusalCode = named("refusal-code", text(40, /^[a-z0-9-]+$/));
