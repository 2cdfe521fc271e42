/** Which places beyond the home's line are asked, and what they answered. */
import type { DelayProbe, ProbeReply, ProbeTarget, TrainReply } from "../../hardware/probe.ts";
import { PROBE_LENGTH, TRAIN_LENGTH } from "../../hardware/probe-message.ts";
import { type Bytes, bytes, type Milliseconds } from "../core/units.ts";

/** Without an answer for this long the peers' own round trips stand in. */
const PROBES_SILENT_MS = 1000;
/** Longer than a line or a coordinator that is away for a moment. */
const REFLECTORS_SILENT_MS = 5000;
/** Targets past this many add packets and no knowledge. */
const MOST_TARGETS = 3;

/** With UDP, IPv4 and Ethernet headers. */
const PROBE_ON_CARD = PROBE_LENGTH + 42;
const TRAIN_ON_CARD = TRAIN_LENGTH + 42;

export interface ProbePlaces {
  /** Places beyond the home's line: reflectors first. Asked at each tick, so it may change. */
  readonly targets: () => readonly ProbeTarget[];
  /** Places asked instead while none of those answers. */
  readonly fallback?: () => readonly ProbeTarget[];
}

export interface Answers {
  readonly places: readonly ProbeTarget[];
  readonly replies: readonly ProbeReply[];
  readonly unanswered: Milliseconds | undefined;
  readonly train: TrainReply | undefined;
  /** Nobody has answered for a second. */
  readonly silent: boolean;
}

export class ProbeRounds {
  readonly #probe: DelayProbe;
  readonly #from: ProbePlaces;
  #answeredAt: number;
  #reflectedAt: number;
  /** Place that was asked last, where they are asked in turn. */
  #asked = 0;
  #sent = 0;

  constructor(probe: DelayProbe, from: ProbePlaces, at: number) {
    this.#probe = probe;
    this.#from = from;
    this.#answeredAt = at;
    this.#reflectedAt = at;
  }

  /** @param inTurn one place of several, the next one each time. */
  send(at: number, inTurn: boolean): void {
    const places = this.#places(at);
    for (const place of inTurn ? this.#nextOf(places) : places) {
      if (this.#probe.send(place)) this.#sent += PROBE_ON_CARD;
    }
  }

  /** To a reflector, for nobody else answers one. */
  sendTrain(at: number, packets: number): void {
    const reflector = this.#places(at).find(({ kind }) => kind === "reflector");
    if (reflector && this.#probe.sendTrain(reflector, packets)) {
      this.#sent += packets * TRAIN_ON_CARD;
    }
  }

  answers(at: number): Answers {
    const places = this.#places(at);
    const replies = this.#probe.receive();
    if (replies.length > 0) this.#answeredAt = at;
    if (replies.some(({ target }) => target.kind === "reflector")) this.#reflectedAt = at;
    return {
      places,
      replies,
      unanswered: this.#probe.unanswered(),
      train: this.#probe.receiveTrain(),
      silent: at - this.#answeredAt > PROBES_SILENT_MS,
    };
  }

  /** What was sent since this was last asked, as the network card counts it: sharing costs that too. */
  takeSent(): Bytes {
    const sent = bytes(this.#sent);
    this.#sent = 0;
    return sent;
  }

  #places(at: number): readonly ProbeTarget[] {
    const { targets, fallback } = this.#from;
    const wanted = targets().slice(0, MOST_TARGETS);
    const alone = fallback && at - this.#reflectedAt > REFLECTORS_SILENT_MS;
    return alone ? [...wanted, ...fallback()] : wanted;
  }

  #nextOf(places: readonly ProbeTarget[]): readonly ProbeTarget[] {
    this.#asked = (this.#asked + 1) % Math.max(1, places.length);
    return places.slice(this.#asked, this.#asked + 1);
  }
}
