/** What the fields of one message owe each other, beyond each field's own limits. */
import type { PublicKey } from "../core/encoding.ts";
import { COMMAND_WITHIN_S, EXPIRES_WITHIN_S, SETTLE_WITHIN_S, START_WITHIN_S } from "./limits.ts";
import type {
  Command,
  MessageBodies,
  MessageType,
  Split,
  Succession,
  Tail,
  Ticket,
  TitleManifest,
  UsageRecord,
} from "./messages.ts";

type Rule<T extends MessageType> = (
  body: MessageBodies[T],
  signer: PublicKey,
) => string | undefined;
type Rules = { readonly [T in MessageType]?: Rule<T> };

const rules: Rules = {
  manifest: manifestRule,
  split: splitRule,
  ticket: ticketRule,
  record: recordRule,
  command: commandRule,
  tail: tailRule,
  succession: successionRule,
};

/** Says what contradicts what; undefined when the body is consistent. */
export function contradiction<T extends MessageType>(
  type: T,
  body: MessageBodies[T],
  signer: PublicKey,
): string | undefined {
  const rule = rules[type] as Rule<T> | undefined;
  return rule?.(body, signer);
}

function ticketRule(ticket: Ticket): string | undefined {
  const { notBefore, startBy, expires, settleBy } = ticket;
  if (startBy < notBefore || startBy > notBefore + START_WITHIN_S) {
    return "startBy is not within 10 minutes of notBefore";
  }
  if (expires < startBy || expires > notBefore + EXPIRES_WITHIN_S) {
    return "expires is not between startBy and 2 hours after notBefore";
  }
  if (settleBy < expires || settleBy > notBefore + SETTLE_WITHIN_S) {
    return "settleBy is not between expires and 30 days after notBefore";
  }
  return ticket.box === ticket.viewer ? "box and viewer are the same key" : undefined;
}

function splitRule(split: Split, signer: PublicKey): string | undefined {
  const total = split.parties.reduce((sum, party) => sum + party.share, 0);
  if (total !== 10_000) return `shares sum to ${total}, not 10000`;
  const keys = new Set(split.parties.map((party) => party.key));
  if (keys.size < split.parties.length) return "a party is named twice";
  return keys.has(signer) ? undefined : "its signer is no party to it";
}

function commandRule({ at, expires }: Command): string | undefined {
  return expires < at || expires > at + COMMAND_WITHIN_S
    ? "expires is not within 5 minutes of at"
    : undefined;
}

function recordRule(record: UsageRecord): string | undefined {
  if (record.ended < record.started) return "ended is before started";
  const first = /^0+$/.test(record.previous);
  return first === (record.sequence === 1)
    ? undefined
    : "previous is zero for the first record of a generation, and only for it";
}

function tailRule({ entries }: Tail): string | undefined {
  const odd = entries.find(({ started, ended }) => ended < started);
  return odd && "an entry's ended is before its started";
}

function successionRule({ previous, next }: Succession, signer: PublicKey): string | undefined {
  if (previous === next) return "a key cannot succeed itself";
  return signer === previous || signer === next ? undefined : "its signer is neither of the keys";
}

function manifestRule(manifest: TitleManifest): string | undefined {
  if (!Number.isInteger(Math.log2(manifest.chunkSize))) return "chunkSize is not a power of two";
  const paths = new Set<string>();
  for (const { path, size, chunks } of manifest.files) {
    if (!isPlainPath(path)) return `path "${path}" is not plain and relative`;
    if (paths.has(path)) return `path "${path}" is named twice`;
    paths.add(path);
    if (chunks.length !== Math.ceil(size / manifest.chunkSize)) {
      return `path "${path}" has ${chunks.length} chunks, which does not fit its size`;
    }
  }
  const cover = manifest.cover;
  return cover === undefined || paths.has(cover) ? undefined : "cover is not among the files";
}

const isPlainPath = (path: string) =>
  !path.includes("\\") &&
  path.split("/").every((segment) => segment !== "" && segment !== "." && segment !== "..");
