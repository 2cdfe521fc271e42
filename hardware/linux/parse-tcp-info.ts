import { bytes, type Milliseconds, milliseconds } from "../../agent/core/units.ts";
import type { PeerFlow } from "../sockets.ts";

/** Up to tcpi_bytes_retrans of struct tcp_info in linux/tcp.h (kernel 4.19); grown only at its end since. */
export const TCP_INFO_LENGTH = 232;
/** Up to tcpi_min_rtt (kernel 4.6): the least that says how a connection does. */
const LEAST_LENGTH = 152;
/** TCP header with the timestamp option, which Linux and all current peers use. */
const TCP_HEADER = 32;

export type TcpInfo = Omit<PeerFlow, "id">;

/** struct tcp_info → flow; undefined when the kernel is too old to say what is needed. */
export function parseTcpInfo(view: DataView, length: number, family: 4 | 6): TcpInfo | undefined {
  if (length < LEAST_LENGTH) return undefined;
  const segment = view.getUint32(16, true);
  const header = TCP_HEADER + (family === 6 ? 40 : 20);
  // In packets, and unlike the bytes acknowledged it does not wait for holes to be filled.
  const delivered = length >= 196 ? view.getUint32(192, true) : undefined;
  const acknowledged = Number(view.getBigUint64(120, true));
  const inFlight = view.getUint32(24, true);
  const sentSegments = length >= 160 ? view.getUint32(156, true) : undefined;
  const sentPayload = length >= 208 ? Number(view.getBigUint64(200, true)) : undefined;
  const expanded = (payload: number) => payload * (segment > 0 ? 1 + header / segment : 1);
  const sent =
    sentPayload !== undefined && sentSegments !== undefined
      ? sentPayload + sentSegments * header
      : expanded(acknowledged + inFlight * segment);
  const arrived = delivered === undefined ? expanded(acknowledged) : delivered * (segment + header);
  return {
    rtt: microseconds(view.getUint32(68, true)),
    minRtt: microseconds(view.getUint32(148, true)),
    segment: bytes(segment),
    window: view.getUint32(80, true),
    inFlight,
    notSent: bytes(view.getUint32(144, true)),
    quiet: milliseconds(view.getUint32(44, true)),
    unheard: milliseconds(view.getUint32(56, true)),
    sent: bytes(sent),
    // Segments that were not full are counted as if they were, but never above what was sent.
    acknowledged: bytes(Math.min(arrived, sent)),
    retransmitted: view.getUint32(100, true),
    marked: length >= 200 ? view.getUint32(196, true) : 0,
  };
}

const microseconds = (value: number): Milliseconds => milliseconds(value / 1000);
