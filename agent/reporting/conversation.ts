/** What is said and heard over one connection, from the birth message to the last record. */
import { encodeBatch } from "../accounting/batch.ts";
import { open } from "../accounting/envelope.ts";
import type { Command } from "../accounting/messages.ts";
import type { Id } from "../core/encoding.ts";
import { assertNever, reasonOf } from "../core/errors.ts";
import { every } from "../core/part.ts";
import { type Bytes, bytes, type Milliseconds, seconds } from "../core/units.ts";
import { Announcements } from "./announcements.ts";
import { type BrokerSession, type Ended, refusalOf } from "./broker-session.ts";
import type { CloneWatch } from "./clone-watch.ts";
import { CommandDesk } from "./command-desk.ts";
import type { ReporterOptions } from "./reporter-options.ts";
import { commandIdOf, formatState, type Topics } from "./topics.ts";
import { UsagePump } from "./usage-pump.ts";

const TICK = seconds(1);
const GREETING = seconds(10);
const FAREWELL = seconds(2);
const RESULT_EXPIRY_S = 300;
/** Of a usage frame, when the broker does not ask for less; its topic and header come on top. */
const FRAME_BYTES = 192 * 1024;
const FRAME_MARGIN = 1024;

const ASKED_TO_RECONNECT: Ended = { failure: "busy", reason: "the coordinator asked to reconnect" };
const JOURNAL_OPENED: Ended = { failure: "lost", reason: "the journal was opened again" };

export class Conversation {
  readonly #session: BrokerSession;
  readonly #topics: Topics;
  readonly #clones: CloneWatch;
  readonly #options: ReporterOptions;
  readonly #announcements: Announcements;
  readonly #pump: UsagePump;
  readonly #desk: CommandDesk;
  /** Aborts when the connection is over. */
  readonly #over = new AbortController();
  /** Aborts, with the reason as an Ended, when we are to connect again. */
  readonly #leave = new AbortController();
  readonly #boots: number;
  #desiredVersion = -1;
  readonly #began: Milliseconds;
  #answered = false;
  #foreignBirth = false;
  #refused = 0;

