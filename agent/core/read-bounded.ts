/** An answer's body as text; throws when it is longer than so many bytes, whatever its headers said. */
export async function readBounded(response: Response, limit: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.length;
    if (size > limit) throw new RangeError(`the answer is longer than ${limit} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}
