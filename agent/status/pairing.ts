/**
 * How a phone or another screen proves that it belongs to the household: a code of six digits that
 * only someone at the box sees, for ten minutes and five tries. Only hashes of the sessions are kept.
 */
import { timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import * as v from "valibot";
import type { Clock } from "../core/clock.ts";
import { type Hash, sha256, toBase64Url } from "../core/encoding.ts";
import { errnoOf } from "../core/errors.ts";
import { hashField, parseJson } from "../core/json.ts";
import type { Random } from "../core/random.ts";
import { writeDurably } from "../core/write-durably.ts";

const CODE_LIFETIME_MS = 10 * 60_000;
const TRIES = 5;
/** After a code was used up by wrong tries, no new one for so long, doubling up to an hour. */
const FIRST_LOCK_MS = 60_000;
const LONGEST_LOCK_MS = 60 * 60_000;
/** Long enough for a person who reads the address in a terminal. */
const LAUNCH_LIFETIME_MS = 15 * 60_000;
const MOST_SESSIONS = 32;

export type PairOutcome =
  | { readonly ok: true; readonly session: string }
  | { readonly ok: false; readonly code: "wrong-code" | "locked-out" };

export interface PairingOptions {
  /** Hashes of the paired sessions, so that a restart asks nobody again. */
  readonly file: string;
  readonly clock: Clock;
  readonly random: Random;
}

export class Pairing {
  readonly #options: PairingOptions;
  #sessions: readonly Hash[];
  #code: { readonly digits: string; readonly until: number; tries: number } | undefined;
  #launch: { readonly hash: Hash; readonly until: number } | undefined;
  #lockedUntil = 0;
  #locks = 0;

  constructor(options: PairingOptions) {
    this.#options = options;
    this.#sessions = readSessions(options.file);
  }

  /** A new code to show; the old one is void. undefined while locked out. */
  newCode(): string | undefined {
    const now = this.#options.clock.monotonicMs();
    if (now < this.#lockedUntil) return undefined;
    const digits = this.#digits();
    this.#code = { digits, until: now + CODE_LIFETIME_MS, tries: 0 };
    return digits;
  }

  /** The tries are counted for the box, not for an address: an attacker has many of those. */
  pair(digits: string): PairOutcome {
    const now = this.#options.clock.monotonicMs();
    if (now < this.#lockedUntil) return { ok: false, code: "locked-out" };
    const code = this.#code;
    if (!code || now >= code.until) return { ok: false, code: "wrong-code" };
    if (same(digits, code.digits)) {
      this.#code = undefined;
      this.#locks = 0;
      return { ok: true, session: this.admit() };
    }
    if (++code.tries < TRIES) return { ok: false, code: "wrong-code" };
    this.#code = undefined;
    this.#lockedUntil = now + Math.min(LONGEST_LOCK_MS, FIRST_LOCK_MS * 2 ** this.#locks++);
    return { ok: false, code: "locked-out" };
  }

  /** A session for whoever has shown the token; the oldest makes room. */
  admit(): string {
    const session = toBase64Url(this.#options.random.bytes(32));
    this.#sessions = [...this.#sessions, hashOf(session)].slice(-MOST_SESSIONS);
    writeDurably(this.#options.file, `${JSON.stringify(this.#sessions)}\n`, 0o600);
    return session;
  }

  /** A key for one use within a quarter of an hour, by which a program that has the token opens the page paired. */
  newLaunchKey(): string {
    const key = toBase64Url(this.#options.random.bytes(24));
    const until = this.#options.clock.monotonicMs() + LAUNCH_LIFETIME_MS;
    this.#launch = { hash: hashOf(key), until };
    return key;
  }

  /** The session for a launch key; undefined for a wrong or used one. */
  launch(key: string): string | undefined {
    const launch = this.#launch;
    if (!launch || launch.hash !== hashOf(key)) return undefined;
    this.#launch = undefined;
    return this.#options.clock.monotonicMs() < launch.until ? this.admit() : undefined;
  }

  /** By hash, so that a comparison's time tells nothing of the secret. */
  knows(session: string | undefined): boolean {
    return (
      session !== undefined && session.length <= 64 && this.#sessions.includes(hashOf(session))
    );
  }

  #digits(): string {
    // Of 32 bits, 10^6 does not divide 2^32 evenly by 1 in 4 000: no help to anyone with five tries.
    const value = Buffer.from(this.#options.random.bytes(4)).readUInt32BE() % 1_000_000;
    return String(value).padStart(6, "0");
  }
}

const hashOf = (session: string) => sha256(Buffer.from(session));

/** Over hashes, so that length and time tell nothing. */
const same = (given: string, code: string) =>
  timingSafeEqual(Buffer.from(hashOf(given)), Buffer.from(hashOf(code)));

const sessionsSchema = v.array(hashField);

/** A damaged file only means that devices pair again. */
function readSessions(file: string): readonly Hash[] {
  try {
    const parsed = v.safeParse(sessionsSchema, parseJson(readFileSync(file, "utf8")));
    return parsed.success ? parsed.output.slice(-MOST_SESSIONS) : [];
  } catch (fault) {
    if (errnoOf(fault) !== undefined) return [];
    throw fault;
  }
}
