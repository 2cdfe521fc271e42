import { expect, test } from "bun:test";
import { loadConfig } from "../../config.ts";
import { changedSettings, withoutSecrets } from "./settings.ts";

test("only what differs from the default is shown", () => {
  const loaded = loadConfig({
    environment: {
      HOME: "/home/anyone",
      SPAREBAND_FLEET: "living-room",
      SPAREBAND_LOG_LEVEL: "info",
    },
    lastGood: {},
  });
  expect(changedSettings(loaded)).toEqual({ fleet: "living-room" });
});

test("an address is shown as it is written", () => {
  const flags = { "status.listen": "0.0.0.0:17410", "box.listen": "[::1]:17411" };
  const loaded = loadConfig({ environment: {}, lastGood: {}, flags });
  expect(changedSettings(loaded)).toEqual(flags);
});

test.each([
  ["mqtts://box:hunter2@broker.example/x", "mqtts://[hidden]@broker.example/x"],
  ["https://coordinator.example/?token=hunter2", "https://[hidden]@coordinator.example/"],
  ["https://coordinator.example/api", "https://coordinator.example/api"],
  ["/etc/spareband/password", "/etc/spareband/password"],
])("%s is shown as %s", (value, shown) => {
  expect(withoutSecrets(value)).toBe(shown);
  expect(withoutSecrets([value])).toEqual([shown]);
});
