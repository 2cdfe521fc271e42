/** What was sent in the last ten minutes, for the page's graph. Kept in memory only. */
const POINTS = 120;

export class RateHistory {
  readonly #points: (number | undefined)[] = [];

  /** Bits per second as measured; undefined where nothing tells. */
  add(rate: number | undefined): void {
    this.#points.push(rate);
    if (this.#points.length > POINTS) this.#points.shift();
  }

  /** Oldest first; the newest is last, at most 120 of them. */
  get points(): readonly (number | undefined)[] {
    return this.#points;
  }
}

export interface Sparkline {
  readonly line: string;
  /** The line's stretches, each closed along the bottom. */
  readonly area: string;
  readonly top: number;
}

/** SVG paths over a box of the given size; unknown stretches are gaps. Pure. */
export function sparkline(
  points: readonly (number | undefined)[],
  width: number,
  height: number,
): Sparkline {
  const top = Math.max(1, ...points.map((point) => point ?? 0));
  const x = (index: number) =>
    (((POINTS - points.length + index) * width) / (POINTS - 1)).toFixed(1);
  const y = (rate: number) => (height - (rate / top) * height).toFixed(1);
  const drawn = stretches(points).map(({ from, rates }) => ({
    line: `M${rates.map((rate, step) => `${x(from + step)} ${y(rate)}`).join("L")}`,
    close: `L${x(from + rates.length - 1)} ${height}L${x(from)} ${height}Z`,
  }));
  return {
    line: drawn.map(({ line }) => line).join(""),
    area: drawn.map(({ line, close }) => line + close).join(""),
    top,
  };
}

/** Runs of known points, with the place of their first. */
function stretches(points: readonly (number | undefined)[]) {
  const runs: { from: number; rates: number[] }[] = [];
  let open: number[] | undefined;
  for (const [index, point] of points.entries()) {
    if (point === undefined) {
      open = undefined;
    } else if (open) {
      open.push(point);
    } else {
      open = [point];
      runs.push({ from: index, rates: open });
    }
  }
  return runs;
}
