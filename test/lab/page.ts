/** Bursts as web pages make them: `page.ts server HOST` and `page.ts client HOST SECONDS`. */
import { argv } from "node:process";

const SIZE = 300_000;
const [role, hostname = "127.0.0.1", seconds = "10"] = argv.slice(2);

if (role === "server") {
  const received = new WeakMap<object, number>();
  Bun.listen({
    hostname,
    port: 5390,
    socket: {
      data(socket, data) {
        const total = (received.get(socket) ?? 0) + data.length;
        received.set(socket, total);
        if (total >= SIZE) socket.end("x");
      },
    },
  });
} else {
  for (let i = 0; i < Number(seconds); i++) {
    const started = performance.now();
    await new Promise<void>((done) => {
      let rest = Buffer.alloc(SIZE);
      const push = (socket: Bun.Socket) => {
        rest = rest.subarray(socket.write(rest));
      };
      void Bun.connect({
        hostname,
        port: 5390,
        socket: {
          open: push,
          drain: push,
          data: () => {},
          close: () => done(),
          error: () => done(),
        },
      });
    });
    const spent = performance.now() - started;
    console.log(spent.toFixed(1));
    await Bun.sleep(Math.max(0, 1000 - spent));
  }
}
