/**
 * Reads SQLite's write-ahead log as far as it is sound (sqlite.org/fileformat2.html#walformat). SQLite
 * itself takes everything after a bad frame for a torn write and drops it in silence; here a torn end,
 * which a power cut leaves, is told from a byte that changed in what had been durable.
 */
export interface Wal {
  /** False when SQLite would not look at the frames at all. */
  readonly headerSound: boolean;
  /** Frames of the log's last round, in order. Those of earlier rounds have other salts and end it. */
  readonly frames: readonly WalFrame[];
}

export interface WalFrame {
  readonly page: number;
  /** Pages of the database after the transaction that this frame ends; 0 inside of one. */
  readonly commit: number;
  readonly sound: boolean;
  readonly data: Uint8Array;
}

const HEADER = 32;
const FRAME_HEADER = 24;
/** At the start of a log whose checksums are over big-endian words; the other kind has 0x…82. */
const MAGIC_BIG_ENDIAN = 0x377f0683;

/** `likely`: the page size of a log whose header does not tell any more. */
export function readWal(log: Buffer, likely: number): Wal {
  if (log.length < HEADER) return { headerSound: true, frames: [] };
  const littleEndian = log.readUInt32BE(0) !== MAGIC_BIG_ENDIAN;
  const [sum0, sum1] = checksum([0, 0], littleEndian, log.subarray(0, 24));
  const fits = sum0 === log.readUInt32BE(24) && sum1 === log.readUInt32BE(28);
  if (fits)
    return { headerSound: true, frames: readFrames(log, log.readUInt32BE(8), littleEndian) };
  // What changed may be the very bit that tells the kind: the kind that the frames are of is the right one.
  const [one = [], other = []] = [true, false].map((kind) => readFrames(log, likely, kind));
  return { headerSound: false, frames: soundOf(one) >= soundOf(other) ? one : other };
}

const soundOf = (frames: readonly WalFrame[]) => frames.filter(({ sound }) => sound).length;

function readFrames(log: Buffer, pageSize: number, littleEndian: boolean): readonly WalFrame[] {
  const size = FRAME_HEADER + pageSize;
  const frames: WalFrame[] = [];
  if (log.length < HEADER + size) return frames;
  const salts = saltsOf(log, size);
  let strangers = 0;
  let before = sumsAt(log, HEADER - 8);
  for (let at = HEADER; at + size <= log.length; at += size) {
    const ours = log.subarray(at + 8, at + 16).equals(salts);
    // One strange frame is a changed salt; a second in a row is where an earlier round begins.
    strangers = ours ? 0 : strangers + 1;
    if (strangers > 1) return frames.slice(0, -1);
    const data = log.subarray(at + FRAME_HEADER, at + size);
    // Each frame's checksum continues the one before it: as that is written there, or, where the
    // writing itself has changed, as it should be.
    const written = sumsAt(log, at === HEADER ? HEADER - 8 : at - size + 16);
    const told = sumsAt(log, at + 16);
    const made = [written, before].map((seed) =>
      checksum(seed, littleEndian, log.subarray(at, at + 8), data),
    );
    const fitting = made.find((sums) => sums[0] === told[0] && sums[1] === told[1]);
    frames.push({
      page: log.readUInt32BE(at),
      commit: log.readUInt32BE(at + 4),
      sound: ours && fitting !== undefined,
      data,
    });
    before = fitting ?? made[1] ?? told;
  }
  return strangers === 1 ? frames.slice(0, -1) : frames;
}

/**
 * Did something change in what was durable? A bad frame of the last transaction is what a power cut
 * may leave; before that, every frame was synced before the next one was begun.
 */
export function isDamagedWal({ headerSound, frames }: Wal): boolean {
  const bad = headerSound ? frames.findIndex(({ sound }) => !sound) : 0;
  if (bad === -1) return false;
  const commits = frames.slice(bad).filter(({ commit, sound }) => sound && commit > 0);
  return commits.length > (headerSound ? 1 : 0);
}

/** The log's salts by majority of its header and its first two frames. */
function saltsOf(log: Buffer, size: number): Buffer {
  const [header, first, second] = [16, HEADER + 8, HEADER + size + 8].map((at) =>
    log.subarray(at, at + 8),
  ) as [Buffer, Buffer, Buffer];
  return first.equals(second) ? first : header;
}

const sumsAt = (log: Buffer, at: number): Sums => [log.readUInt32BE(at), log.readUInt32BE(at + 4)];

type Sums = readonly [number, number];

function checksum([s0, s1]: Sums, littleEndian: boolean, ...parts: readonly Buffer[]): Sums {
  let [sum0, sum1] = [s0, s1];
  for (const part of parts) {
    for (let at = 0; at < part.length; at += 8) {
      const first = littleEndian ? part.readUInt32LE(at) : part.readUInt32BE(at);
      const second = littleEndian ? part.readUInt32LE(at + 4) : part.readUInt32BE(at + 4);
      sum0 = (sum0 + first + sum1) >>> 0;
      sum1 = (sum1 + second + sum0) >>> 0;
    }
  }
  return [sum0, sum1];
}
