/** What a box says of itself over one connection: who it is, what it holds, and its tail to itself. */
import { seal } from "../accounting/envelope.ts";
import type { Birth, MessageBodies, Reported } from "../accounting/messages.ts";
import type { PublicKey } from "../core/encoding.ts";
import { reasonOf } from "../core/errors.ts";
import { type Milliseconds, seconds, type UnixSeconds } from "../core/units.ts";
import { momentOf } from "../journal/moment.ts";
import type { BrokerSession } from "./broker-session.ts";
import type { CloneWatch } from "./clone-watch.ts";
import { isWorthTelling, type Report } from "./reported-change.ts";
import type { ReporterOptions } from "./reporter-options.ts";
import { formatState, type Topics } from "./topics.ts";

const REPORT_EVERY = seconds(5);
/** Told again after this long even when nothing changed, so that its time stays fresh. */
const REPORT_LATEST = seconds(10 * 60);

export class Announcements {
  readonly #session: BrokerSession;
  readonly #topics: Topics;
  readonly #clones: CloneWatch;
  readonly #options: ReporterOptions;
  /** Aborts when the connection is over. */
  readonly #over: AbortSignal;
  #announced = false;
  #reported: { readonly report: Report; readonly at: Milliseconds } | undefined;
  #reportLookedAt: Milliseconds | undefined;
  #tail: "new" | "kept" | "refused" = "new";

  constructor(
    session: BrokerSession,
    topics: Topics,
    clones: CloneWatch,
    options: ReporterOptions,
    over: AbortSignal,
  ) {
    this.#session = session;
    this.#topics = topics;
    this.#clones = clones;
    this.#options = options;
    this.#over = over;
  }

  /** Who this box is has changed. */
  renewBirth(): void {
    this.#announced = false;
  }

  /** All of it is said again, changed or not. */
  renew(): void {
    this.#reported = undefined;
    this.#reportLookedAt = undefined;
    this.#announced = false;
  }

  /** Says what is due of birth and reported. Rejects when it could not be said. */
  async say(): Promise<void> {
    if (!this.#announced) {
      this.#announced = true;
      try {
        await this.#sayBirth();
      } catch (fault) {
        this.#announced = false;
        throw fault;
      }
    }
    await this.#sayReported();
  }

  /**
   * Only once the one that was retained has come: it arrives before any answer to our birth. A broker
   * whose access rules do not know the topic is not asked again.
   */
  async sayTail(): Promise<void> {
    if (this.#tail === "refused") return;
    const tail = this.#options.records.tail(this.#tail === "new");
    this.#tail = "kept";
    if (!tail) return;
    try {
      await this.#session.publish(this.#topics.tail, tail.bytes, { retain: true });
      tail.kept();
    } catch (fault) {
      if (this.#over.aborted) throw fault;
      this.#tail = "refused";
      const reason = reasonOf(fault);
      this.#options.log.warning("the broker does not keep the tail", { reason });
    }
  }

  async #sayBirth(): Promise<void> {
    const { records, describe } = this.#options;
    const { generation, sequence, head, boots: bootCounter } = records.chain;
    // Without a journal there is no generation to speak of, and nothing will be sent.
    if (generation === 0) return;
    const online = formatState(true, bootCounter);
    await this.#session.publish(this.#topics.state, online, { retain: true });
    const birth: Birth = {
      ...describe(),
      ...this.#signature(),
      generation,
      sequence,
      head,
      bootCounter,
    };
    await this.#saySealed("birth", birth, this.#topics.birth);
  }

  async #sayReported(): Promise<void> {
    const { clock, report } = this.#options;
    const now = clock.monotonicMs();
    if (this.#reportLookedAt !== undefined && now - this.#reportLookedAt < REPORT_EVERY) return;
    this.#reportLookedAt = now;
    const current = report();
    const last = this.#reported;
    if (last && now - last.at < REPORT_LATEST && !isWorthTelling(last.report, current)) return;
    this.#reported = { report: current, at: now };
    const reported: Reported = { ...current, ...this.#signature() };
    await this.#saySealed("reported", reported, this.#topics.reported);
  }

  #saySealed<T extends "birth" | "reported">(type: T, body: MessageBodies[T], topic: string) {
    const { signer, environment } = this.#options;
    const sealed = seal(type, body, signer, environment);
    if (type === "birth") this.#clones.published(sealed.hash);
    return this.#session.publish(topic, sealed.bytes, { retain: true });
  }

  #signature(): { readonly box: PublicKey; readonly at: UnixSeconds } {
    const { signer, clock, clockQuality } = this.#options;
    return { box: signer.publicKey, at: momentOf(clock, clockQuality()).wall };
  }
}
