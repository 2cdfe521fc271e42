/** What the tests of a box's HTTP ask for, and how they read a refusal. */
import { expect } from "bun:test";
import { connect } from "node:net";

export const MIB = 1024 * 1024;
/** Of the file in most tests; no whole number of chunks. */
export const SIZE = 12 * MIB + 123;
export const range = (start: number, length: number) => `bytes=${start}-${start + length - 1}`;

/** What comes for bytes that no client of ours would send, until the server closes. */
export async function rawAnswer(url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname, () => socket.write(request));
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(part);
  return Buffer.concat(parts).toString("latin1");
}

/** The code of a refusal, which always has a sentence beside it. */
export async function codeOf(response: Response): Promise<string> {
  const body = (await response.json()) as { error: { code: string; text: string } };
  expect(body.error.text.length).toBeGreaterThan(10);
  return body.error.code;
}
