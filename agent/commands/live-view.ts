import type { CommandContext } from "./context.ts";

/** A few lines on a terminal that are redrawn in place; nothing at all when piped. */
export interface LiveView {
  show(...lines: readonly string[]): void;
  /** Leaves the place empty for what comes next. */
  end(): void;
}

/** To the start of the line above so many, then erase all below (ECMA-48). */
const erase = (lines: number) => (lines > 1 ? `\r\u001b[${lines - 1}A\u001b[J` : "\r\u001b[J");

export function createLiveView(context: CommandContext): LiveView {
  if (!context.interactive) return { show: () => {}, end: () => {} };
  let shown: readonly string[] = [];
  return {
    show: (...lines) => {
      // One column stays free: a full line would wrap, and then not be erased.
      const cut = lines.map((line) => [...line].slice(0, context.columns() - 1).join(""));
      if (cut.join("\n") === shown.join("\n")) return;
      context.redraw(erase(shown.length) + cut.join("\n"));
      shown = cut;
    },
    end: () => {
      if (shown.length > 0) context.redraw(erase(shown.length));
      shown = [];
    },
  };
}

/** `█████░░░░░` of a width, for a share from 0 to 1. */
export function bar(share: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return "█".repeat(full) + "░".repeat(width - full);
}
