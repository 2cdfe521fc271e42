/**
 * The coordinator's key and its hand-over to a new one. Both keys sign that, and it is published for
 * good: boxes, viewers and auditors who were given either follow it to the other. A rotation that a
 * power cut stops half-way is either not begun or is finished by the next start.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { seal } from "../accounting/envelope.ts";
import type { Environment } from "../accounting/messages.ts";
import { openSuccessions } from "../accounting/succession.ts";
import type { Clock } from "../core/clock.ts";
import type { PublicKey } from "../core/encoding.ts";
import { exitCode, OperatorError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { toUnixSeconds } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";
import { loadOrCreateKey, promoteKey } from "../identity/keys.ts";
import type { Store } from "./store/store.ts";

export interface CoordinatorKeyOptions {
  /** Where the keys are. */
  readonly directory: string;
  readonly environment: Environment;
  readonly random: Random;
  readonly clock: Clock;
  /** Opened only where it is needed. */
  readonly openStore: () => Store;
}

const NAME = "coordinator";
const NEXT = "coordinator-next";

/** The key to sign with. Throws an OperatorError when it cannot be used. */
export function coordinatorSigner(options: CoordinatorKeyOptions): Signer {
  if (existsSync(join(options.directory, `${NEXT}.key`))) {
    using store = options.openStore();
    const next = load(options, NEXT).publicKey;
    if (wasPublished(store, options.environment, next)) promoteKey(options.directory, NEXT, NAME);
  }
  return load(options, NAME);
}

/** Makes a new key which the old one vouches for, and signs with it from the next start on. */
export function rotateKey(options: CoordinatorKeyOptions): {
  readonly previous: PublicKey;
  readonly next: PublicKey;
} {
  const { directory, environment, clock } = options;
  const before = coordinatorSigner(options);
  const after = load(options, NEXT);
  const at = toUnixSeconds(clock.wallMs());
  const body = { previous: before.publicKey, next: after.publicKey, at };
  using store = options.openStore();
  store.transaction(() => {
    store.trust.noteSigner(before.publicKey, at);
    for (const signer of [before, after]) {
      store.published.keepSuccession(seal("succession", body, signer, environment).bytes);
    }
    store.trust.noteSigner(after.publicKey, at);
  });
  promoteKey(directory, NEXT, NAME);
  return { previous: before.publicKey, next: after.publicKey };
}

/** Has the coordinator changed its key since then? */
export const handedOverSince = (store: Store, environment: Environment, since: number) =>
  openSuccessions(store.published.successions(2), environment).some(({ body }) => body.at >= since);

const wasPublished = (store: Store, environment: Environment, next: PublicKey) =>
  openSuccessions(store.published.successions(2), environment).some(
    ({ body }) => body.next === next,
  );

function load({ directory, random }: CoordinatorKeyOptions, name: string): Signer {
  const key = loadOrCreateKey(directory, { name, mayCreate: true, random });
  if (key.state === "ready") return key.signer;
  throw new OperatorError(exitCode.configuration, key.text);
}
