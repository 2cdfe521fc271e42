/** Keeps the shared volume over restarts: on disk stands what may be reached before the next write. */
import { bytes, type Milliseconds, milliseconds } from "../core/units.ts";
import { type Period, resumeVolume, startVolume, type Volume } from "./volume.ts";

/** A few bytes of durable text, replaced as a whole. */
export interface TextStore {
  /** undefined when nothing was ever stored or it cannot be read. */
  load(): string | undefined;
  save(text: string): void;
}

/** A kill costs at most this part of the smallest cap, and of what was sent in the day. */
const RESERVE = 0.0025;
const RESERVE_OF_DAY = 0.02;
const LEAST_RESERVE = 1_000_000;
const MOST_RESERVE = 64_000_000;

export class VolumeKeeper {
  readonly #store: TextStore;
  #volume: Volume;
  /** Sums up to which disk already says they were sent. */
  #reserved = { day: 0, month: 0, name: "" };

  constructor(store: TextStore, wall: Milliseconds, monotonic: Milliseconds) {
    this.#store = store;
    const saved = parseVolume(store.load());
    this.#volume = saved ? resumeVolume(saved, wall, monotonic) : startVolume(wall, monotonic);
  }

  get volume(): Volume {
    return this.#volume;
  }

  /** Takes a new count over and writes ahead of it when it outgrew what disk says. */
  update(volume: Volume, smallestCap: number): void {
    this.#volume = volume;
    const { day, month } = volume;
    const covered = day.sent <= this.#reserved.day && month.sent <= this.#reserved.month;
    if (covered && day.name === this.#reserved.name) return;
    const most = Math.min(MOST_RESERVE, smallestCap * RESERVE, day.sent * RESERVE_OF_DAY);
    this.#write(Math.max(LEAST_RESERVE, most));
  }

  /** The exact count, for an orderly end. */
  close(): void {
    this.#write(0);
  }

  #write(ahead: number): void {
    const { day, month, wall, sure } = this.#volume;
    const ceiled = (sent: number) => Math.ceil(sent + ahead);
    const more = ({ name, sent }: Period) => ({ name, sent: ceiled(sent) });
    this.#store.save(
      JSON.stringify({
        day: more(day),
        month: more(month),
        wall: Math.round(wall),
        ...(sure && { sure: { wall: Math.round(sure.wall), sent: ceiled(sure.sent) } }),
      }),
    );
    this.#reserved = { day: day.sent + ahead, month: month.sent + ahead, name: day.name };
  }
}

/** Strict: undefined for anything that this version did not write. */
export function parseVolume(text: string | undefined): Volume | undefined {
  if (text === undefined || text.length > 1000) return undefined;
  const match =
    /^\{"day":\{"name":"(\d{4,6}-\d\d-\d\d)","sent":(\d{1,16})\},"month":\{"name":"(\d{4,6}-\d\d)","sent":(\d{1,16})\},"wall":(-?\d{1,16})(?:,"sure":\{"wall":(-?\d{1,16}),"sent":(\d{1,16})\})?\}$/.exec(
      text,
    );
  if (!match) return undefined;
  const [, day = "", daySent, month = "", monthSent, wall, sureWall, sureSent] = match;
  return {
    day: { name: day, sent: bytes(Number(daySent)) },
    month: { name: month, sent: bytes(Number(monthSent)) },
    wall: milliseconds(Number(wall)),
    monotonic: milliseconds(0),
    ...(sureWall !== undefined && {
      sure: { wall: milliseconds(Number(sureWall)), sent: bytes(Number(sureSent)) },
    }),
  };
}
