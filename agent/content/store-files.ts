/** What a store finds on disk when it starts. */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { open } from "../accounting/envelope.ts";
import type { Environment } from "../accounting/messages.ts";
import { type Hash, isHash } from "../core/encoding.ts";
import type { Log } from "../core/log.ts";
import { HeldTitle, readIfThere } from "./held-title.ts";
import type { RefusalList } from "./refusal-list.ts";
import type { WriteBudgetState } from "./write-budget.ts";

/** Titles on disk whose manifest is sound; anything else in the directory is deleted. */
export async function loadTitles(
  options: { readonly directory: string; readonly environment: Environment; readonly log: Log },
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
export function parseBudget(
  data: Uint8Array<ArrayBuffer> | undefined,
): WriteBudgetState | undefined {
  try {
    const { left, at, written } = JSON.parse(new TextDecoder().decode(data));
    return [left, at, written].every(Number.isFinite) ? { left, at, written } : undefined;
  } catch {
    // The first start, or a file cut by a power failure: what it counted is lost, nothing else.
    return undefined;
  }
}
