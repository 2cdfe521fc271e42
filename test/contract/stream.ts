/**
 * Run inside a namespace. `serve PORT…` sends zeros to whoever connects; `drain HOST PORT MS` reads
 * for so long and prints the bits per second after the first half second.
 */
import { connect, createServer } from "node:net";

const [verb, ...args] = process.argv.slice(2);

if (verb === "serve") {
  const zeros = Buffer.alloc(64 * 1024);
  for (const port of args.map(Number)) {
    const server = createServer((socket) => {
      const fill = () => {
        while (!socket.destroyed && socket.write(zeros));
      };
      socket.on("drain", fill).on("error", () => socket.destroy());
      fill();
    });
    server.listen(port, "::", () => console.log(`listening ${port}`));
  }
} else {
  const [host, port, duration] = args;
  const socket = connect(Number(port), host);
  let counted = 0;
  let from = Number.POSITIVE_INFINITY;
  socket.on("data", (data) => {
    if (performance.now() >= from) counted += data.length;
  });
  await Bun.sleep(500);
  from = performance.now();
  await Bun.sleep(Number(duration));
  console.log(Math.round((counted * 8000) / (performance.now() - from)));
  process.exit();
}
