/**
 * Quantities that must not be mixed up, as branded numbers: a plain number does not pass for one
 * of them, and conversions between them are named functions.
 */
declare const brand: unique symbol;
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** Bits per second on the wire, IP headers included. */
export type BitsPerSecond = Brand<number, "BitsPerSecond">;
export type Bytes = Brand<number, "Bytes">;
export type Milliseconds = Brand<number, "Milliseconds">;
/** Millionths of a token. A bigint, so that sums over years stay exact. */
export type MicroTokens = Brand<bigint, "MicroTokens">;
/** Hundredths of a per cent; a split's shares sum to 10 000. */
export type BasisPoints = Brand<number, "BasisPoints">;
export type Celsius = Brand<number, "Celsius">;
/** Seconds since 1970-01-01 UTC, as written into messages. */
export type UnixSeconds = Brand<number, "UnixSeconds">;

export const bitsPerSecond = (value: number) => value as BitsPerSecond;
export const megabitsPerSecond = (value: number) => (value * 1e6) as BitsPerSecond;
export const bytes = (value: number) => value as Bytes;
export const mebibytes = (value: number) => (value * 1024 * 1024) as Bytes;
export const milliseconds = (value: number) => value as Milliseconds;
export const seconds = (value: number) => (value * 1000) as Milliseconds;
export const microTokens = (value: bigint) => value as MicroTokens;
export const basisPoints = (value: number) => value as BasisPoints;
export const celsius = (value: number) => value as Celsius;
export const unixSeconds = (value: number) => value as UnixSeconds;

export const toUnixSeconds = (wall: Milliseconds) => Math.floor(wall / 1000) as UnixSeconds;

/** Bytes that a rate carries in a period. */
export const bytesIn = (rate: BitsPerSecond, period: Milliseconds) =>
  ((rate * period) / 8000) as Bytes;

/** The rate that moved so many bytes in a period; 0 for an empty period. */
export const rateOf = (amount: Bytes, period: Milliseconds) =>
  (period > 0 ? (amount * 8000) / period : 0) as BitsPerSecond;
