import { expect, test } from "bun:test";
import { DatagramSocket } from "./datagram.ts";
import { libc } from "./ffi.ts";

const UDP = 17;

test("every datagram comes with its own sender, also after the first has been read", async () => {
  const c = libc();
  const socket = c && DatagramSocket.open(c, 4, UDP);
  if (!socket) throw new Error("no datagram socket can be opened here");
  try {
    for (let round = 0; round < 3; round++) {
      const port = await echoOnce(socket, `round ${round}`);
      Bun.gc(true);
      const got = socket.receive();
      expect(got && Buffer.from(got.data).toString()).toBe(`round ${round}`);
      expect(socket.cameFrom("127.0.0.1", port)).toBe(true);
      expect(socket.cameFrom("127.0.0.2", port)).toBe(false);
      expect(socket.cameFrom("::1", port)).toBe(false);
    }
  } finally {
    socket.close();
  }
});

/** Sends to a new echo server and resolves with its port once it has answered. */
async function echoOnce(socket: DatagramSocket, text: string): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const server = await Bun.udpSocket({
    hostname: "127.0.0.1",
    socket: {
      data(self, data, port, address) {
        self.send(data, port, address);
        resolve(self.port);
      },
    },
  });
  expect(socket.send(Buffer.from(text), "127.0.0.1", server.port)).toBe(true);
  const port = await promise;
  server.close();
  return port;
}
