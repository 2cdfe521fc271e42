/** What every board has to keep, whatever it can tell: one suite for each interface but traffic control. */
import { describe, expect, test } from "bun:test";
import type { Device } from "../../hardware/device.ts";

export interface DeviceSubject {
  readonly name: string;
  readonly open: () => Device;
  /** A directory on the file system that is asked about. */
  readonly directory: string;
}

export function deviceContract(subject: DeviceSubject): void {
  describe(`hardware contract: ${subject.name}`, () => {
    nicContract(subject);
    cpuContract(subject);
    thermalContract(subject);
    storageContract(subject);
    routerContract(subject);
    playbackContract(subject);
    factsContract(subject);
  });
}

const isCounter = (value: number) => Number.isSafeInteger(value) && value >= 0;

function nicContract({ open }: DeviceSubject): void {
  test("nic: counters are whole and do not fall, time does not go back", async () => {
    const { nic } = open();
    const [first, second] = [await nic.read(), await nic.read()];
    if (!first || !second) return expect(first).toBeUndefined();
    for (const { received, sent } of [first, second]) {
      expect(isCounter(received) && isCounter(sent)).toBe(true);
    }
    expect(second.at).toBeGreaterThanOrEqual(first.at);
    expect(second.sent).toBeGreaterThanOrEqual(first.sent);
    expect(second.received).toBeGreaterThanOrEqual(first.received);
  });

  test("nic: has a name and a medium; speed is positive or unknown", async () => {
    const reading = await open().nic.read();
    if (!reading) return;
    expect(reading.name).toMatch(/^[^\s/:]{1,15}$/);
    expect(["ethernet", "wifi", "cellular", "unknown"]).toContain(reading.medium);
    if ("speed" in reading) expect(reading.speed).toBeGreaterThan(0);
  });
}

function cpuContract({ open }: DeviceSubject): void {
  test("cpu: each core once, busy within total, nothing falls", async () => {
    const { cpu } = open();
    const [first, second] = [await cpu.read(), await cpu.read()];
    if (!first || !second) return expect(first).toBeUndefined();
    const numbers = first.cores.map(({ core }) => core);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.length).toBeGreaterThan(0);
    for (const { core, busy, total } of first.cores) {
      expect(isCounter(busy) && isCounter(total)).toBe(true);
      expect(busy).toBeLessThanOrEqual(total);
      const later = second.cores.find((other) => other.core === core);
      if (later) expect(later.busy).toBeGreaterThanOrEqual(busy);
    }
  });

  test("cpu: pressure is in per cent, or unknown", async () => {
    const pressure = (await open().cpu.read())?.pressure ?? {};
    for (const share of Object.values(pressure)) {
      expect(share).toBeGreaterThanOrEqual(0);
      expect(share).toBeLessThanOrEqual(100);
    }
  });
}

function thermalContract({ open }: DeviceSubject): void {
  test("thermal: only temperatures that silicon can have, trips lowest first", async () => {
    for (const { name, type, temperature, trips } of await open().thermal.read()) {
      expect(name).not.toBe("");
      expect(type).not.toBe("");
      expect(temperature).not.toBe(0);
      expect(Math.abs(temperature)).toBeLessThan(150);
      const heats: number[] = trips.map((trip) => trip.temperature);
      expect(heats).toEqual([...heats].sort((a, b) => a - b));
    }
  });
}

function storageContract({ open, directory }: DeviceSubject): void {
  test("storage: free within total", async () => {
    const reading = await open().storage.read(directory);
    if (!reading) return;
    expect(reading.total).toBeGreaterThan(0);
    expect(reading.free).toBeGreaterThanOrEqual(0);
    expect(reading.free).toBeLessThanOrEqual(reading.total);
    if ("written" in reading) expect(isCounter(reading.written ?? -1)).toBe(true);
  });
}

function routerContract({ open }: DeviceSubject): void {
  test("router: an address is an address, a route without a gateway has none", async () => {
    const { gateway, wan } = await open().router.read();
    if (gateway?.v4) expect(gateway.v4).toMatch(/^\d{1,3}(\.\d{1,3}){3}$/);
    if (gateway?.v6) expect(gateway.v6).toMatch(/^[0-9a-f:]+(%\S+)?$/);
    if (wan) expect(isCounter(wan.sent) && isCounter(wan.received)).toBe(true);
  });
}

function playbackContract({ open }: DeviceSubject): void {
  test("playback: playing, idle or unknown", async () => {
    expect(["playing", "idle", "unknown"]).toContain(await open().playback.read());
  });
}

function factsContract({ open }: DeviceSubject): void {
  test("facts: the same each time, and never empty text", async () => {
    const device = open();
    const facts = await device.facts();
    expect(await device.facts()).toEqual(facts);
    for (const fact of Object.values(facts)) expect(fact || "empty").not.toBe("empty");
  });
}
