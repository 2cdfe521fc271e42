/**
 * How long to wait before the next try at the broker. Pure. Random enough that 100 000 boxes whose
 * broker comes back do not come back as one, and without an end: a box never gives up.
 */
import { type PublicKey, sha256 } from "../core/encoding.ts";
import { type Milliseconds, milliseconds, seconds } from "../core/units.ts";

export type Failure =
  /** No connection: name, route, port, TLS or no answer. */
  | "unreachable"
  /** A connection that worked has ended. */
  | "lost"
  /** The broker asks for patience. */
  | "busy"
  /** The broker knows us and says no. */
  | "refused"
  /** Somebody else connected with this box's id. */
  | "taken-over";

const LOST_FIRST = seconds(1);
const LOST_MOST = seconds(10 * 60);
const BUSY_LEAST = seconds(5 * 60);
const REFUSED_FIRST = seconds(15 * 60);
const REFUSED_MOST = seconds(6 * 3600);
const TAKEN_FIRST = seconds(30);

/** A connection that lasted this long starts the count of failures again. */
export const STABLE_AFTER = seconds(60);

/** `count` is how many failures in a row came before this one; `unit` is uniform in [0, 1). */
export function backoff(failure: Failure, count: number, unit: number): Milliseconds {
  switch (failure) {
    case "unreachable":
    case "lost":
      return milliseconds(unit * doubled(LOST_FIRST, count, LOST_MOST));
    case "taken-over":
      return milliseconds((0.5 + unit / 2) * doubled(TAKEN_FIRST, count, LOST_MOST));
    case "busy":
      return milliseconds(BUSY_LEAST + unit * doubled(BUSY_LEAST, count, LOST_MOST));
    case "refused": {
      const base = doubled(REFUSED_FIRST, count, REFUSED_MOST);
      return milliseconds(Math.min(REFUSED_MOST, base * (1 + unit / 4)));
    }
  }
}

const doubled = (first: Milliseconds, count: number, most: Milliseconds) =>
  Math.min(most, first * 2 ** Math.min(count, 32));

/** Spreads the first connections of a fleet after a power cut, the same for a box at every boot. */
export const firstDelay = (box: PublicKey, spread: Milliseconds): Milliseconds =>
  milliseconds((Number.parseInt(sha256(Buffer.from(box)).slice(0, 8), 16) / 2 ** 32) * spread);

/** MQTT 5 reason codes (§2.4) that are not simply a lost connection. */
export function failureOfReason(code: number): Failure {
  switch (code) {
    case 0x8e: // session taken over
      return "taken-over";
    case 0x88: // server unavailable
    case 0x89: // server busy
    case 0x96: // message rate too high
    case 0x97: // quota exceeded
    case 0x9f: // connection rate exceeded
      return "busy";
    case 0x84: // unsupported protocol version
    case 0x85: // client identifier not valid
    case 0x86: // bad user name or password
    case 0x87: // not authorised
    case 0x8a: // banned
    case 0x8c: // bad authentication method
      return "refused";
    default:
      return "lost";
  }
}
