/**
 * A console in a home that exists only as numbers: what it sends raises its CPU load and its heat,
 * and together with what the family sends it fills the line, which then delays everybody. A fluid
 * model without packets: rates hold between two looks at it, and queues are their integral.
 */
import type { Clock } from "../../agent/core/clock.ts";
import {
  type BitsPerSecond,
  type Bytes,
  bitsPerSecond,
  bytes,
  bytesIn,
  type Celsius,
  celsius,
  type Milliseconds,
  megabitsPerSecond,
  milliseconds,
} from "../../agent/core/units.ts";
import type { Medium } from "../nic.ts";
import type { PlaybackState } from "../playback.ts";

/** How the home is now. Tests turn these knobs while the model runs. */
export interface Home {
  /** Capacity of the line from the home; what does not fit waits in the router's buffer. */
  uplink: BitsPerSecond;
  /** Round trip on the empty line. */
  baseDelay: Milliseconds;
  /** Longest wait in the router's drop-tail buffer. */
  buffer: Milliseconds;
  /** What the rest of the family sends. */
  familySending: BitsPerSecond;
  /** What the family receives; only the WAN counters show it. */
  familyReceiving: BitsPerSecond;
  /** What peers would take from the box if nothing held it back. */
  peerDemand: BitsPerSecond;
  /** What the box itself fetches. */
  fetching: BitsPerSecond;
  /** Busy share of each core, 0 to 1, of what else the console does. */
  otherLoad: number;
  playback: PlaybackState;
  /** Of the room; the board is warmer. */
  ambient: Celsius;
  nic: { name: string; medium: Medium; plugged: boolean; counterBits: 32 | 64 };
  sensors: { thermal: boolean; cpu: boolean; pressure: boolean };
  storage: { total: Bytes; free: Bytes; readOnly: boolean; present: boolean };
  /** `silent`: no UPnP. `stuck`, `noise` and `wrapping` are lies and limits seen on real routers. */
  wan: "silent" | "true" | "wrapping" | "stuck" | "noise";
}

const ordinaryHome = (): Home => ({
  uplink: megabitsPerSecond(20),
  baseDelay: milliseconds(20),
  buffer: milliseconds(250),
  familySending: bitsPerSecond(0),
  familyReceiving: bitsPerSecond(0),
  peerDemand: bitsPerSecond(0),
  fetching: bitsPerSecond(0),
  otherLoad: 0.1,
  playback: "idle",
  ambient: celsius(24),
  nic: { name: "eth0", medium: "ethernet", plugged: true, counterBits: 64 },
  sensors: { thermal: true, cpu: true, pressure: true },
  storage: { total: bytes(32e9), free: bytes(24e9), readOnly: false, present: true },
  wan: "true",
});

/** Share of one core that sending a gigabit per second through the kernel takes on a weak ARM. */
const LOAD_PER_GIGABIT = 0.8;
const UNLIMITED = bitsPerSecond(Number.POSITIVE_INFINITY);
/** Kelvin above the room, doing nothing, and more with every core busy. */
const IDLE_RISE = 15;
const FULL_LOAD_RISE = 45;
const THERMAL_TIME_CONSTANT_MS = 60_000;
export const CORES = 4;
/** USER_HZ, the unit of /proc/stat. */
export const TICKS_PER_SECOND = 100;

export class SimulatedModel {
  readonly home: Home;
  readonly #clock: Clock;
  #at: Milliseconds;
  #queued = 0;
  #temperature: number;
  #sentByPeers = 0;
  #received = 0;
  #leftTheHome = 0;
  #cameIn = 0;
  #written = 0;
  #busyTicks = 0;
  #totalTicks = 0;
  /** Ceilings in force on what goes to peers: traffic control's and the pacers'. */
  readonly #ceilings = new Map<string, BitsPerSecond>();
  #fetchCeiling = UNLIMITED;

  constructor(clock: Clock, home: Partial<Home> = {}) {
    this.#clock = clock;
    this.home = { ...ordinaryHome(), ...home };
    this.#at = clock.monotonicMs();
    this.#temperature = this.#settledTemperature();
  }

