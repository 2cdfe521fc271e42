/** What the governor can see at all. Something missing means less sharing, everything missing none. */

export type Signal =
  | "delay-probes"
  | "peer-connections"
  | "processor"
  | "temperature"
  | "playback"
  | "router";

export interface SignalState {
  /** Last time each kind answered, monotonic; absent for never. */
  readonly probesAt?: number;
  readonly peersAt?: number;
  readonly routerAt?: number;
}

/** A signal that was silent for this long is missing. */
const SILENT_MS = 3000;
/** The router is asked seldom and answers late. */
const ROUTER_SILENT_MS = 30_000;

export interface LineSignals {
  readonly probes: boolean;
  readonly peers: boolean;
}

export function lineSignals(state: SignalState, at: number): LineSignals {
  return { probes: isFresh(state.probesAt, at), peers: isFresh(state.peersAt, at) };
}

/** Share of what is believed free that may be used, by what is left to see the line with. */
export function confidence({ probes, peers }: LineSignals): number {
  if (probes && peers) return 1;
  if (peers) return 0.85;
  return probes ? 0.3 : 0;
}

export function missingSignals(
  state: SignalState,
  at: number,
  board: { busy?: number; zones: readonly unknown[]; playback: string } | undefined,
): readonly Signal[] {
  const line = lineSignals(state, at);
  const missing: [boolean, Signal][] = [
    [!line.probes, "delay-probes"],
    [!line.peers, "peer-connections"],
    [board?.busy === undefined, "processor"],
    [!board || board.zones.length === 0, "temperature"],
    [!board || board.playback === "unknown", "playback"],
    [!isFresh(state.routerAt, at, ROUTER_SILENT_MS), "router"],
  ];
  return missing.filter(([gone]) => gone).map(([, signal]) => signal);
}

const isFresh = (heard: number | undefined, at: number, within = SILENT_MS) =>
  heard !== undefined && at - heard <= within;
