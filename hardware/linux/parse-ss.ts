import { bytes, milliseconds } from "../../agent/core/units.ts";
import type { PeerFlow } from "../sockets.ts";

const HEADERS = { 4: 52, 6: 72 } as const;

/** `ss -tinOH` → one flow a line; lines without TCP's figures are left out. Pure. */
export function parseSs(text: string): readonly PeerFlow[] {
  return text.split("\n").flatMap((line) => parseLine(line) ?? []);
}

function parseLine(line: string): PeerFlow | undefined {
  const [state, , , local, peer, ...rest] = line.trim().split(/\s+/);
  if (state === undefined || local === undefined || peer === undefined) return undefined;
  const fields = new Map(
    rest.map((field) => {
      const colon = field.indexOf(":");
      return [field.slice(0, colon), field.slice(colon + 1)] as const;
    }),
  );
  const number = (name: string, part = 0) => {
    const value = Number(fields.get(name)?.split("/")[part]);
    return Number.isFinite(value) ? value : 0;
  };
  const segment = number("mss");
  if (segment === 0 || !fields.has("rtt")) return undefined;
  const header = HEADERS[peer.startsWith("[") && !peer.includes("::ffff:") ? 6 : 4];
  return {
    id: `${local} ${peer}`,
    rtt: milliseconds(number("rtt")),
    minRtt: milliseconds(number("minrtt") || number("rtt")),
    segment: bytes(segment),
    window: number("cwnd"),
    inFlight: number("unacked"),
    notSent: bytes(number("notsent")),
    quiet: milliseconds(number("lastsnd")),
    unheard: milliseconds(number("lastack")),
    sent: bytes(number("bytes_sent") + number("data_segs_out") * header),
    acknowledged: bytes(number("bytes_acked") * (1 + header / segment)),
    retransmitted: number("retrans", 1),
    marked: number("delivered_ce"),
  };
}
