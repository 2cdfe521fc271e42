import { expect, test } from "bun:test";
import { bitsPerSecond, bytes, milliseconds } from "../core/units.ts";
import { type Decision, decide, type Samples, startGovernor } from "./decide.ts";
import { everythingAllowed, type Policy } from "./policy.ts";
import { type Look, Looks } from "./uneventful.ts";
import { startVolume } from "./volume.ts";

const LOOK_MS = 50;
const RTT = 20;
const CAPACITY = 20e6;
const now = (at: number) => ({ monotonic: milliseconds(at), wall: milliseconds(at) });

/** A box that holds below the knee of a line with nobody else on it, and what it has sent. */
class CalmBox {
  readonly looks = new Looks();
  readonly policy: Policy;
  at = 0;
  sent = 0;
  state = startGovernor(
    startVolume(milliseconds(0), milliseconds(0)),
    now(0),
    bitsPerSecond(CAPACITY),
  );
  decision: Decision;

  constructor(policy: Policy = everythingAllowed) {
    this.policy = policy;
    this.decision = this.decide(this.next());
    // Before it looks whether more is free.
    while (this.at < 3000) this.take(this.next());
    if (this.take(this.next()) === 0) this.take(this.next());
  }

  /** What the next look shows: as much has arrived as was asked for, and each probe was answered. */
  next(part = 1): Look {
    this.at += LOOK_MS;
    this.sent += (part * this.state.line.rate * LOOK_MS) / 8000;
    const place = { target: "reflector-0", sentAt: milliseconds(this.at - RTT) };
    const samples: Samples = {
      sent: bytes(0),
      line: {
        at: milliseconds(this.at),
        delays: [{ ...place, rtt: milliseconds(RTT) }],
        peers: {
          acknowledged: bytes(this.sent),
          sent: bytes(this.sent),
          retransmitted: 0,
          marked: 0,
          busy: 2,
          inFlight: bytes(60_000),
          waiting: bytes(1e6),
        },
      },
    };
    return { samples, policy: this.policy, now: now(this.at) };
  }

  decide(look: Look): Decision {
    const decision = decide(look.samples, look.policy, this.state, look.now);
    this.looks.decided(look, this.state, decision.state);
    this.state = decision.state;
    this.decision = decision;
    return decision;
  }

  /** How many looks were decided at this one. */
  take(look: Look): number {
    const looks = this.looks.take(look, this.decision);
    for (const each of looks) this.decide(each);
    return looks.length;
  }
}

test("while nothing happens every second look is decided together with the one before it", () => {
  const box = new CalmBox();
  expect(box.state.line.phase.kind).toBe("hold");
  expect([1, 2, 3, 4].map(() => box.take(box.next()))).toEqual([0, 2, 0, 2]);
});

const [line, peers] = [
  (more: Partial<Samples["line"]>) => (look: Look) => withLine(look, more),
  (more: object) => (look: Look) =>
    withLine(look, { peers: { ...present(look.samples.line.peers), ...more } }),
];

const signs: Record<string, (look: Look) => Look> = {
  "a queue of three milliseconds": (look) =>
    withLine(look, {
      delays: look.samples.line.delays.map((each) => ({ ...each, rtt: milliseconds(RTT + 3.5) })),
    }),
  "an answer that is missing": line({ unanswered: milliseconds(1) }),
  "no answer at all": line({ delays: [] }),
  "a place that never answered before": line({
    delays: [{ target: "reflector-1", sentAt: milliseconds(0), rtt: milliseconds(RTT) }],
  }),
  "a train": line({ train: { sentAt: milliseconds(1) } }),
  "somebody else's upload by the router": line({ householdUpload: bitsPerSecond(3e6) }),
  "a loss": peers({ retransmitted: 1 }),
  "a mark": peers({ marked: 1 }),
  "a peer that comes": peers({ busy: 3 }),
  "peers that have all they want": peers({ waiting: bytes(0) }),
  "a queue that our own connections see": peers({ excess: milliseconds(9) }),
  "a look at the board": (look) => ({
    ...look,
    samples: { ...look.samples, board: { zones: [], playback: "playing" } },
  }),
  "a cap that is near": (look) => ({ ...look, policy: { ...look.policy, dailyCap: bytes(1e6) } }),
};

for (const [name, sign] of Object.entries(signs)) {
  test(`${name} is decided at once`, () => {
    const box = new CalmBox();
    expect(box.take(sign(box.next()))).toBe(1);
    const other = new CalmBox();
    expect([other.take(other.next()), other.take(sign(other.next()))]).toEqual([0, 2]);
  });
}

test("less that arrives than before is decided at once", () => {
  const box = new CalmBox();
  expect(box.take(box.next(0.9))).toBe(1);
});

function withLine(look: Look, more: Partial<Samples["line"]>): Look {
  return { ...look, samples: { ...look.samples, line: { ...look.samples.line, ...more } } };
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the look has no peers");
  return value;
}
