/** Whose turn it is to send. Pure: one step per decision. */
import type { PeerFlow } from "../../hardware/sockets.ts";
import type { BitsPerSecond } from "../core/units.ts";

/**
 * Connections with something to send: when their turn began, or that they wait. Those whose turn it is
 * stand first, the others in the order of their waiting.
 */
export type Turns = ReadonlyMap<string, number | "waits">;

export interface Taken {
  readonly turns: Turns;
  /** Those of them whose response has nearly been handed to the network: they end beside who comes next. */
  readonly ending: ReadonlySet<string>;
}

/** How long one sender keeps its turn when there are more than may send at once. */
const TURN_MS = 10_000;
const SOON_MS = 500;
/**
 * So long before it has handed all to the network, at its rate, the turn of a response passes on. Who comes next still
 * waits, half as long on average, for the time that its rate was when its last segments left.
 */
export const NEARLY_MS = 15;
/** So soon nobody's turn ends: who waited has little at hand until it asks its server for more. */
const SETTLED_MS = 100;
/** Whose turn it is and who yet sends nothing for so long has a peer that takes nothing. */
const STALLED_MS = 250;

/**
 * Who has handed all to the network needs no turn, though not all of it has arrived, and the turn of
 * one that ends goes to the next already, which needs a moment to start.
 *
 * @param startsBy until when who has just been given a higher rate may be silent all the same.
 */
export function takeTurns(
  flows: readonly PeerFlow[],
  rate: BitsPerSecond,
  streams: number,
  at: number,
  before: Turns,
  startsBy: ReadonlyMap<string, number>,
): Taken {
  const hungry = withUnsent(flows);
  const known = [...before.keys()].filter((id) => hungry.has(id));
  const line = [...known, ...[...hungry.keys()].filter((id) => !before.has(id))];
  const crowded = line.length > streams;
  const share = rate / Math.min(streams, Math.max(1, line.length));
  const ending = new Set<string>();
  const lasting: string[] = [];
  const passed: string[] = [];
  const waiting: string[] = [];
  for (const id of line) {
    const since = before.get(id);
    if (typeof since !== "number") {
      waiting.push(id);
      continue;
    }
    const flow = hungry.get(id);
    const turn = at - since;
    const silent = turn > STALLED_MS && (flow?.quiet ?? 0) > STALLED_MS;
    const stalled = silent && at >= (startsBy.get(id) ?? at);
    const ends = turn >= SETTLED_MS && ((flow?.notSent ?? 0) * 8000) / share < NEARLY_MS;
    if (crowded && (stalled || turn > TURN_MS)) passed.push(id);
    else if (ends && ending.size < streams) ending.add(id);
    else if (!ends && lasting.length < streams) lasting.push(id);
    else passed.push(id);
  }
  // One that cannot send yet would only hold the turn.
  const sleeps = (id: string) => Number((hungry.get(id)?.quiet ?? 0) > STALLED_MS);
  const byWaking = (a: string, b: string) => sleeps(a) - sleeps(b);
  // Whose turn has passed goes to the end of the line.
  waiting.push(...passed);
  const next = waiting.sort(byWaking).splice(0, streams - lasting.length);
  const turns = new Map<string, number | "waits">([
    ...[...lasting, ...ending].map((id) => [id, before.get(id) ?? at] as const),
    ...next.map((id) => [id, at] as const),
    ...waiting.map((id) => [id, "waits"] as const),
  ]);
  return { turns, ending };
}

/**
 * While hardly anything is sent turns neither end nor pass: everybody is slow. But who sends nothing for
 * `patience` milliseconds waits for a segment that was lost, for longer each time, and would not come back at once.
 */
export function keepTurns(
  flows: readonly PeerFlow[],
  at: number,
  before: Turns,
  patience: number,
): Turns {
  const hungry = withUnsent(flows);
  const ids = [...new Set([...before.keys(), ...hungry.keys()])].filter((id) => hungry.has(id));
  const [first = ""] = ids;
  const since = before.get(first);
  const held = typeof since === "number" ? at - since : 0;
  const gives = held > patience && (hungry.get(first)?.quiet ?? 0) > patience;
  if (gives) ids.push(...ids.splice(0, 1));
  const turns = new Map(ids.map((id) => [id, before.get(id) ?? "waits"] as const));
  if (gives) turns.set(first, "waits");
  const [next] = ids;
  if (next !== undefined && turns.get(next) === "waits") turns.set(next, at);
  return turns;
}

/** Whether somebody has nearly had his turn, and who is next should be able to start. */
export function passSoon(turns: Turns, at: number): boolean {
  return [...turns.values()].some((since) => since !== "waits" && at - since > TURN_MS - SOON_MS);
}

/** Whether one of those that had something to send has handed it all to the network. */
export function hasEnded(flows: readonly PeerFlow[], before: Turns): boolean {
  const hungry = withUnsent(flows);
  return [...before.keys()].some((id) => !hungry.has(id));
}

const withUnsent = (flows: readonly PeerFlow[]): ReadonlyMap<string, PeerFlow> =>
  new Map(flows.flatMap((flow) => (flow.notSent > 0 ? [[flow.id, flow]] : [])));
