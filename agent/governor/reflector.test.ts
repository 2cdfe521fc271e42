import { expect, test } from "bun:test";
import { formatProbe, PROBE_LENGTH, parseProbeReply } from "../../hardware/probe-message.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { createReflector } from "./reflector.ts";

const token = new Uint8Array(8).fill(7);

test("a box that went away before its answer costs nobody else one", async () => {
  const reflector = createReflector({ host: "127.0.0.1", port: 0, clock: new FakeClock() });
  await reflector.listen();
  const stop = new AbortController();
  const running = reflector.run(stop.signal);
  while (reflector.unanswered === 0) {
    const gone = await Bun.udpSocket({ hostname: "127.0.0.1" });
    for (let n = 0; n < 20; n++) gone.send(formatProbe(n, token), reflector.port, "127.0.0.1");
    gone.close();
    await Bun.sleep(1);
  }
  const answered = Promise.withResolvers<Uint8Array>();
  const box = await Bun.udpSocket({
    hostname: "127.0.0.1",
    socket: { data: (_, data) => answered.resolve(data) },
  });
  box.send(formatProbe(21, token), reflector.port, "127.0.0.1");
  const reply = await answered.promise;
  expect(reply).toHaveLength(PROBE_LENGTH);
  expect(parseProbeReply(reply, token)?.sequence).toBe(21);
  box.close();
  stop.abort();
  await running;
});

test("what is no probe is not answered", async () => {
  const reflector = createReflector({ host: "127.0.0.1", port: 0, clock: new FakeClock() });
  await reflector.listen();
  const heard: number[] = [];
  const last = Promise.withResolvers<void>();
  const box = await Bun.udpSocket({
    hostname: "127.0.0.1",
    socket: {
      data: (_, data) => {
        heard.push(parseProbeReply(data, token)?.sequence ?? -1);
        last.resolve();
      },
    },
  });
  for (const odd of ["", "x".repeat(PROBE_LENGTH), "y".repeat(1400)])
    box.send(odd, reflector.port, "127.0.0.1");
  box.send(formatProbe(5, token), reflector.port, "127.0.0.1");
  await last.promise;
  expect(heard).toEqual([5]);
  box.close();
  const stop = new AbortController();
  stop.abort();
  await reflector.run(stop.signal);
});
