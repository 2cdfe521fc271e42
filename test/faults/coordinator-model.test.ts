/**
 * Paid = proven, by a model: random interleavings of deliveries, losses, repeats, forgeries and
 * restarts drive the real verifier on SQLite, and a model of a hundred lines says what is owed.
 */
import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Sealed } from "../../agent/accounting/messages.ts";
import type { TestBox } from "../../agent/coordinator/box-testing.ts";
import { createWorld, type World } from "../../agent/coordinator/coordinator-testing.ts";
import type { Signer } from "../../agent/identity/ed25519.ts";

const KIB = 1024;
const MAX_TICKET = 256 * KIB * KIB;
const runs = Number(process.env.MODEL_RUNS ?? 40);

interface ModelTicket {
  readonly box: number;
  readonly ticket: Sealed<"ticket">;
  readonly viewer: Signer;
  /** Expires for settling at this second. */
  readonly settleBy: number;
  /** What the viewer has signed for so far, whether or not anybody heard of it. */
  signed: number;
  /** The largest count of a record that the coordinator has taken in chain order. */
  proven: number;
}

interface ModelRecord {
  readonly bytes: Uint8Array;
  readonly ticket: ModelTicket;
  /** What it proves, if it is taken in time; 0 for a forgery. */
  readonly claims: number;
}

interface ModelBox {
  readonly real: TestBox;
  generation: number;
  /** Records of the current generation, in chain order. */
  records: ModelRecord[];
  /** How many of them the coordinator has. */
  taken: number;
  /** Numbers that came early and are held. */
  held: Set<number>;
}

interface Model {
  readonly boxes: ModelBox[];
  readonly tickets: ModelTicket[];
}

/** What the reference says is paid to a box: the sum of the proven maxima of its tickets. */
const owed = (model: Model, world: World, box: number) =>
  model.tickets
    .filter((ticket) => ticket.box === box)
    .reduce((sum, ticket) => sum + world.worth(ticket.proven), 0n);

/** The reference's version of taking records in: chain order, once each, the maximum stands. */
function takeIn(box: ModelBox, numbers: readonly number[], now: number) {
  for (const number of numbers) if (number > box.taken) box.held.add(number);
  while (box.held.delete(box.taken + 1)) {
    const record = box.records[box.taken];
    box.taken += 1;
    if (record && now <= record.ticket.settleBy) {
      record.ticket.proven = Math.max(record.ticket.proven, record.claims);
    }
  }
}

type Step =
  | { readonly do: "ticket"; readonly box: number }
  | { readonly do: "sign"; readonly ticket: number; readonly amount: number }
  | { readonly do: "record"; readonly ticket: number; readonly claim: "honest" | "forged" | "over" }
  | { readonly do: "send"; readonly box: number; readonly from: number; readonly count: number }
  | { readonly do: "poison"; readonly box: number }
  | { readonly do: "new-generation"; readonly box: number }
  | { readonly do: "wait"; readonly days: number }
  | { readonly do: "forget"; readonly most: number };

const index = fc.nat(1_000);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant("ticket" as const), box: index }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("sign" as const),
      ticket: index,
      amount: fc.nat(40 * KIB * KIB),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("record" as const),
      ticket: index,
      claim: fc.constantFrom(
        "honest" as const,
        "honest" as const,
        "forged" as const,
        "over" as const,
      ),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("send" as const),
      box: index,
      from: fc.nat(12),
      count: fc.integer({ min: 1, max: 12 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("poison" as const), box: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("new-generation" as const), box: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const), days: fc.nat(12) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("forget" as const), most: fc.nat(9) }) },
);

