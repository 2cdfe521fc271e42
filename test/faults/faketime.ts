/** libfaketime, which changes the wall clock of one process and leaves its monotonic one alone. */
import { existsSync } from "node:fs";

const library = ["x86_64", "aarch64"]
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`)
  .find(existsSync);

export const hasFaketime = library !== undefined;

/** @param clock as FAKETIME takes it: "@1970-01-01 00:10:00" goes on from there, "+1y" is ahead. */
export const fakedClock = (clock: string): Readonly<Record<string, string>> => ({
  LD_PRELOAD: library ?? "",
  FAKETIME: clock,
  FAKETIME_DONT_FAKE_MONOTONIC: "1",
});