  /** Holds the peers' traffic below a rate, or lets it go; the lowest of all ceilings counts. */
  setCeiling(name: string, rate: BitsPerSecond | undefined): void {
    this.advance();
    if (rate === undefined) this.#ceilings.delete(name);
    else this.#ceilings.set(name, rate);
  }

  /** Holds what the box fetches below a rate, or lets it go. */
  setFetchCeiling(rate: BitsPerSecond | undefined): void {
    this.advance();
    this.#fetchCeiling = rate ?? UNLIMITED;
  }

  /** Changes the home from now on; what was until now is counted first. */
  change(home: Partial<Home>): void {
    this.advance();
    Object.assign(this.home, home);
  }

  /** Counts real bytes that a peer server sent, where the model stands beside real traffic. */
  carry(sent: Bytes): void {
    this.#sentByPeers += sent;
    this.#leftTheHome += sent;
  }

  noteWritten(amount: Bytes): void {
    this.#written += amount;
  }

  /** What the box sends to peers now. */
  get sending(): BitsPerSecond {
    const { nic, peerDemand } = this.home;
    return bitsPerSecond(nic.plugged ? Math.min(peerDemand, ...this.#ceilings.values()) : 0);
  }

  /** What the box fetches now. */
  get fetching(): BitsPerSecond {
    const { nic, fetching } = this.home;
    return bitsPerSecond(nic.plugged ? Math.min(fetching, this.#fetchCeiling) : 0);
  }

  /** Round trip now, the router's queue included; undefined when nothing gets through. */
  get delay(): Milliseconds | undefined {
    this.advance();
    const { nic, uplink, baseDelay } = this.home;
    if (!nic.plugged || uplink <= 0) return undefined;
    return milliseconds(baseDelay + (this.#queued * 8000) / uplink);
  }

  /** Counters and states as of now. */
  get now() {
    this.advance();
    return {
      at: this.#at,
      sentByPeers: bytes(Math.floor(this.#sentByPeers)),
      received: bytes(Math.floor(this.#received)),
      leftTheHome: bytes(Math.floor(this.#leftTheHome)),
      cameIn: bytes(Math.floor(this.#cameIn)),
      written: bytes(Math.floor(this.#written)),
      temperature: celsius(Math.round(this.#temperature * 10) / 10),
      busyTicks: Math.floor(this.#busyTicks),
      totalTicks: Math.floor(this.#totalTicks),
      load: this.#load(),
    };
  }

  /** Brings the model to the clock's time. */
  advance(): void {
    const now = this.#clock.monotonicMs();
    const passed = milliseconds(now - this.#at);
    if (passed <= 0) return;
    this.#at = now;
    this.#moveTraffic(passed);
    this.#moveHeat(passed);
    const ticks = (passed / 1000) * TICKS_PER_SECOND;
    this.#totalTicks += ticks;
    this.#busyTicks += ticks * this.#load();
  }

  #moveTraffic(passed: Milliseconds): void {
    const { uplink, buffer, familySending, familyReceiving } = this.home;
    const own = bytesIn(this.sending, passed);
    const fetched = bytesIn(this.fetching, passed);
    const offered = this.#queued + own + bytesIn(familySending, passed);
    const left = Math.min(offered, bytesIn(uplink, passed));
    this.#queued = Math.min(offered - left, bytesIn(uplink, buffer));
    this.#sentByPeers += own;
    this.#leftTheHome += left;
    this.#received += fetched;
    this.#cameIn += fetched + bytesIn(familyReceiving, passed);
  }

  #moveHeat(passed: Milliseconds): void {
    const settled = this.#settledTemperature();
    const kept = Math.exp(-passed / THERMAL_TIME_CONSTANT_MS);
    this.#temperature = settled + (this.#temperature - settled) * kept;
  }

  #settledTemperature(): number {
    return this.home.ambient + IDLE_RISE + this.#load() * FULL_LOAD_RISE;
  }

  #load(): number {
    const forPeers = (this.sending / 1e9) * (LOAD_PER_GIGABIT / CORES);
    return Math.min(1, Math.max(0, this.home.otherLoad + forPeers));
  }
}
