/**
 * A creator's folder as a list of files fit to publish. Everything that could make a title that does
 * not play, or that takes in files nobody meant to publish, is refused here with the file's name.
 */
import { access, constants, lstat, readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { errnoOf, exitCode, OperatorError, reasonOf } from "../core/errors.ts";
import { isPlaylist, mediaTypeOf } from "./media-type.ts";
import { parsePlaylist, resolveUri } from "./playlist.ts";

export interface FolderFile {
  /** Relative, forward slashes. */
  readonly path: string;
  readonly diskPath: string;
  readonly size: number;
  readonly mediaType: string;
}

/** Limits of a manifest (docs/protocol.md). */
const MAX_FILES = 10_000;
const MAX_PATH_BYTES = 255;
/** A playlist of a day in one-second segments stays far below this. */
const MAX_PLAYLIST_BYTES = 16 * 1024 * 1024;
/** The agreed split lies beside the media but is no part of the title. */
const NOT_CONTENT = /^split\.toml(\..*)?$/;

/** Sorted by path. Throws an OperatorError that names the first file in the way. */
export async function scanFolder(folder: string): Promise<readonly FolderFile[]> {
  const root = await rootOf(folder);
  const files: FolderFile[] = [];
  await collect(root, root, "", files);
  if (files.length === 0)
    refuse(`The folder ${folder} has no files: put the title's files into it.`);
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  await checkPlaylists(files);
  return files;
}

async function rootOf(folder: string): Promise<string> {
  try {
    const root = await realpath(folder);
    if (!(await stat(root)).isDirectory())
      refuse(`${folder} is a file: name the folder that holds the title.`);
    return root;
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause;
    const why = errnoOf(cause) === "ENOENT" ? "it does not exist" : reasonOf(cause);
    return refuse(`Cannot read the folder ${folder} (${why}): check its name and rights.`, cause);
  }
}

async function collect(root: string, directory: string, prefix: string, files: FolderFile[]) {
  const names = await readable(directory, prefix, () => readdir(directory));
  for (const name of names.sort()) {
    // Hidden files are the desktop's or the editor's own (.DS_Store, .git), never a title's.
    if (name.startsWith(".") || (prefix === "" && NOT_CONTENT.test(name))) continue;
    const path = prefix + name;
    checkPath(path);
    const diskPath = join(directory, name);
    const entry = await readable(diskPath, path, () => lstat(diskPath));
    if (entry.isDirectory()) {
      await collect(root, diskPath, `${path}/`, files);
      continue;
    }
    files.push(await describe(root, diskPath, path));
    if (files.length > MAX_FILES)
      refuse(`The folder has more than ${MAX_FILES} files: publish it as several titles.`);
  }
}

function checkPath(path: string): void {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    refuse(`The path ${path} is longer than ${MAX_PATH_BYTES} bytes: shorten it.`);
  if (/[\p{Cc}\\]/u.test(path) || path.includes("\ufffd"))
    refuse(`The name ${JSON.stringify(path)} has characters that no URL carries: rename the file.`);
}

async function describe(root: string, diskPath: string, path: string): Promise<FolderFile> {
  const target = await readable(diskPath, path, () => realpath(diskPath));
  if (!target.startsWith(root + sep))
    refuse(`${path} is a link out of the folder (to ${target}): copy the file into the folder.`);
  const entry = await readable(diskPath, path, () => stat(target));
  if (!entry.isFile()) refuse(`${path} is neither a file nor a folder: take it out of the folder.`);
  await readable(diskPath, path, () => access(target, constants.R_OK));
  return { path, diskPath: target, size: entry.size, mediaType: mediaTypeOf(path) };
}

async function readable<T>(diskPath: string, path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const name = path === "" ? diskPath : path.replace(/\/$/, "");
    const why = errnoOf(cause) === "ENOENT" ? "it is a link to nothing" : reasonOf(cause);
    return refuse(`Cannot read ${name} (${why}): check its rights or take it out.`, cause);
  }
}

async function checkPlaylists(files: readonly FolderFile[]): Promise<void> {
  const paths = new Map(files.map((file) => [file.path, file]));
  for (const playlist of files.filter((file) => isPlaylist(file.path))) {
    const name = playlist.path;
    if (playlist.size > MAX_PLAYLIST_BYTES) refuse(`The playlist ${name} is larger than 16 MiB.`);
    const parsed = parsePlaylist(await readFile(playlist.diskPath, "utf8"));
    if (!parsed) refuse(`${name} is not an HLS playlist: it has to begin with #EXTM3U.`);
    if (parsed.uris.length === 0) refuse(`The playlist ${name} names no segment: encode it again.`);
    for (const uri of parsed.uris) {
      const target = resolveUri(name, uri);
      if (target === undefined)
        refuse(`The playlist ${name} names ${uri}, which lies outside the folder: copy it in.`);
      const file = paths.get(target);
      if (!file) refuse(`The playlist ${name} names ${uri}, which is not in the folder: add it.`);
      if (file.size === 0)
        refuse(`The file ${target}, named in ${name}, is empty: encode it again.`);
    }
  }
}

function refuse(message: string, cause?: unknown): never {
  throw new OperatorError(exitCode.noInput, message, cause === undefined ? {} : { cause });
}
