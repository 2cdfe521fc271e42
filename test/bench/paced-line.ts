/**
 * A household's uplink in user space: a TCP relay that hands on what a box sends at a given rate and
 * after a delay, shared by all connections, with a bounded queue that pushes back on the box.
 */
import { connect, createServer, type Server, type Socket } from "node:net";

/** Bytes that wait in the line before the box is slowed down. */
const QUEUE = 128 * 1024;
const PIECE = 8 * 1024;

export class PacedLine {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #rate: number;
  readonly #delayMs: number;
  #freeAt = 0;
  #frozen = false;
  port = 0;
  sent = 0;

  /** Bits per second towards the viewer; half of the round trip on each way. */
  private constructor(target: URL, rate: number, roundTripMs: number) {
    this.#rate = rate;
    this.#delayMs = roundTripMs / 2;
    this.#server = createServer((viewer) => this.#relay(viewer, target));
  }

  static async open(target: string, rate: number, roundTripMs = 20): Promise<PacedLine> {
    const line = new PacedLine(new URL(target), rate, roundTripMs);
    await new Promise<void>((resolve) => line.#server.listen(0, "127.0.0.1", resolve));
    const address = line.#server.address();
    line.port = typeof address === "object" && address ? address.port : 0;
    return line;
  }

  get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** As a pulled plug: nothing more comes, and nothing is said. */
  freeze(): void {
    this.#frozen = true;
  }

  /** As a box that restarts: connections end. */
  cut(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #relay(viewer: Socket, target: URL): void {
    const box = connect(Number(target.port), target.hostname);
    for (const socket of [viewer, box]) {
      socket.setNoDelay(true);
      this.#sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        this.#sockets.delete(socket);
        viewer.destroy();
        box.destroy();
      });
    }
    viewer.on("data", (data) => setTimeout(() => box.writable && box.write(data), this.#delayMs));
    let queued = 0;
    box.on("data", (data: Buffer) => {
      queued += data.length;
      if (queued > QUEUE) box.pause();
      for (let at = 0; at < data.length; at += PIECE) {
        const piece = data.subarray(at, at + PIECE);
        const now = performance.now();
        this.#freeAt = Math.max(now, this.#freeAt) + (piece.length * 8000) / this.#rate;
        setTimeout(
          () => {
            queued -= piece.length;
            this.sent += piece.length;
            if (queued <= QUEUE / 2) box.resume();
            if (viewer.writable && !this.#frozen) viewer.write(piece);
          },
          this.#freeAt - now + this.#delayMs,
        );
      }
    });
  }
}
