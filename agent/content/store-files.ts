/** What a store keeps on disk beside its titles, and what it finds there when it starts. */
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { open } from "../accounting/envelope.ts";
import type { Environment } from "../accounting/messages.ts";
import { type Hash, isHash } from "../core/encoding.ts";
import type { Log } from "../core/log.ts";
import { HeldTitle } from "./held-title.ts";
import { RefusalList } from "./refusal-list.ts";
import { readIfThere, replaceFile } from "./whole-file.ts";
import type { WriteBudgetState } from "./write-budget.ts";

interface StoreFilesOptions {
  readonly directory: string;
  readonly environment: Environment;
  readonly log: Log;
}

export class StoreFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  directoryOf(title: Hash): string {
    return join(this.#directory, "titles", title);
  }

  async saveBudget(state: WriteBudgetState): Promise<void> {
    await replaceFile(join(this.#directory, "writes.json"), JSON.stringify(state));
  }

  /** Says that the bitmaps can be believed at the next start. */
  async markClean(): Promise<void> {
    await replaceFile(join(this.#directory, "clean"), "");
  }
}

/** Reads all of it; from here on the store is not clean until it says so. */
export async function openStoreFiles(options: StoreFilesOptions) {
  const { directory, log } = options;
  await mkdir(join(directory, "titles"), { recursive: true, mode: 0o700 });
  const refusals = await RefusalList.open(join(directory, "refused"));
  const budget = parseBudget(await readIfThere(join(directory, "writes.json")));
  const clean = (await readIfThere(join(directory, "clean"))) !== undefined;
  await rm(join(directory, "clean"), { force: true });
  const titles = await loadTitles(options, refusals, clean);
  if (!clean && titles.size > 0) log.notice("content is verified again after an unclean stop");
  return { files: new StoreFiles(directory), titles, refusals, budget };
}

/** Titles on disk whose manifest is sound; anything else in the directory is deleted. */
async function loadTitles(
  options: StoreFilesOptions,
  refusals: RefusalList,
  clean: boolean,
): Promise<Map<Hash, HeldTitle>> {
  const root = join(options.directory, "titles");
  const titles = new Map<Hash, HeldTitle>();
  for (const name of await readdir(root)) {
    const data = await readIfThere(join(root, name, "manifest"));
    const opened = data && open("manifest", data, { environment: options.environment });
    const sealed = opened?.ok ? opened.message : undefined;
    if (!isHash(name) || sealed?.hash !== name || refusals.refusedBy(name)) {
      options.log.warning("leftover deleted from the content directory", { name });
      await rm(join(root, name), { recursive: true, force: true });
      continue;
    }
    titles.set(name, await HeldTitle.load(join(root, name), sealed, clean));
  }
  return titles;
}

/** Undefined for anything but what `WriteBudget.save` wrote: the budget then starts full. */
function parseBudget(data: Uint8Array<ArrayBuffer> | undefined): WriteBudgetState | undefined {
  try {
    const { left, at, written } = JSON.parse(new TextDecoder().decode(data));
    return [left, at, written].every(Number.isFinite) ? { left, at, written } : undefined;
  } catch {
    // The first start, or a file cut by a power failure: what it counted is lost, nothing else.
    return undefined;
  }
}
