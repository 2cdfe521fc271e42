/**
 * Ends connections whose clients take nothing of what they asked for, so that they hold no stream. A
 * slow client, and one that this box paces or holds back, is none of them.
 */
import type { PeerFlow, PeerReading, PeerSockets, SocketAbility } from "../../hardware/sockets.ts";
import { type BitsPerSecond, type Milliseconds, milliseconds, seconds } from "../core/units.ts";

const STALLED_AFTER = seconds(30);

/** TCP sends two segments at a time; this long after them the next two may leave. */
const pause = ({ segment }: PeerFlow, rate: BitsPerSecond | undefined) =>
  rate === undefined ? 0 : (2 * segment * 8000) / Math.max(1, rate);

/**
 * What a queue of this box or a broken line holds is in flight. So when bytes wait, none are in flight
 * and none have left for so much longer than pacing asks for, the client's receive window is shut.
 *
 * @param rate what this box paces the connection at; undefined where it does not
 */
export const isStalled = (
  flow: PeerFlow,
  rate: BitsPerSecond | undefined,
  after: Milliseconds = STALLED_AFTER,
) =>
  flow.notSent > 0 && flow.inFlight === 0 && flow.quiet > milliseconds(after + pause(flow, rate));

/** The same sockets; each reading also ends what is stalled. */
export class StalledReaders implements PeerSockets {
  readonly #sockets: PeerSockets;
  readonly #after: Milliseconds;
  #rates = new Map<string, BitsPerSecond>();
  /** What connections start with. */
  #first: BitsPerSecond | undefined;

  constructor(sockets: PeerSockets, after = STALLED_AFTER) {
    this.#sockets = sockets;
    this.#after = after;
  }

  get ability(): SocketAbility {
    return this.#sockets.ability;
  }

  async read(): Promise<PeerReading> {
    const reading = await this.#sockets.read();
    const rates = new Map<string, BitsPerSecond>();
    for (const flow of reading.flows) {
      const rate = this.#rates.get(flow.id) ?? this.#first;
      if (rate !== undefined) rates.set(flow.id, rate);
      if (isStalled(flow, rate, this.#after)) this.#sockets.cut(flow.id);
    }
    this.#rates = rates;
    return reading;
  }

  pace(id: string, rate: BitsPerSecond): boolean {
    this.#rates.set(id, rate);
    return this.#sockets.pace(id, rate);
  }

  paceNew(rate: BitsPerSecond): void {
    this.#first = rate;
    this.#sockets.paceNew(rate);
  }

  control(name: string): void {
    this.#sockets.control(name);
  }

  cut(id: string): boolean {
    return this.#sockets.cut(id);
  }
}
