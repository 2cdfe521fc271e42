/** Whose turn it is to send. Pure: one step per decision. */
import type { PeerFlow } from "../../hardware/sockets.ts";
import { type BitsPerSecond, bitsPerSecond } from "../core/units.ts";

/**
 * Connections with something to send: when their turn began, or that they wait. Those whose turn it is
 * stand first, the others in the order of their waiting.
 */
export type Turns = ReadonlyMap<string, number | "waits">;

export interface Taken {
  readonly turns: Turns;
  /** Those whose turn ends, and the rate at which it does within a tick. */
  readonly ending: ReadonlyMap<string, BitsPerSecond>;
}

/** How long one sender keeps its turn when there are more than may send at once. */
const TURN_MS = 10_000;
const SOON_MS = 500;
/** What is left of a response is its end when it is gone within the time of one decision. */
const TICK_MS = 25;
/** So much of its share at most, so that the next one has some of it already. */
const ENDING = 0.7;
/** So soon nobody's turn ends: who waited has little at hand until it asks its server for more. */
const SETTLED_MS = 100;
/** Whose turn it is and who yet sends nothing for so long has a peer that takes nothing. */
const STALLED_MS = 250;

/**
 * Who has handed all to the network needs no turn, though not all of it has arrived, and the turn of
 * one that ends goes to the next already, which needs a moment to start.
 */
export function takeTurns(
  flows: readonly PeerFlow[],
  rate: BitsPerSecond,
  streams: number,
  at: number,
  before: Turns,
): Taken {
  const hungry = new Map(flows.flatMap((flow) => (flow.notSent > 0 ? [[flow.id, flow]] : [])));
  const known = [...before.keys()].filter((id) => hungry.has(id));
  const line = [...known, ...[...hungry.keys()].filter((id) => !before.has(id))];
  const crowded = line.length > streams;
  const ending = new Map<string, BitsPerSecond>();
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
    const stalled = turn > STALLED_MS && (flow?.quiet ?? 0) > STALLED_MS;
    const rest = bitsPerSecond(((flow?.notSent ?? 0) * 8000) / TICK_MS);
    const ends = turn >= SETTLED_MS && rest < (ENDING * rate) / streams;
    if (crowded && (stalled || turn > TURN_MS)) passed.push(id);
    else if (ends && ending.size < streams) ending.set(id, rest);
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
    ...[...lasting, ...ending.keys()].map((id) => [id, before.get(id) ?? at] as const),
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
  const hungry = new Map(flows.flatMap((flow) => (flow.notSent > 0 ? [[flow.id, flow]] : [])));
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

/** Whether the same connections send, whoever waits. */
export function isSameTurn(a: Turns, b: Turns): boolean {
  const senders = (turns: Turns) => [...turns].filter(([, turn]) => turn !== "waits");
  const now = senders(b);
  return senders(a).length === now.length && now.every(([id, since]) => a.get(id) === since);
}
