import type { CommandContext } from "./context.ts";

/** One line on a terminal that is redrawn in place; nothing at all when piped. */
export interface ProgressLine {
  show(text: string): void;
  /** Leaves the line empty for what comes next. */
  end(): void;
}

const CLEAR = "\r\u001b[K";

export function createProgressLine(context: CommandContext): ProgressLine {
  if (!context.interactive) return { show: () => {}, end: () => {} };
  let shown = "";
  return {
    show: (text) => {
      if (text === shown) return;
      shown = text;
      context.redraw(`${CLEAR}${text.slice(0, context.columns)}`);
    },
    end: () => {
      if (shown !== "") context.redraw(CLEAR);
      shown = "";
    },
  };
}

/** `█████░░░░░` of a width, for a share from 0 to 1. */
export function bar(share: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return "█".repeat(full) + "░".repeat(width - full);
}
