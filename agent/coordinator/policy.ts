/** The coordinator's published limits. A deployment may change any of them; tests pin the defaults. */
import type { Environment } from "../accounting/messages.ts";
import {
  type BitsPerSecond,
  type Bytes,
  bytes,
  type Milliseconds,
  mebibytes,
  megabitsPerSecond,
  seconds,
} from "../core/units.ts";

const GIBIBYTE = 1024 ** 3;

export interface Policy {
  /** No box's line carries more than this, whatever it says. */
  readonly maxUplink: BitsPerSecond;
  /** What one viewer may cause to be paid to one box in a day, and to all boxes together. */
  readonly pairBytesPerDay: Bytes;
  readonly viewerBytesPerDay: Bytes;
  /** Records kept for a box while an earlier one is missing. */
  readonly maxHeld: number;
  /** A network with more boxes than this is a carrier's NAT, no household. */
  readonly householdMaxBoxes: number;
  readonly sightingDays: number;
  readonly ticketBytes: Bytes;
  /** The first tickets of a viewer nobody knows. */
  readonly strangerTicketBytes: Bytes;
  readonly maxOpenTickets: number;
  readonly requestWindow: Milliseconds;
  /** Boxes that must have struck a viewer before it is refused everywhere. */
  readonly viewerStrikes: number;
  /** Viewers that must have got garbled bytes from a box before nobody is sent there. */
  readonly garbledViewers: number;
  readonly complaintWindow: Milliseconds;
  readonly minPlay: Milliseconds;
  readonly maxPlaysPerTitleAndDay: number;
  readonly maxParallelPlays: number;
  /** Viewers are sent to a box only for titles placed there, so that nobody picks his customers. */
  readonly onlyPlaced: boolean;
}

/** Development runs on loopback, far faster than any household's line. */
export const defaultPolicy = (environment: Environment): Policy => ({
  maxUplink: megabitsPerSecond(environment === "prod" ? 1_000 : 100_000),
  pairBytesPerDay: bytes(50 * GIBIBYTE),
  viewerBytesPerDay: bytes(150 * GIBIBYTE),
  maxHeld: 1_024,
  householdMaxBoxes: 8,
  sightingDays: 14,
  ticketBytes: mebibytes(256),
  strangerTicketBytes: mebibytes(64),
  maxOpenTickets: 1_000,
  requestWindow: seconds(120),
  viewerStrikes: 3,
  garbledViewers: 2,
  complaintWindow: seconds(6 * 3600),
  minPlay: seconds(30),
  maxPlaysPerTitleAndDay: 24,
  maxParallelPlays: 3,
  onlyPlaced: environment === "prod",
});
