/** A program that was started with pipes for what it prints, as Bun.spawn returns it. */
export interface Printing {
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  readonly exited: Promise<number>;
}

export interface End {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Waits for a program's end; both pipes are read meanwhile, or a full one would hold it up. */
export async function endOf(child: Printing): Promise<End> {
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}
