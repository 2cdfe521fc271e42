import { readFileSync } from "node:fs";
import { writeDurably } from "../core/write-durably.ts";
import type { TextStore } from "../governor/volume-store.ts";

/** A small text in a file of its own, replaced as a whole and durably. */
export function fileTextStore(file: string): TextStore {
  return {
    load: () => {
      try {
        return readFileSync(file, "utf8");
      } catch {
        // Never written, or not readable now: the governor starts from nothing and says so.
        return undefined;
      }
    },
    save: (text) => writeDurably(file, text, 0o600),
  };
}
