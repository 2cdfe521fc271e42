/** Mutation of line- and token-shaped text: what the kernel, tools, players and people send. */
import type { Random } from "../../agent/core/random.ts";
import { pick, upTo } from "./mutate-cbor.ts";

const ODD_TOKENS = [
  "",
  "-1",
  "0x10",
  "1e999",
  "NaN",
  "4294967295",
  "18446744073709551616",
  "9".repeat(400),
  "../..",
  "%00",
  "%c3%28",
  "%2e%2e%2f",
  "\0",
  "\ud800",
  "\u202e",
  "__proto__",
  "constructor",
  "bytes=0-",
  "bytes=-0",
  "{".repeat(60),
  "[".repeat(60),
  '"',
  "\n",
  "\r\n",
  "#EXTINF:",
] as const;

const BOUNDARY = /([\s,:;=/"[\]{}()-]+)/;

/** A changed copy; `other` is a second input that tokens may be taken from. */
export function mutateText(text: string, other: string, random: Random): string {
  const tokens = text.split(BOUNDARY);
  const rounds = 1 + upTo(random, 3);
  for (let round = 0; round < rounds; round++) {
    const at = upTo(random, tokens.length);
    const own = tokens[at] ?? "";
    switch (upTo(random, 7)) {
      case 0:
        tokens[at] = pick(random, ODD_TOKENS);
        break;
      case 1:
        tokens.splice(at, 1);
        break;
      case 2:
        tokens.splice(at, 0, own, own);
        break;
      case 3:
        tokens.splice(at, 0, pick(random, ODD_TOKENS));
        break;
      case 4:
        tokens[at] = pick(random, other.split(BOUNDARY));
        break;
      case 5:
        tokens.length = at;
        break;
      default:
        tokens[at] =
          own.slice(0, upTo(random, own.length + 1)) + String.fromCharCode(upTo(random, 300));
    }
  }
  return tokens.join("");
}
