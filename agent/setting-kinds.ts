/** The kinds of settings: what is accepted for each, in words and in code, and what it is when nobody says. */
import { isIP } from "node:net";
import { isPublicKey } from "./core/encoding.ts";
import { type ListenAddress, parseListenAddress } from "./core/listen-address.ts";
import {
  acceptedBytes,
  acceptedDuration,
  acceptedRate,
  parseBytes,
  parseDuration,
  parseRate,
} from "./core/quantity.ts";
import { type BitsPerSecond, type Bytes, bitsPerSecond, type Milliseconds } from "./core/units.ts";

export interface Setting<T> {
  readonly about: string;
  /** What is accepted, completing the sentence "… must be …". */
  readonly accepted: string;
  readonly fallback: T;
  /** undefined for a value that is not accepted. Gets what TOML or a string from outside holds. */
  readonly parse: (value: unknown) => T | undefined;
}

export const text = (fallback: string, about: string, accepted = "a text"): Setting<string> => ({
  about,
  accepted,
  fallback,
  parse: (value) =>
    typeof value === "string" && value.length <= 4096 && !value.includes("\0") ? value : undefined,
});

/** Relative to wherever a daemon happens to be started it would be another each time. */
export const directory = (fallback: string, about: string): Setting<string> => ({
  about,
  accepted: `an absolute path such as "${fallback}"`,
  fallback,
  parse: (value) =>
    typeof value === "string" && /^\/[^\0]{0,4095}$/.test(value) ? value : undefined,
});

export const name = (fallback: string, about: string): Setting<string> => ({
  about,
  accepted: 'a name of 1 to 64 letters, digits, ".", "_" and "-"',
  fallback,
  parse: (value) =>
    typeof value === "string" && /^[A-Za-z0-9._-]{1,64}$/.test(value) ? value : undefined,
});

export const oneOf = <T extends string>(
  values: readonly T[],
  fallback: T,
  about: string,
): Setting<T> => ({
  about,
  accepted: `one of ${values.map((value) => `"${value}"`).join(", ")}`,
  fallback,
  parse: (value) => values.find((known) => known === value),
});

export const flag = (fallback: boolean, about: string): Setting<boolean> => ({
  about,
  accepted: "true or false",
  fallback,
  parse: (value) => {
    if (typeof value === "boolean") return value;
    return value === "true" ? true : value === "false" ? false : undefined;
  },
});

export const integer = (
  fallback: number,
  min: number,
  max: number,
  about: string,
): Setting<number> => ({
  about,
  accepted: `a whole number from ${min} to ${max}`,
  fallback,
  parse: (value) => {
    const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
    return typeof number === "number" && Number.isInteger(number) && number >= min && number <= max
      ? number
      : undefined;
  },
});

const quantity = <T extends number>(
  parse: (value: string) => T | undefined,
  accepted: string,
  fallback: T,
  about: string,
): Setting<T> => ({
  about,
  accepted,
  fallback,
  parse: (value) => (typeof value === "string" ? parse(value) : undefined),
});

export const size = (fallback: Bytes, about: string) =>
  quantity(parseBytes, acceptedBytes, fallback, about);
/** From a second on: what is done that often is no work worth mentioning. */
export const period = (fallback: Milliseconds, about: string) =>
  quantity(
    (text) => {
      const parsed = parseDuration(text);
      return parsed !== undefined && parsed >= 1000 ? parsed : undefined;
    },
    `${acceptedDuration}, at least 1 s`,
    fallback,
    about,
  );

/** How a limit on the rate says that there is none. */
export const unlimited = bitsPerSecond(0);
export const rate = (fallback: BitsPerSecond, about: string) =>
  quantity(parseRate, acceptedRate, fallback, about);

export const listen = (host: string, port: number, about: string): Setting<ListenAddress> => ({
  about,
  accepted: 'an address and port such as "127.0.0.1:7410" or "[::]:7411"',
  fallback: { host, port },
  parse: parseListenAddress,
});

function parseUrl(value: unknown, protocols: readonly string[]): string | undefined {
  if (value === "") return "";
  if (typeof value !== "string" || !URL.canParse(value)) return undefined;
  const { protocol, hostname, username, password } = new URL(value);
  // An address is logged and shown, and a password in it would be left out of what is sent.
  const secret = username !== "" || password !== "";
  return protocols.includes(protocol) && hostname !== "" && !secret ? value : undefined;
}

export const url = (
  fallback: string,
  protocols: readonly string[],
  about: string,
): Setting<string> => ({
  about,
  accepted: `a URL with ${protocols.map((name) => `${name}//`).join(" or ")} and no password in it, or "" for none`,
  fallback,
  parse: (value) => parseUrl(value, protocols),
});

const listOf = (
  what: string,
  most: number,
  fits: (item: string) => boolean,
  about: string,
): Setting<readonly string[]> => ({
  about,
  accepted: `a list of at most ${most} ${what} (comma-separated outside of a file)`,
  fallback: [],
  parse: (value) => {
    const list = typeof value === "string" ? value.split(",").filter((item) => item !== "") : value;
    return Array.isArray(list) &&
      list.length <= most &&
      list.every((item) => typeof item === "string" && fits(item))
      ? list
      : undefined;
  },
});

export const texts = (about: string) => listOf("texts", 64, () => true, about);

/** As many, and as long, as a box may announce (docs/protocol.md, birth). */
export const addresses = (about: string) =>
  listOf(
    "URLs with http:// or https://",
    8,
    (item) => /^[!-~]{1,255}$/.test(item) && Boolean(parseUrl(item, ["http:", "https:"])),
    about,
  );

/** As many as a box takes of its coordinator. A name could lead anywhere at each look-up. */
export const endpoints = (about: string) =>
  listOf(
    'IP addresses with their port, such as "203.0.113.7:7402" or "[2001:db8::7]:7402"',
    16,
    isEndpoint,
    about,
  );

function isEndpoint(item: string): boolean {
  const at = parseListenAddress(item);
  return at !== undefined && at.port > 0 && isIP(at.host) > 0 && !at.host.includes("%");
}

export const publicKey = (about: string): Setting<string> => ({
  about,
  accepted: 'an ed25519 public key as 64 lower-case hexadecimal digits, or "" for none',
  fallback: "",
  parse: (value) =>
    typeof value === "string" && (value === "" || isPublicKey(value)) ? value : undefined,
});
