/** How a title and its split look as bytes. */
import type { BasisPoints, Bytes } from "../core/units.ts";
import { choice, hash, list, named, publicKey, text, uint } from "./codec.ts";
import { amount, seconds } from "./fields.ts";
import type { Split, TitleFile, TitleKind, TitleManifest } from "./messages.ts";
import { optional, required, structure } from "./structure.ts";
import { ISRC, ISWC, SLUG } from "./title-codes.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

const isrc = named("isrc", text(ISRC.longest, ISRC.pattern));

const track = structure<NonNullable<TitleFile["track"]>>("track", {
  number: required(1, uint(9999)),
  title: required(2, text(256)),
  isrc: optional(3, isrc),
});

const file = structure<TitleFile>("file", {
  path: required(1, text(255)),
  size: required(2, amount),
  mediaType: required(3, text(127, /^[a-z0-9.+-]+\/[a-z0-9.+-]+$/)),
  chunks: required(4, list(hash, 65_536)),
  track: optional(5, track),
});

export const manifest = structure<Omit<TitleManifest, "creator">>("manifest", {
  slug: required(1, text(SLUG.longest, SLUG.pattern)),
  name: required(2, text(256)),
  kind: required(3, choice<TitleKind>("video", "music", "files")),
  artist: optional(4, text(256)),
  album: optional(5, text(256)),
  isrc: optional(6, isrc),
  iswc: optional(7, text(ISWC.longest, ISWC.pattern)),
  cover: optional(8, text(255)),
  delivery: required(9, choice<TitleManifest["delivery"]>("receipted", "open")),
  chunkSize: required(10, uint<Bytes>(4 * MIB, 64 * KIB)),
  files: required(11, list(file, 10_000, 1)),
  split: required(12, hash),
  createdAt: required(13, seconds),
});

const party = structure<Split["parties"][number]>("party", {
  key: required(1, publicKey),
  share: required(2, uint<BasisPoints>(10_000, 1)),
});

export const split = structure<Split>("split", {
  version: required(1, uint(0xffff_ffff)),
  parties: required(2, list(party, 64, 1)),
  validFrom: required(3, seconds),
});
