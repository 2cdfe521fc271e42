/** A status page over a household's real store and sources that a test sets. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hash, PublicKey } from "../../agent/core/encoding.ts";
import { silentLog } from "../../agent/core/log.ts";
import { seededRandom } from "../../agent/core/random.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import {
  bitsPerSecond,
  bytes,
  megabitsPerSecond,
  microTokens,
  milliseconds,
  unixSeconds,
} from "../../agent/core/units.ts";
import { Health } from "../../agent/health/health.ts";
import type { ConsentChoice } from "../../agent/status/choices.ts";
import { consentText } from "../../agent/status/consent-text.ts";
import { Household } from "../../agent/status/household.ts";
import type { MakerLimits } from "../../agent/status/household-policy.ts";
import { Pairing } from "../../agent/status/pairing.ts";
import type { RecordRow, SharingNow, StatusSources, TitleRow } from "../../agent/status/sources.ts";
import { createStatusServer, type StatusServer } from "../../agent/status/status-server.ts";
import { statusToken } from "../../agent/status/status-token.ts";

const held: readonly TitleRow[] = [
  ["aa", "Big Lake, Small Boat", "video", 812e6],
  ["bb", "<script>alert(1)</script>", "files", 3e6],
  ["cc", "Nocturnes for a Quiet House", "music", 96e6],
].map(([digit, name, kind, size]) => ({
  title: String(digit).repeat(32) as Hash,
  name: String(name),
  kind: kind as TitleRow["kind"],
  held: bytes(Number(size)),
  size: bytes(Number(size)),
}));

/** The newest four wait, one of the others was refused. */
const signed: readonly RecordRow[] = Array.from({ length: 12 }, (_, index) => {
  const sequence = 12 - index;
  const outcome = sequence > 8 ? "pending" : sequence === 5 ? "refused" : "credited";
  return {
    generation: 1,
    sequence,
    title: (held[sequence % 4]?.title ?? "dd".repeat(32)) as Hash,
    provenBytes: bytes(5e6 * sequence),
    wireBytes: bytes(6e6 * sequence),
    wallTime: unixSeconds(1_767_225_600 + sequence * 600),
    closeReason: "done",
    outcome,
    ...(outcome === "refused" && {
      code: "same-household",
      why: "Box and viewer belong to one household, which is never paid for serving itself.",
    }),
  };
});

export class StatusFixture implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), "spareband-status-"));
  readonly health = new Health({ clock: systemClock, log: silentLog });
  readonly household: Household;
  readonly pairing: Pairing;
  readonly token: string;
  readonly consents: ConsentChoice[] = [];
  titles: readonly TitleRow[] = held;
  records: readonly RecordRow[] = signed;
  blocked: readonly { readonly title: Hash }[] = [];
  environment: "dev" | "prod" = "prod";
  utcOffsetMinutes: StatusSources["utcOffsetMinutes"] = () => 60;
  maker: MakerLimits = { maxRate: bitsPerSecond(0), share: 100, metered: false };
  sharing: SharingNow = {
    verdict: { state: "sharing", rate: megabitsPerSecond(18), maxStreams: 3, reason: "line-idle" },
    measuredRate: megabitsPerSecond(17.3),
    enforcedRate: megabitsPerSecond(18),
    enforcedBy: "kernel",
    streams: 3,
    waiting: 2,
    missing: [],
  };
  readonly #stop = new AbortController();
  #server: StatusServer | undefined;
  #running: Promise<void> | undefined;

  constructor() {
    const random = seededRandom(7);
    const { directory, health } = this;
    this.token = statusToken(join(directory, "status-token"), random);
    this.household = new Household({ directory, clock: systemClock, log: silentLog, health });
    const file = join(directory, "status-sessions.json");
    this.pairing = new Pairing({ file, clock: systemClock, random });
  }

  async start(host = "127.0.0.1"): Promise<this> {
    this.#server = await createStatusServer({
      host,
      port: 0,
      hosts: ["console.home"],
      token: this.token,
      pairing: this.pairing,
      sources: this.#sources(),
      clock: systemClock,
      log: silentLog,
    });
    this.#running = this.#server.run(this.#stop.signal);
    return this;
  }

  get url(): string {
    return this.#server?.url ?? "";
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  agree(): void {
    this.household.consent({ given: true, text: consentText("en").hash, language: "en" });
  }

  /** A cookie such as a paired browser has. */
  paired(): string {
    return `spareband_session=${this.pairing.admit()}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    rmSync(this.directory, { recursive: true });
  }

  #sources(): StatusSources {
    return {
      box: "7a".repeat(32) as PublicKey,
      version: "0.1.0",
      environment: this.environment,
      household: this.household,
      maker: this.maker,
      health: this.health,
      sharing: () => this.sharing,
      usage: () => ({ today: bytes(9.4e9), month: bytes(212e9) }),
      earnings: () => ({
        credited: microTokens(41_273_912n),
        asOf: unixSeconds(1_767_225_600),
        signedRecords: this.records.length,
        pendingRecords: this.records.filter(({ outcome }) => outcome === "pending").length,
        wallet: "5c".repeat(32) as PublicKey,
      }),
      content: {
        capacity: bytes(8e9),
        titles: () => this.titles,
        blocked: () => this.blocked,
        delete: async (title) => {
          const before = this.titles.length;
          this.titles = this.titles.filter((row) => row.title !== title);
          return this.titles.length < before;
        },
        block: async (title) => {
          this.titles = this.titles.filter((row) => row.title !== title);
          this.blocked = [...this.blocked, { title }];
        },
        unblock: async (title) => {
          this.blocked = this.blocked.filter((row) => row.title !== title);
        },
      },
      records: (limit, before = Number.POSITIVE_INFINITY) =>
        this.records.filter(({ sequence }) => sequence < before).slice(0, limit),
      consentChanged: (consent) => this.consents.push(consent),
      utcOffsetMinutes: (at) => this.utcOffsetMinutes(at),
      uptime: () => milliseconds(1000),
    };
  }
}