  constructor(
    session: BrokerSession,
    topics: Topics,
    clones: CloneWatch,
    options: ReporterOptions,
  ) {
    this.#session = session;
    this.#clones = clones;
    this.#topics = topics;
    this.#options = options;
    const { records, clock, signer, environment, coordinatorKeys } = options;
    this.#announcements = new Announcements(session, topics, clones, options, this.#over.signal);
    this.#began = clock.monotonicMs();
    this.#boots = records.chain.boots;
    this.#pump = new UsagePump(records, frameBytes(session.maxPacket), clock.monotonicMs());
    this.#desk = new CommandDesk({
      box: signer.publicKey,
      environment,
      coordinatorKeys,
      now: () => (options.clockQuality() === "synchronised" ? clock.wallMs() / 1000 : undefined),
      carryOut: (command) => this.#carryOut(command),
    });
  }

  announce(): void {
    this.#announcements.renewBirth();
  }

  /** Talks until the connection ends, the signal aborts or the coordinator sends us away. */
  async run(signal: AbortSignal): Promise<Ended> {
    const { clock, log } = this.#options;
    const stop = AbortSignal.any([signal, this.#over.signal, this.#leave.signal]);
    void this.#session.ended.then(() => this.#over.abort());
    await every(TICK, () => this.#tick(), { clock, log, signal: stop, name: "reporter" });
    if (!this.#over.signal.aborted) await this.#farewell();
    if (this.#leave.signal.aborted) return this.#leave.signal.reason;
    const ended = await this.#session.ended;
    // A broker that does not say so: the birth of another device was there, then we were cut off.
    if (!this.#foreignBirth || ended.failure !== "lost") return ended;
    return { failure: "taken-over", reason: "another device connects with this box's identity" };
  }

  /** Never throws: what comes from outside is refused, counted and, for commands, answered. */
  receive(topic: string, payload: Uint8Array): void {
    try {
      if (topic === this.#topics.ack) this.#hearAck(payload);
      else if (topic === this.#topics.desired) this.#hearDesired(payload);
      else if (topic === this.#topics.birth) this.#hearBirth(payload);
      else if (topic === this.#topics.tail) this.#hearTail(payload);
      else this.#hearCommand(commandIdOf(topic), payload);
    } catch (fault) {
      this.#options.log.error("message could not be taken in", { topic, reason: reasonOf(fault) });
    }
  }

  #hearCommand(id: Id | undefined, payload: Uint8Array): void {
    if (id === undefined) {
      this.#refuse("command", "malformed");
      return;
    }
    const answer = this.#desk.handle(id, payload);
    if (answer !== "done") this.#refuse("command", answer);
    this.#session
      .publish(this.#topics.result(id), answer, { expirySeconds: RESULT_EXPIRY_S })
      .catch((fault) => this.#options.log.debug("answer not sent", { reason: reasonOf(fault) }));
  }

  async #tick(): Promise<void> {
    try {
      await this.#say();
    } catch (fault) {
      // What could not be said because the connection is gone is said over the next one.
      if (this.#over.signal.aborted) return;
      const refused = refusalOf(fault);
      if (!refused) throw fault;
      this.#leave.abort(refused);
    }
  }

  async #say(): Promise<void> {
    // The will of this connection speaks of another boot: a journal that was opened again counts one.
    if (this.#options.records.chain.boots !== this.#boots) {
      this.#leave.abort(JOURNAL_OPENED);
      return;
    }
    await this.#announcements.say();
    if (!this.#mayReport()) return;
    await this.#announcements.sayTail();
    const records = this.#pump.next(this.#options.clock.monotonicMs());
    if (records.length === 0) return;
    const frame = encodeBatch(records.map((record) => record.bytes));
    await this.#session.publish(this.#topics.usage, frame);
  }

  /**
   * The answer to our birth tells where the coordinator knows our chain to stand. Waiting for it lets
   * a box whose whole storage was rolled back find out before it reuses a number.
   */
  #mayReport(): boolean {
    const { clock, greeting = GREETING } = this.#options;
    return this.#answered || clock.monotonicMs() - this.#began >= greeting;
  }

  #hearAck(payload: Uint8Array): void {
    const { environment, coordinatorKeys, records, clock, log } = this.#options;
    const opened = open("ack", payload, { environment, signer: coordinatorKeys() });
    if (!opened.ok) {
      this.#refuse("ack", opened.code);
      return;
    }
    const outcome = records.applyAck(opened.message);
    this.#answered = true;
    switch (outcome.result) {
      case "ignored":
        log.debug("ack ignored", { why: outcome.why });
        return;
      case "applied":
        this.#pump.acked(clock.monotonicMs(), outcome.resendFrom);
        return;
      case "new-generation":
        this.#pump.acked(clock.monotonicMs(), undefined);
        this.announce();
        return;
    }
  }

  #hearDesired(payload: Uint8Array): void {
    const { environment, coordinatorKeys, signer, onDesired } = this.#options;
    const opened = open("desired", payload, { environment, signer: coordinatorKeys() });
    if (!opened.ok) {
      this.#refuse("desired", opened.code);
      return;
    }
    const { box, version } = opened.message.body;
    if (box !== signer.publicKey) {
      this.#refuse("desired", "wrong-box");
      return;
    }
    if (version <= this.#desiredVersion) return;
    this.#desiredVersion = version;
    onDesired(opened.message);
  }

  /** Our own, echoed or of an earlier start, or one that only a second device can have signed. */
  #hearBirth(payload: Uint8Array): void {
    const { records, clock } = this.#options;
    const heard = this.#clones.hear(payload, records.chain.boots, clock.monotonicMs());
    if (heard === "unreadable") this.#refuse("birth", "malformed");
    if (heard === "foreign") this.#foreignBirth = true;
  }

  /** Our own: of an earlier start, or the echo of what we just published, which is no news. */
  #hearTail(payload: Uint8Array): void {
    if (payload.length === 0) return;
    const { environment, signer, records } = this.#options;
    const opened = open("tail", payload, { environment, signer: signer.publicKey });
    if (opened.ok) records.recover(opened.message);
    else this.#refuse("tail", opened.code);
  }

  #carryOut({ verb, from }: Command): void {
    switch (verb) {
      case "announce":
        this.#announcements.renew();
        break;
      case "resend":
        this.#pump.resend(from ?? 0);
        break;
      case "reconnect":
        this.#leave.abort(ASKED_TO_RECONNECT);
        break;
      default:
        assertNever(verb);
    }
  }

  /** In the log at 1, 2, 4, 8 … refusals, so that a flood does not fill it. */
  #refuse(what: string, code: string): void {
    if (code === "unknown-signer") this.#options.onUnknownSigner?.();
    this.#refused += 1;
    if (!Number.isInteger(Math.log2(this.#refused))) return;
    this.#options.log.warning("message refused", { what, code, so_far: this.#refused });
  }

  /** Within the time a stopping daemon has; a broker that does not answer sends our will instead. */
  async #farewell(): Promise<void> {
    const { records, log, clock } = this.#options;
    const said = this.#session
      .publish(this.#topics.state, formatState(false, records.chain.boots), { retain: true })
      .then(() => this.#session.close())
      .catch((fault) => log.debug("left without a word", { reason: reasonOf(fault) }));
    await Promise.race([said, clock.sleep(FAREWELL)]);
    this.#session.drop();
  }
}

const frameBytes = (maxPacket: number | undefined): Bytes =>
  bytes(Math.max(4096, Math.min(FRAME_BYTES, (maxPacket ?? FRAME_BYTES) - FRAME_MARGIN)));
