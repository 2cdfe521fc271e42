/** A run as a picture: delay above, rates of box and family below, over time. Pure. */
import type { Measured, PortBytes } from "./meters.ts";

const WIDTH = 960;
const HEIGHT = 220;
const LEFT = 60;
const GAP = 50;

export interface Drawn {
  readonly began: number;
  readonly delay: readonly Measured<number>[];
  readonly ports: readonly Measured<PortBytes>[];
}

interface Series {
  readonly colour: string;
  readonly points: readonly (readonly [number, number])[];
}

export function drawRun(title: string, run: Drawn): string {
  const to = Math.max(...run.delay.map((s) => s.at), run.began + 1) - run.began;
  const delay = run.delay.map((s) => [s.at - run.began, s.value] as const);
  const rate = (port: string): Series["points"] =>
    run.ports.slice(4).map((sample, i) => {
      const before = run.ports[i];
      const bytes = (sample.value[port]?.fromDevice ?? 0) - (before?.value[port]?.fromDevice ?? 0);
      return [sample.at - run.began, (bytes * 8e-6) / (sample.at - (before?.at ?? 0))];
    });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH + LEFT + 20}" height="${2 * HEIGHT + 2 * GAP + 20}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="white"/><text x="${LEFT}" y="20">${escapeText(title)}</text>`,
    panel(30, to, "round trip of another device, ms", [{ colour: "#b03060", points: delay }]),
    panel(30 + HEIGHT + GAP, to, "sent by the box (blue) and the family (orange), Mbit/s", [
      { colour: "#2060c0", points: rate("box") },
      { colour: "#e08020", points: rate("tv") },
    ]),
    "</svg>",
  ].join("\n");
}

function panel(top: number, to: number, label: string, series: readonly Series[]): string {
  const most = Math.max(1, ...series.flatMap(({ points }) => points.map(([, y]) => y)));
  const x = (value: number) => (LEFT + (value / to) * WIDTH).toFixed(1);
  const y = (value: number) => (top + HEIGHT - (value / most) * HEIGHT).toFixed(1);
  const marks = [0, 0.5, 1].map(
    (part) =>
      `<line x1="${LEFT}" x2="${LEFT + WIDTH}" y1="${y(part * most)}" y2="${y(part * most)}" stroke="#ddd"/><text x="${LEFT - 6}" y="${y(part * most)}" text-anchor="end">${(part * most).toFixed(0)}</text>`,
  );
  const times = Array.from({ length: Math.floor(to / 10) + 1 }, (_, i) => i * 10).map(
    (at) => `<text x="${x(at)}" y="${top + HEIGHT + 16}" text-anchor="middle">${at} s</text>`,
  );
  const curves = series.map(
    ({ colour, points }) =>
      `<polyline fill="none" stroke="${colour}" points="${points.map(([px, py]) => `${x(px)},${y(py)}`).join(" ")}"/>`,
  );
  return [
    ...marks,
    ...times,
    ...curves,
    `<text x="${LEFT + 4}" y="${top + 14}">${label}</text>`,
  ].join("\n");
}

const escapeText = (text: string) => text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);
