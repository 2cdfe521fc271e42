import { describe, expect, test } from "bun:test";
import { FakeClock } from "../../agent/core/fake-clock.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { bitsPerSecond, bytes, milliseconds } from "../../agent/core/units.ts";
import { libc } from "./ffi.ts";
import { parseSs } from "./parse-ss.ts";
import { formatSocketAddress, parseSocketAddress } from "./socket-address.ts";
import { LinuxPeerSockets } from "./sockets.ts";
import { ObservedPeerSockets } from "./sockets-observed.ts";

const SS = `ESTAB 0 65536 10.66.0.10:8080 100.64.0.1:40112 cubic wscale:7,7 rto:224 rtt:21.5/0.8 mss:1448 pmtu:1500 cwnd:44 bytes_sent:1048576 bytes_acked:1000000 segs_out:900 data_segs_out:725 send 23Mbps pacing_rate 6.5Mbps delivered:720 lastsnd:4 lastrcv:900 lastack:8 unacked:12 retrans:0/3 notsent:32768 minrtt:20.1
ESTAB 0 0 [2001:db8::1]:8080 [2001:db8::9]:5 cubic rtt:5/1 mss:1428 bytes_sent:1428 bytes_acked:1428 data_segs_out:1
garbage`;

describe("socket addresses", () => {
  test("go to the kernel and come back", () => {
    for (const [address, port, shown] of [
      ["192.0.2.7", 443, "192.0.2.7"],
      ["2001:db8::7", 80, "2001:db8:0:0:0:0:0:7"],
      ["::1", 1, "0:0:0:0:0:0:0:1"],
    ] as const) {
      const data = formatSocketAddress(address, port);
      expect(data && parseSocketAddress(data)).toMatchObject({ address: shown, port });
    }
  });
  test("an IPv4 peer of a dual-stack listener is an IPv4 peer", () => {
    const data = formatSocketAddress("0:0:0:0:0:ffff:c000:207", 9);
    expect(data && parseSocketAddress(data)).toMatchObject({ family: 4, address: "192.0.2.7" });
  });
  test("names and half addresses are none", () => {
    for (const text of ["example.org", "1.2.3", "1.2.3.256", "::1::", "1:2:3", "g::1"]) {
      expect(formatSocketAddress(text, 1)).toBeUndefined();
    }
  });
});

describe("what ss tells", () => {
  test("one flow a line, headers counted by family, other lines left out", () => {
    const [first, second, ...more] = parseSs(SS);
    expect(more).toEqual([]);
    expect(first).toMatchObject({
      rtt: milliseconds(21.5),
      minRtt: milliseconds(20.1),
      inFlight: 12,
      notSent: bytes(32_768),
      quiet: milliseconds(4),
      unheard: milliseconds(8),
      sent: bytes(1_048_576 + 725 * 52),
      retransmitted: 3,
    });
    expect(second?.sent).toBe(bytes(1428 + 72));
  });

  test("sums stay when connections close, and ss is asked once a second", async () => {
    const clock = new FakeClock();
    let asked = 0;
    let stdout = SS;
    const sockets = new ObservedPeerSockets({
      clock,
      ports: () => [8080],
      run: async () => ({ kind: "done", code: ++asked * 0, stdout, stderr: "" }),
    });
    const before = await sockets.read();
    await sockets.read();
    expect(asked).toBe(1);
    stdout = "";
    await clock.advance(1000);
    const after = await sockets.read();
    expect(after.flows).toEqual([]);
    expect(after.sent).toBe(before.sent);
  });

  test("without ss the peers cannot be seen", async () => {
    const sockets = new ObservedPeerSockets({
      clock: new FakeClock(),
      ports: () => [8080],
      run: async () => ({ kind: "missing" }),
    });
    await sockets.read();
    expect(sockets.ability).toBe("blind");
  });
});

describe.skipIf(!libc())("our own connections (needs foreign calls)", () => {
  test("are found, counted over their end, and paced", async () => {
    const clib = libc();
    if (!clib) throw new Error("skipped without foreign calls");
    const body = new Uint8Array(400_000);
    const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(body) });
    const port = Number(server.port);
    const sockets = new LinuxPeerSockets({ libc: clib, clock: systemClock, ports: () => [port] });
    await sockets.read();
    sockets.paceNew(bitsPerSecond(20e6));
    const fetched = fetch(`http://127.0.0.1:${port}/`).then((response) => response.arrayBuffer());
    let found = await sockets.read();
    for (let i = 0; i < 100 && found.flows.length === 0; i++) {
      await systemClock.sleep(milliseconds(10));
      found = await sockets.read();
    }
    const id = found.flows[0]?.id ?? "";
    expect(sockets.pace(id, bitsPerSecond(80e6))).toBe(true);
    expect(sockets.pace("0", bitsPerSecond(80e6))).toBe(false);
    expect((await fetched).byteLength).toBe(body.length);
    await systemClock.sleep(milliseconds(20));
    const open = await sockets.read();
    expect(open.sent).toBeGreaterThan(body.length);
    await server.stop(true);
    await systemClock.sleep(milliseconds(600));
    const closed = await sockets.read();
    expect(closed.flows).toEqual([]);
    expect(closed.sent).toBeGreaterThanOrEqual(open.sent);
  });
});
