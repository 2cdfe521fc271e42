/** A folder as a signed title: kind and metadata found out, every file cut and hashed, manifest sealed. */
import { open } from "node:fs/promises";
import { basename } from "node:path";
import { seal } from "../accounting/envelope.ts";
import type {
  Environment,
  Sealed,
  TitleFile,
  TitleKind,
  TitleManifest,
} from "../accounting/messages.ts";
import type { AgreedSplit } from "../accounting/split.ts";
import { type Hash, sha256 } from "../core/encoding.ts";
import { exitCode, OperatorError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { bytes, type UnixSeconds } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";
import { chunkCount } from "./chunks.ts";
import { isAudio, isImage, isPlaylist, isVideo } from "./media-type.ts";
import { type MusicTags, readMusicTags } from "./music-tags.ts";
import { type FolderFile, scanFolder } from "./title-folder.ts";

/** What a person may say of a title; the rest is read from the folder and its tags. */
export interface TitleAbout {
  readonly name?: string;
  readonly slug?: string;
  readonly kind?: TitleKind;
  readonly artist?: string;
  readonly album?: string;
  readonly isrc?: string;
  readonly iswc?: string;
  readonly delivery?: TitleManifest["delivery"];
}

export interface MadeTitle {
  readonly manifest: Sealed<"manifest">;
  readonly split: AgreedSplit;
  readonly files: readonly FolderFile[];
}

export interface MakeTitleOptions {
  readonly folder: string;
  readonly about?: TitleAbout;
  readonly split: AgreedSplit;
  readonly signer: Signer;
  readonly environment: Environment;
  readonly createdAt: UnixSeconds;
  readonly log: Log;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Small enough to check and refetch cheaply, large enough that a film's hashes fit a manifest. A
 * viewer signs for whole chunks, so one must stay well below the 2 MiB a box trusts a stranger with.
 */
const USUAL_CHUNK = 256 * 1024;
const LARGEST_CHUNK = 1024 * 1024;
/** A manifest has 8 MiB, a hash in it 34 bytes; the rest is for paths. */
const MAX_CHUNKS = 180_000;
const MAX_CHUNKS_OF_FILE = 65_536;

export async function makeTitle(options: MakeTitleOptions): Promise<MadeTitle> {
  const files = await scanFolder(options.folder);
  const chunkSize = chooseChunkSize(files);
  const kind = options.about?.kind ?? kindOf(files);
  const tags = await tagsOf(kind, files, options.log);
  const total = files.reduce((sum, file) => sum + file.size, 0);
  let done = 0;
  const described: TitleFile[] = [];
  for (const file of files) {
    const chunks = await hashFile(file, chunkSize, (amount) => {
      done += amount;
      options.onProgress?.(done, total);
    });
    const { path, mediaType } = file;
    const track = trackOf(
      tags.get(path),
      path,
      described.filter((other) => other.track).length + 1,
    );
    described.push({
      path,
      size: bytes(file.size),
      mediaType,
      chunks,
      ...(tags.has(path) && { track }),
    });
  }
  const body = {
    ...describeTitle(options, kind, files, tags),
    chunkSize: bytes(chunkSize),
    files: described,
  };
  const manifest = sealed(body, options);
  return { manifest, split: options.split, files };
}

function sealed(body: TitleManifest, options: MakeTitleOptions): Sealed<"manifest"> {
  try {
    return seal("manifest", body, options.signer, options.environment);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new OperatorError(
      exitCode.usage,
      `The folder ${options.folder} cannot be a title (${cause.message}): correct that and publish again.`,
      { cause },
    );
  }
}

function describeTitle(
  options: MakeTitleOptions,
  kind: TitleKind,
  files: readonly FolderFile[],
  tags: ReadonlyMap<string, MusicTags>,
): Omit<TitleManifest, "files" | "chunkSize"> {
  const { about = {}, signer, split, createdAt } = options;
  const album = about.album ?? common([...tags.values()].map((tag) => tag.album));
  const artist = about.artist ?? common([...tags.values()].map((tag) => tag.artist));
  const name = about.name ?? album ?? spoken(basename(options.folder));
  const cover = coverOf(files);
  return {
    creator: signer.publicKey,
    slug: about.slug ?? slugOf(name),
    name,
    kind,
    ...(artist && { artist }),
    ...(album && { album }),
    ...(about.isrc && { isrc: about.isrc }),
    ...(about.iswc && { iswc: about.iswc }),
    ...(cover && { cover }),
    delivery: about.delivery ?? "receipted",
    split: split.id,
    createdAt,
  };
}

/** Throws an OperatorError when no chunk size lets the title fit a manifest. */
export function chooseChunkSize(files: readonly FolderFile[]): number {
  for (let size = USUAL_CHUNK; size <= LARGEST_CHUNK; size *= 2) {
    const counts = files.map((file) => chunkCount(file.size, size));
    const fits = counts.every((count) => count <= MAX_CHUNKS_OF_FILE);
    if (fits && counts.reduce((sum, count) => sum + count, 0) <= MAX_CHUNKS) return size;
  }
  const largest = files.reduce((a, b) => (b.size > a.size ? b : a));
  throw new OperatorError(
    exitCode.noInput,
    `The folder is too large for one title (largest file: ${largest.path}): publish it in parts of at most 64 GiB a file and 170 GiB together.`,
  );
}

export function kindOf(files: readonly FolderFile[]): TitleKind {
  if (files.some((file) => isPlaylist(file.path) || isVideo(file.mediaType))) return "video";
  const audio = files.some((file) => isAudio(file.mediaType));
  const accompanied = files.every(({ mediaType }) => ALBUM_PART.test(mediaType));
  return audio && accompanied ? "music" : "files";
}

/** What an album's folder holds: tracks, pictures, a booklet, lyrics. */
const ALBUM_PART = /^(audio\/|image\/|text\/|application\/(pdf|x-subrip)$)/;

/** `[a-z0-9][a-z0-9-]{0,63}`, as near to the name as that allows. */
export function slugOf(name: string): string {
  const plain = name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return (
    plain
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .slice(0, 64)
      .replace(/-$/, "") || "title"
  );
}

const COVER_NAMES = /^(cover|folder|front|poster|album)\.[a-z]+$/i;

/** A picture named like a cover, else the only picture there is. */
function coverOf(files: readonly FolderFile[]): string | undefined {
  const pictures = files.filter((file) => isImage(file.mediaType));
  const named = pictures.find((file) => COVER_NAMES.test(basename(file.path)));
  return (named ?? (pictures.length === 1 ? pictures[0] : undefined))?.path;
}

async function tagsOf(kind: TitleKind, files: readonly FolderFile[], log: Log) {
  const tags = new Map<string, MusicTags>();
  if (kind !== "music") return tags;
  for (const file of files.filter((each) => isAudio(each.mediaType)))
    tags.set(file.path, await readMusicTags(file.diskPath, log));
  return tags;
}

const trackOf = (tags: MusicTags | undefined, path: string, position: number) => ({
  number: tags?.track ?? position,
  title: tags?.title ?? spoken(basename(path)),
  ...(tags?.isrc && { isrc: tags.isrc }),
});

/** A file's or folder's name as a person would write it. */
const spoken = (name: string) =>
  name
    .replace(/\.[a-z0-9]{1,5}$/i, "")
    .replace(/[-_]+/g, " ")
    .trim() || name;

/** The value that all agree on; undefined when they do not. */
const common = (values: readonly (string | undefined)[]) =>
  new Set(values).size === 1 ? values[0] : undefined;

async function hashFile(file: FolderFile, chunkSize: number, onRead: (amount: number) => void) {
  const hashes: Hash[] = [];
  const buffer = Buffer.alloc(chunkSize);
  const disk = await open(file.diskPath, "r");
  try {
    for (let at = 0; at < file.size; at += chunkSize) {
      const length = Math.min(chunkSize, file.size - at);
      const { bytesRead } = await disk.read(buffer, 0, length, at);
      if (bytesRead !== length) throw changed(file);
      hashes.push(sha256(buffer.subarray(0, length)));
      onRead(length);
    }
    if ((await disk.stat()).size !== file.size) throw changed(file);
  } finally {
    await disk.close();
  }
  return hashes;
}

const changed = (file: FolderFile) =>
  new OperatorError(
    exitCode.noInput,
    `${file.path} changed while it was read: publish again when nothing writes to it.`,
  );
