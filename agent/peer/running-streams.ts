/** The responses that are under way, and whose they are. */
import type { Server } from "bun";

interface Stream {
  readonly viewer: string;
  readonly request: Request;
  readonly server: Server<undefined>;
}

/** Bun does not tell when a response has ended, but from then on its request has no address any more. */
export const hasEnded = (request: Request, server: Server<undefined>) =>
  server.requestIP(request) === null;

export class RunningStreams {
  #streams: Stream[] = [];

  begin(viewer: string, request: Request, server: Server<undefined>): void {
    this.#streams.push({ viewer, request, server });
  }

  get count(): number {
    this.#forgetEnded();
    return this.#streams.length;
  }

  /** Are fewer than `most` under way? Looks at them only where so many were begun. */
  fewerThan(most: number): boolean {
    return this.#streams.length < most || this.count < most;
  }

  /** Does the viewer have one? */
  has(viewer: string): boolean {
    this.#forgetEnded();
    return this.#streams.some((stream) => stream.viewer === viewer);
  }

  #forgetEnded(): void {
    this.#streams = this.#streams.filter(({ request, server }) => !hasEnded(request, server));
  }
}
