/** One valid body of every message type, by fixed keys: for tests and the test vectors. */

import { seal, splitId } from "../../agent/accounting/envelope.ts";
import type { MessageBodies, MessageType, RecordEntry } from "../../agent/accounting/messages.ts";
import type { Hash, Id } from "../../agent/core/encoding.ts";
import {
  basisPoints,
  bytes,
  microTokens,
  milliseconds,
  unixSeconds,
} from "../../agent/core/units.ts";
import { createSigner, type Signer } from "../../agent/identity/ed25519.ts";

const key = (fill: number) => createSigner(new Uint8Array(32).fill(fill));
const hash = (digit: string) => digit.repeat(64) as Hash;
const id = (digit: string) => digit.repeat(32) as Id;

export const keys = {
  coordinator: key(1),
  box: key(2),
  viewer: key(3),
  creator: key(4),
  label: key(5),
} as const;

const NOW = 1_767_225_600;

const split = {
  version: 1,
  parties: [
    { key: keys.creator.publicKey, share: basisPoints(7_000) },
    { key: keys.label.publicKey, share: basisPoints(3_000) },
  ],
  validFrom: unixSeconds(NOW),
};

const ticket = {
  id: id("1"),
  box: keys.box.publicKey,
  viewer: keys.viewer.publicKey,
  title: hash("a"),
  split: splitId(split),
  priceList: 1,
  maxBytes: bytes(256 * 1024 * 1024),
  notBefore: unixSeconds(NOW),
  startBy: unixSeconds(NOW + 600),
  expires: unixSeconds(NOW + 7_200),
  settleBy: unixSeconds(NOW + 30 * 86_400),
};

const sealedTicket = seal("ticket", ticket, keys.coordinator, "dev");

const receipt = {
  ticket: sealedTicket.hash,
  sequence: 12,
  bytes: bytes(12 * 1024 * 1024),
  elapsed: milliseconds(24_000),
};

const entry = {
  ticket: sealedTicket.bytes,
  receipt: seal("receipt", receipt, keys.viewer, "dev").bytes,
  wireBytes: bytes(13 * 1024 * 1024),
  bootId: id("3"),
  started: milliseconds(1_000),
  ended: milliseconds(25_000),
  wallTime: unixSeconds(NOW + 25),
  clockQuality: "synchronised",
  cpuIdlePermille: 870,
  lineDelayMs: 1,
  closeReason: "done",
} as const satisfies RecordEntry;

export type Examples = {
  readonly [T in MessageType]: { readonly body: MessageBodies[T]; readonly signer: Signer };
};

export const examples: Examples = {
  manifest: {
    signer: keys.creator,
    body: {
      creator: keys.creator.publicKey,
      slug: "first-light",
      name: "First Light",
      kind: "music",
      artist: "Søren & the Boxes",
      album: "Idle Hours",
      isrc: "QZABC2600001",
      iswc: "T1234567894",
      cover: "cover.png",
      delivery: "receipted",
      chunkSize: bytes(65_536),
      files: [
        { path: "cover.png", size: bytes(0), mediaType: "image/png", chunks: [] },
        {
          path: "disc/01.mp3",
          size: bytes(65_537),
          mediaType: "audio/mpeg",
          chunks: [hash("b"), hash("c")],
          track: { number: 1, title: "Dawn", isrc: "QZABC2600001" },
        },
      ],
      split: splitId(split),
      createdAt: unixSeconds(NOW),
    },
  },
  split: { signer: keys.creator, body: split },
  ticket: { signer: keys.coordinator, body: ticket },
  receipt: { signer: keys.viewer, body: receipt },
  play: {
    signer: keys.viewer,
    body: {
      id: id("2"),
      viewer: keys.viewer.publicKey,
      title: hash("a"),
      startedAt: unixSeconds(NOW),
      played: milliseconds(31_000),
    },
  },
  record: {
    signer: keys.box,
    body: {
      box: keys.box.publicKey,
      generation: 1,
      sequence: 2,
      previous: hash("d"),
      ...entry,
    },
  },
  ack: {
    signer: keys.coordinator,
    body: {
      box: keys.box.publicKey,
      generation: 1,
      upTo: 2,
      head: hash("e"),
      refused: [{ sequence: 1, code: "over-wire" }],
      creditedTotal: microTokens(2n ** 63n),
      resendFrom: 3,
      quarantine: "clone-suspected",
      at: unixSeconds(NOW + 30),
    },
  },
  statement: {
    signer: keys.coordinator,
    body: {
      epoch: 1,
      root: hash("f"),
      previousRoot: hash("0"),
      treeSize: 1,
      credited: microTokens(12_000_000n),
      closedAt: unixSeconds(NOW + 3_600),
    },
  },
  consent: {
    signer: keys.box,
    body: {
      box: keys.box.publicKey,
      text: hash("1"),
      language: "de-AT",
      given: true,
      at: unixSeconds(NOW),
    },
  },
  birth: {
    signer: keys.box,
    body: {
      box: keys.box.publicKey,
      generation: 1,
      sequence: 2,
      head: hash("e"),
      bootCounter: 3,
      version: "0.1.0",
      device: "simulated",
      addresses: ["https://192.0.2.1:4080", "https://[2001:db8::1]:4080"],
      capacity: bytes(8 * 1024 ** 3),
      wallet: keys.label.publicKey,
      at: unixSeconds(NOW),
      tlsKey: hash("7"),
    },
  },
  reported: {
    signer: keys.box,
    body: {
      box: keys.box.publicKey,
      sharing: true,
      rate: 18_000_000,
      titles: [{ title: hash("a"), permille: 1_000 }],
      blocked: [hash("9")],
      at: unixSeconds(NOW),
    },
  },
  desired: {
    signer: keys.coordinator,
    body: {
      box: keys.box.publicKey,
      version: 4,
      titles: [hash("a")],
      takedowns: [hash("8")],
      at: unixSeconds(NOW),
      reachable: true,
    },
  },
  "ticket-request": {
    signer: keys.viewer,
    body: {
      viewer: keys.viewer.publicKey,
      title: hash("a"),
      boxes: 4,
      avoid: [{ box: keys.box.publicKey, reason: "garbled" }],
      nonce: id("4"),
      at: unixSeconds(NOW),
    },
  },
  "wallet-request": {
    signer: keys.viewer,
    body: { wallet: keys.viewer.publicKey, nonce: id("5"), at: unixSeconds(NOW) },
  },
  command: {
    signer: keys.coordinator,
    body: {
      box: keys.box.publicKey,
      id: id("6"),
      verb: "resend",
      from: 41,
      at: unixSeconds(NOW),
      expires: unixSeconds(NOW + 300),
    },
  },
  tail: {
    signer: keys.box,
    body: {
      box: keys.box.publicKey,
      entries: [entry, { ...entry, closeReason: "restart" }],
      at: unixSeconds(NOW + 26),
    },
  },
  succession: {
    signer: keys.coordinator,
    body: {
      previous: keys.coordinator.publicKey,
      next: keys.label.publicKey,
      at: unixSeconds(NOW),
    },
  },
};
