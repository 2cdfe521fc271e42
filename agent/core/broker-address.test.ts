import { expect, test } from "bun:test";
import { brokerAddress } from "./broker-address.ts";

test.each([
  ["mqtt://broker.example", { secure: false, host: "broker.example", port: 1883 }],
  ["mqtts://broker.example", { secure: true, host: "broker.example", port: 8883 }],
  ["mqtts://[fd00::1]:9883", { secure: true, host: "fd00::1", port: 9883 }],
])("%s", (url, address) => {
  expect(brokerAddress(url)).toEqual(address);
});
