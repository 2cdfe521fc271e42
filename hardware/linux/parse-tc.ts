/** What `tc -s qdisc|class|filter show` prints, over iproute2 4.x to 6.x; its JSON leaves out HTB's rates. */
import { type BitsPerSecond, bitsPerSecond } from "../../agent/core/units.ts";

export interface TcQdisc {
  readonly kind: string;
  /** `0:` for the one the kernel attached by itself. */
  readonly handle: string;
  /** `root`, or the class or qdisc it hangs on. */
  readonly parent: string;
}

export interface TcClass {
  readonly id: string;
  readonly rate: BitsPerSecond;
  /** Bytes since the class was made. */
  readonly sent: number;
}

export interface TcListing {
  readonly qdiscs: readonly TcQdisc[];
  readonly classes: readonly TcClass[];
  /** Source ports that u32 filters match on, each once, ascending. */
  readonly ports: readonly number[];
}

export function parseTc(text: string): TcListing {
  return {
    qdiscs: [...text.matchAll(/^qdisc (\S+) (\w+:) (?:dev \S+ )?(?:(root)|parent (\S+))/gm)].map(
      ([, kind, handle, root, parent]) => ({
        kind: kind ?? "",
        handle: handle ?? "",
        parent: root ?? parent ?? "",
      }),
    ),
    classes: [...text.matchAll(CLASS)].map(([, id, rate, unit, sent]) => ({
      id: id ?? "",
      rate: bitsPerSecond(Number(rate) * (RATE_UNIT[unit ?? ""] ?? 1)),
      sent: Number(sent),
    })),
    ports: parsePorts(text),
  };
}

const CLASS =
  /^class htb (\S+) .*?\brate (\d+(?:\.\d+)?)([KMGT]?)bit .*\n\s*Sent (\d{1,19}) bytes/gm;

const RATE_UNIT: Readonly<Record<string, number>> = { K: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/**
 * The TCP source port is the upper half of the first word after a header of 20 (IPv4) or 40 bytes
 * (IPv6). Kernels with CONFIG_CLS_U32_PERF, as Debian's, print a count behind each match.
 */
function parsePorts(text: string): readonly number[] {
  const matches = text.matchAll(/^\s+match ([0-9a-f]{8})\/ffff0000 at (?:20|40)\b/gm);
  const ports = [...matches].map(([, word]) => Number.parseInt(word ?? "", 16) >>> 16);
  return [...new Set(ports)].sort((a, b) => a - b);
}
