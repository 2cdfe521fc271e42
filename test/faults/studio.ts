/** A creator and a label with one song between them, at a coordinator that pays by plays. */
import { seal } from "../../agent/accounting/envelope.ts";
import {
  createWorld,
  makeSplit,
  newSigner,
  type World,
} from "../../agent/coordinator/coordinator-testing.ts";
import { createPlayOffice } from "../../agent/coordinator/plays.ts";
import { createStatementOffice } from "../../agent/coordinator/statements.ts";
import {
  createTitleOffice,
  type OriginStore,
  type TitleOfficeOptions,
} from "../../agent/coordinator/titles.ts";
import { createWalletOffice } from "../../agent/coordinator/wallet.ts";
import { type Hash, type Id, sha256, toHex } from "../../agent/core/encoding.ts";
import { bytes, milliseconds } from "../../agent/core/units.ts";
import type { Signer } from "../../agent/identity/ed25519.ts";

export const MIB = 1024 * 1024;
const origin: OriginStore = {
  addManifest: async () => "added",
  putChunk: async () => "stored",
  complete: () => true,
  missing: () => [],
  refuse: async () => {},
};

export function studio(world = createWorld(), rules: Partial<TitleOfficeOptions> = {}) {
  const titles = createTitleOffice({ ...world, origin, ...rules });
  const plays = createPlayOffice(world);
  const statements = createStatementOffice(world);
  const wallet = createWalletOffice({ ...world, statements });
  const creator = newSigner(world.random);
  const label = newSigner(world.random);
  const split = makeSplit([creator, label]);
  const manifest = seal(
    "manifest",
    {
      creator: creator.publicKey,
      slug: "song",
      name: "Song",
      kind: "music",
      delivery: "receipted",
      chunkSize: bytes(MIB),
      files: [
        {
          path: "song.mp3",
          size: bytes(4 * MIB),
          mediaType: "audio/mpeg",
          chunks: [1, 2, 3, 4].map((n) => sha256(Buffer.from([n]))),
        },
      ],
      split: split.id,
      createdAt: world.now(),
    },
    creator,
    "dev",
  );
  const signed = split.signed.map((part) => part.bytes);
  return { world, titles, plays, statements, wallet, creator, label, split, manifest, signed };
}

export function played(world: World, viewer: Signer, title: Hash, forMs = 120_000) {
  const body = {
    id: toHex(world.random.bytes(16)) as Id,
    viewer: viewer.publicKey,
    title,
    startedAt: world.now(),
    played: milliseconds(forMs),
  };
  return seal("play", body, viewer, "dev").bytes;
}

export const creatorBalance = (world: World, { publicKey }: Signer): bigint =>
  world.store.ledger.balance({ kind: "creator", key: publicKey });

export async function deliver(
  { world, manifest, split }: ReturnType<typeof studio>,
  viewer: Signer,
  mib = 4,
) {
  const box = world.addBox();
  const ticket = world.issue(box, viewer, { title: manifest.hash, split: split.id });
  world.send(box, [box.record({ ticket, viewer, proven: mib * MIB })]);
  return box;
}
