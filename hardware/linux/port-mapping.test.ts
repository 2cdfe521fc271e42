/** The driver against gateways of our own making on loopback, for what no real router does on demand. */
import { afterAll, describe, expect, test } from "bun:test";
import { createSocket, type Socket } from "node:dgram";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../agent/core/system-clock.ts";
import { seconds } from "../../agent/core/units.ts";
import type { MappingProtocol } from "../port-mapping.ts";
import { createFileTree } from "./file-tree.ts";
import { createLinuxPortMapper } from "./port-mapping.ts";

const root = mkdtempSync(join(tmpdir(), "port-mapping-"));
const HEADER = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";
const LOOPBACK = "lo\t00000000\t0100007F\t0003\t0\t0\t0\t00000000\t0\t0\t0\n";
mkdirSync(join(root, "proc/net"), { recursive: true });
writeFileSync(join(root, "proc/net/route"), HEADER + LOOPBACK);
const sockets: Socket[] = [];
afterAll(() => {
  for (const socket of sockets) socket.close();
  rmSync(root, { recursive: true });
});

/** A gateway on loopback; gets each datagram and says what to send back, if anything. */
async function gateway(answer: (datagram: Buffer) => Buffer | undefined) {
  const socket = createSocket("udp4");
  sockets.push(socket);
  let heard = 0;
  socket.on("message", (datagram, sender) => {
    heard += 1;
    const back = answer(datagram);
    if (back) socket.send(back, sender.port, sender.address);
  });
  const port = await new Promise<number>((resolve) =>
    socket.bind(0, "127.0.0.1", () => resolve(socket.address().port)),
  );
  return { port, heard: () => heard };
}

const request = {
  internalPort: 7411,
  externalPorts: [7411],
  lifetime: seconds(60),
  nonce: new Uint8Array(12).fill(9),
};
const mapper = (mappingPort: number, ...protocols: readonly MappingProtocol[]) =>
  createLinuxPortMapper({ tree: createFileTree(root), clock: systemClock, protocols, mappingPort });

describe("a gateway's result", () => {
  test.each([
    ["pcp", 2, "refused"],
    ["pcp", 7, "no-address"],
    ["pcp", 8, "no-port"],
    ["pcp", 11, "no-port"],
    ["nat-pmp", 2, "refused"],
    ["nat-pmp", 3, "no-address"],
    ["nat-pmp", 4, "no-port"],
  ] as const)("%s code %i is %s", async (protocol, code, reason) => {
    const { port } = await gateway((datagram) => {
      const back = Buffer.alloc(protocol === "pcp" ? 24 : 8);
      back[0] = datagram[0] ?? 0;
      back[1] = (datagram[1] ?? 0) | 0x80;
      back[3] = code;
      return back;
    });
    expect(await mapper(port, protocol).map(request)).toEqual({ state: "failed", reason });
  });

  test("is asked for in NAT-PMP where PCP is unknown", async () => {
    const { port } = await gateway((datagram) => {
      if (datagram[0] === 2) return Buffer.from("0080000100000000", "hex");
      const isMap = datagram[1] === 2;
      return Buffer.from(
        isMap ? "008200000000002a1cf31cf30000003c" : "008000000000002a2d2d2d2d",
        "hex",
      );
    });
    const outcome = await mapper(port, "pcp", "nat-pmp").map(request);
    expect(outcome).toMatchObject({
      state: "mapped",
      mapping: { protocol: "nat-pmp", externalPort: 7411, externalAddress: "45.45.45.45" },
    });
  });
});

test("a lost answer is asked for again", async () => {
  let lost = false;
  const { port, heard } = await gateway((datagram) => {
    if (!lost) {
      lost = true;
      return undefined;
    }
    const isMap = datagram[1] === 2;
    return Buffer.from(
      isMap ? "008200000000002a1cf31cf30000003c" : "008000000000002a2d2d2d2d",
      "hex",
    );
  });
  expect((await mapper(port, "nat-pmp").map(request)).state).toBe("mapped");
  expect(heard()).toBe(3);
});

test("nonsense from the gateway is silence, and a closed port is known at once", async () => {
  const { port } = await gateway(() => Buffer.alloc(3));
  expect(await mapper(port, "pcp").map(request)).toEqual({ state: "failed", reason: "silent" });
  const closed = createSocket("udp4");
  const free = await new Promise<number>((resolve) =>
    closed.bind(0, "127.0.0.1", () => resolve(closed.address().port)),
  );
  closed.close();
  const { signal } = new AbortController();
  expect(await mapper(free, "pcp").map(request, signal)).toEqual({
    state: "failed",
    reason: "silent",
  });
});

test("without a route nobody is asked", async () => {
  const empty = createFileTree(join(root, "nowhere"));
  const alone = createLinuxPortMapper({ tree: empty, clock: systemClock });
  expect(await alone.map(request)).toEqual({ state: "failed", reason: "no-gateway" });
});

test("an aborted attempt asks no further protocol", async () => {
  const { port, heard } = await gateway(() => undefined);
  const stopped = AbortSignal.abort();
  const outcome = await mapper(port, "pcp", "nat-pmp").map(request, stopped);
  expect(outcome).toEqual({ state: "failed", reason: "silent" });
  expect(heard()).toBe(0);
});
