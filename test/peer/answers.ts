/** What the tests of a box's HTTP ask for, and how they read a refusal. */
import { expect } from "bun:test";

export const MIB = 1024 * 1024;
/** Of the file in most tests; no whole number of chunks. */
export const SIZE = 12 * MIB + 123;
export const range = (start: number, length: number) => `bytes=${start}-${start + length - 1}`;

/** The code of a refusal, which always has a sentence beside it. */
export async function codeOf(response: Response): Promise<string> {
  const body = (await response.json()) as { error: { code: string; text: string } };
  expect(body.error.text.length).toBeGreaterThan(10);
  return body.error.code;
}