function makeRecord(box: ModelBox, ticket: ModelTicket, claim: string): ModelRecord {
  const { viewer } = ticket;
  const honest = { ticket: ticket.ticket, viewer, proven: ticket.signed };
  switch (claim) {
    case "forged":
      return {
        bytes: box.real.record({ ...honest, viewer: box.real.signer, proven: 200 * KIB * KIB })
          .bytes,
        ticket,
        claims: 0,
      };
    case "over":
      return {
        bytes: box.real.record({ ...honest, proven: MAX_TICKET + 1 }).bytes,
        ticket,
        claims: 0,
      };
    default:
      return { bytes: box.real.record(honest).bytes, ticket, claims: ticket.signed };
  }
}

async function run(world: World, model: Model, action: Step): Promise<void> {
  const boxAt = (at: number) => model.boxes[at % model.boxes.length] as ModelBox;
  const ticketAt = (at: number) => model.tickets[at % Math.max(1, model.tickets.length)];
  switch (action.do) {
    case "ticket": {
      const box = action.box % model.boxes.length;
      const viewer = world.addViewer();
      const ticket = world.issue(boxAt(box).real, viewer);
      const { settleBy } = ticket.body;
      model.tickets.push({ box, ticket, viewer, settleBy, signed: 0, proven: 0 });
      return;
    }
    case "sign": {
      const ticket = ticketAt(action.ticket);
      if (ticket) ticket.signed = Math.min(MAX_TICKET, ticket.signed + action.amount);
      return;
    }
    case "record": {
      const ticket = ticketAt(action.ticket);
      const box = ticket && boxAt(ticket.box);
      if (ticket && box) box.records.push(makeRecord(box, ticket, action.claim));
      return;
    }
    case "send": {
      const box = boxAt(action.box);
      const first = Math.max(0, Math.min(box.records.length, box.taken + 4) - action.from);
      const sent = box.records.slice(first, first + action.count);
      if (sent.length === 0) return;
      const [ack] = world.send(
        box.real,
        sent.map(({ bytes }) => bytes),
      ).acks;
      takeIn(
        box,
        sent.map((_, at) => first + at + 1),
        world.now(),
      );
      expect(ack?.body.upTo).toBe(box.taken);
      return;
    }
    case "poison": {
      const box = boxAt(action.box);
      const record = box.records[box.taken];
      if (!record) return;
      const spoiled = Uint8Array.from(record.bytes);
      spoiled[90] = (spoiled[90] as number) ^ 4;
      world.send(box.real, [spoiled]);
      return;
    }
    case "new-generation": {
      const box = boxAt(action.box);
      box.real.newGeneration();
      box.real.reboot();
      Object.assign(box, {
        generation: box.generation + 1,
        records: [],
        taken: 0,
        held: new Set(),
      });
      return;
    }
    case "forget":
      // Tickets that nobody used yet: whatever is forgotten, what is owed stays the same.
      world.store.tickets.forgetUnused(world.now() - 86_400, action.most);
      return;
    case "wait":
      world.clock.jumpWall(world.clock.wallMs() + action.days * 86_400_000);
      return;
  }
}

test(`paid = proven after every step of ${runs} random histories`, async () => {
  const histories = fc.array(step, { minLength: 10, maxLength: 120 });
  await fc.assert(
    fc.asyncProperty(histories, fc.nat(), async (steps, seed) => {
      const world = createWorld({ seed: seed + 1 });
      const model: Model = {
        boxes: Array.from({ length: 2 }, () => {
          const real = world.addBox();
          return { real, generation: 0, records: [], taken: 0, held: new Set<number>() };
        }),
        tickets: [],
      };
      for (const action of steps) {
        await run(world, model, action);
        for (const [at, box] of model.boxes.entries()) {
          expect(world.earned(box.real)).toBe(owed(model, world, at));
        }
      }
      const sound = { total: 0n, balances: 0n, unbalanced: 0n, drifted: 0n };
      expect(world.store.ledger.audit()).toEqual(sound);
      expect(model.boxes.map((box) => world.quarantineOf(box.real))).toEqual([
        undefined,
        undefined,
      ]);
      world.store[Symbol.dispose]();
    }),
    { numRuns: runs },
  );
}, 600_000);
