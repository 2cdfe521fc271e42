/**
 * The box's line to its coordinator over MQTT 5: says who it is and what it holds, sends usage
 * records until they are acked, and takes in acks, wishes and commands. It never gives up.
 */
import { reasonOf } from "../core/errors.ts";
import type { Part } from "../core/part.ts";
import { type Milliseconds, milliseconds, seconds } from "../core/units.ts";
import { backoff, type Failure, firstDelay, STABLE_AFTER } from "./backoff.ts";
import { type BrokerSession, clientIdOf, type Ended, openSession } from "./broker-session.ts";
import { CloneWatch } from "./clone-watch.ts";
import { Conversation } from "./conversation.ts";
import { dial } from "./dial.ts";
import type { ReporterOptions } from "./reporter-options.ts";
import { formatState, type Topics, topicsOf } from "./topics.ts";

export type { BrokerOptions, ReporterOptions } from "./reporter-options.ts";

export type ReporterState =
  | { readonly state: "connecting" }
  | { readonly state: "connected" }
  | {
      readonly state: "waiting";
      readonly failure: Failure;
      readonly reason: string;
      /** Monotonic time of the next try. */
      readonly until: Milliseconds;
    };

const DIAL_TIMEOUT = seconds(30);
const DEFAULT_SPREAD = seconds(60);
/** Retained messages of our five subscriptions are far fewer; what is dropped is sent again. */
const MOST_EARLY = 64;

/** Starts connecting when it is run. */
export class Reporter implements Part {
  readonly name = "reporter";
  readonly #options: ReporterOptions;
  readonly #topics: Topics;
  #state: ReporterState = { state: "connecting" };
  #conversation: Conversation | undefined;
  #failures = 0;
  readonly #clones: CloneWatch;
  #cloneSaid = false;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#topics = topicsOf(options.fleet, options.signer.publicKey);
    this.#clones = new CloneWatch(options.signer.publicKey, options.environment);
  }

  get state(): ReporterState {
    return this.#state;
  }

  /** True while another device keeps connecting with this box's identity. */
  get cloneSuspected(): boolean {
    return this.#clones.suspected(this.#options.clock.monotonicMs());
  }

  /** Says again who this box is, because an address or the wallet changed. */
  announce(): void {
    this.#conversation?.announce();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, signer, spread = DEFAULT_SPREAD } = this.#options;
    await clock.sleep(firstDelay(signer.publicKey, spread), signal);
    while (!signal.aborted) {
      this.#state = { state: "connecting" };
      const started = clock.monotonicMs();
      const ended = await this.#connectOnce(signal);
      if (signal.aborted) break;
      if (clock.monotonicMs() - started >= STABLE_AFTER) this.#failures = 0;
      await this.#wait(ended, signal);
    }
  }

  async #connectOnce(signal: AbortSignal): Promise<Ended> {
    const { broker, clockQuality, signer, records } = this.#options;
    const boot = records.chain.boots;
    const early: [string, Uint8Array][] = [];
    try {
      const socket = await dial(
        {
          url: broker.url,
          tls: broker.tls?.(),
          clockTrusted: clockQuality() === "synchronised",
          timeout: DIAL_TIMEOUT,
          clock: this.#options.clock,
        },
        signal,
      );
      // Until the session is open nobody is told goodbye: a broker that stays mute must not hold us.
      const drop = () => socket.destroy();
      signal.addEventListener("abort", drop, { once: true });
      const outcome = await openSession(socket, {
        clientId: clientIdOf(signer),
        username: broker.username || signer.publicKey,
        password: broker.password?.(),
        will: { topic: this.#topics.state, payload: formatState(false, boot) },
        subscribe: [
          this.#topics.ack,
          this.#topics.desired,
          this.#topics.commands,
          this.#topics.birth,
        ],
        subscribeIfAllowed: this.#topics.tail,
        // Retained messages arrive before the conversation stands.
        onMessage: (topic, payload) => {
          if (this.#conversation) this.#conversation.receive(topic, payload);
          else if (early.length < MOST_EARLY) early.push([topic, payload]);
        },
      });
      signal.removeEventListener("abort", drop);
      if (outcome.state === "failed") return outcome;
      return await this.#converse(outcome.session, early, signal);
    } catch (fault) {
      return { failure: "unreachable", reason: reasonOf(fault) };
    }
  }

  async #converse(
    session: BrokerSession,
    early: readonly [string, Uint8Array][],
    signal: AbortSignal,
  ): Promise<Ended> {
    const { log } = this.#options;
    this.#conversation = new Conversation(session, this.#topics, this.#clones, this.#options);
    this.#state = { state: "connected" };
    log.info("connected to the broker");
    try {
      for (const [topic, payload] of early) this.#conversation.receive(topic, payload);
      return await this.#conversation.run(signal);
    } finally {
      this.#conversation = undefined;
      session.drop();
    }
  }

  async #wait({ failure, reason }: Ended, signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#options;
    if (failure === "taken-over") this.#clones.sign(clock.monotonicMs());
    const delay = backoff(failure, this.#failures, random.unit());
    this.#failures += 1;
    const until = milliseconds(clock.monotonicMs() + delay);
    this.#state = { state: "waiting", failure, reason, until };
    const fields = { failure, reason, retry_in_s: Math.ceil(delay / 1000) };
    log.warning("no connection to the broker", fields);
    if (this.cloneSuspected && !this.#cloneSaid) log.error("another device uses this box's key");
    this.#cloneSaid = this.cloneSuspected;
    await clock.sleep(delay, signal);
  }
}
