import { afterEach, describe, expect, test } from "bun:test";
import { networkInterfaces } from "node:os";
import { seededRandom } from "../../agent/core/random.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { milliseconds } from "../../agent/core/units.ts";
import type { ProbeReply } from "../probe.ts";
import {
  answerProbe,
  formatProbe,
  PROBE_LENGTH,
  parseProbeReply,
  TRAIN_LENGTH,
} from "../probe-message.ts";
import { libc } from "./ffi.ts";
import { PacketTrain } from "./packet-train.ts";
import { LinuxDelayProbe } from "./probe.ts";

const token = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
const clib = libc();

describe("what a probe carries", () => {
  test("a reply repeats sequence and token, adds the time, and is never longer than the request", () => {
    for (const length of [PROBE_LENGTH, TRAIN_LENGTH]) {
      const reply = answerProbe(formatProbe(7, token, length), 1234.5678, 1234.6);
      expect(reply?.length).toBe(PROBE_LENGTH);
      expect(reply && parseProbeReply(reply, token)).toEqual({ sequence: 7, receivedAt: 1234.568 });
    }
  });
  test("an echo comes back without a time", () => {
    expect(parseProbeReply(formatProbe(9, token), token)).toEqual({ sequence: 9 });
  });
  test("what is too short, too long or not ours is neither answered nor believed", () => {
    expect(answerProbe(new Uint8Array(31), 1, 1)).toBeUndefined();
    expect(answerProbe(new Uint8Array(64), 1, 1)).toBeUndefined();
    expect(answerProbe(formatProbe(1, token, 1473), 1, 1)).toBeUndefined();
    expect(
      parseProbeReply(
        formatProbe(1, token),
        token.map((b) => b + 1),
      ),
    ).toBeUndefined();
    expect(parseProbeReply(new Uint8Array(33), token)).toBeUndefined();
  });
});

describe("a train", () => {
  test("is complete with its last packet, and tells bits after the first and their spread", () => {
    const train = new PacketTrain(100, 0xffff_fffe, 3);
    expect(train.take(5, 1)).toBe(false);
    for (const [sequence, at] of [
      [0xffff_fffe, 50],
      [0xffff_ffff, 51],
      [0, 52],
    ] as const) {
      expect(train.result(110)).toBeUndefined();
      expect(train.take(sequence, at)).toBe(true);
    }
    expect(train.result(110)).toEqual({
      sentAt: milliseconds(100),
      packets: 3,
      bits: 2 * 1228 * 8,
      spread: milliseconds(2),
    });
  });
  test.each([
    [0.9, 2],
    [1.1, 0],
  ])("that took %p ms to leave and arrives within 2 tells a spread of %p", (took, spread) => {
    const train = new PacketTrain(100, 1, 3);
    train.left(100 + took);
    for (const packet of [1, 2, 3]) train.take(packet, 50 + packet);
    expect(train.result(110)?.spread).toBe(milliseconds(spread));
  });
  test.each([
    ["spaced by the line", [0, 1.2, 2.4, 3.6, 4.8, 6, 7.2, 8.4], 7, 8.4],
    ["held up once on the way", [0, 0.6, 1.2, 1.8, 12, 12.6, 13.2, 13.8], 6, 3.6],
    ["carried in bunches", [0, 0, 0, 6, 6, 6, 12, 12], 7, 12],
    ["too few to say", [0, 0.6, 12, 12.6], 3, 12.6],
  ])("%s is read by its gaps", (_how, arrivals, gaps, spread) => {
    const train = new PacketTrain(100, 1, arrivals.length);
    for (const [i, at] of arrivals.entries()) train.take(i + 1, 50 + at);
    const result = train.result(110);
    expect(result?.bits).toBe(gaps * 1228 * 8);
    expect(result?.spread).toBeCloseTo(spread, 6);
    expect(result?.packets).toBe(arrivals.length);
  });
  test("that lost packets is told after a quarter of a second", () => {
    const train = new PacketTrain(100, 1, 3);
    train.take(1, 50);
    expect(train.result(340)).toBeUndefined();
    expect(train.result(351)?.packets).toBe(1);
  });
});

describe.skipIf(!clib)("probes over real sockets (needs foreign calls)", () => {
  const stops: (() => void)[] = [];
  afterEach(() => {
    for (const stop of stops.splice(0)) stop();
  });

  const own = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const loopback = ["127.0.0.1", "::1"].filter((each) =>
    own.some(({ address }) => address === each),
  );
  test.each(loopback)(
    "an answer of the reflector %s has a round trip and a way out, a stranger's is ignored",
    async (address) => {
      const server = await Bun.udpSocket({
        hostname: address,
        socket: {
          data(socket, data, port, address) {
            socket.send(new Uint8Array(PROBE_LENGTH), port, address);
            const reply = answerProbe(data, 5000, 5000);
            if (reply) socket.send(reply, port, address);
          },
        },
      });
      if (!clib) throw new Error("skipped without foreign calls");
      const probe = new LinuxDelayProbe({
        libc: clib,
        clock: systemClock,
        random: seededRandom(1),
      });
      stops.push(
        () => server.close(),
        () => probe.close(),
      );
      const target = { kind: "reflector", address, port: server.port } as const;
      expect(probe.send(target)).toBe(true);
      const replies: ProbeReply[] = [];
      for (let i = 0; i < 200 && replies.length === 0; i++) {
        await systemClock.sleep(milliseconds(5));
        replies.push(...probe.receive());
      }
      expect(replies).toHaveLength(1);
      expect(replies[0]?.target).toEqual(target);
      expect(replies[0]?.rtt).toBeLessThan(1000);
      expect(replies[0]?.outward).toBeCloseTo(5000 - (replies[0]?.sentAt ?? 0), 3);
    },
  );

  test("an address that is not one cannot be probed", () => {
    if (!clib) throw new Error("skipped without foreign calls");
    const probe = new LinuxDelayProbe({ libc: clib, clock: systemClock, random: seededRandom(1) });
    stops.push(() => probe.close());
    expect(probe.send({ kind: "reflector", address: "example.org", port: 1 })).toBe(false);
  });
});
