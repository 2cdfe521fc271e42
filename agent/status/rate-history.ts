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

/** An SVG path over a box of the given size; unknown stretches are gaps. Pure. */
export function sparkline(
  points: readonly (number | undefined)[],
  width: number,
  height: number,
): { readonly line: string; readonly top: number } {
  const top = Math.max(1, ...points.map((point) => point ?? 0));
  const x = (index: number) => ((POINTS - points.length + index) * width) / (POINTS - 1);
  let pen = "M";
  const steps = points.flatMap((point, index) => {
    const command = pen;
    pen = point === undefined ? "M" : "L";
    if (point === undefined) return [];
    return [`${command}${x(index).toFixed(1)} ${(height - (point / top) * height).toFixed(1)}`];
  });
  return { line: steps.join(""), top };
}
