import { bytes } from "../../agent/core/units.ts";
import type { Router } from "../router.ts";
import type { SimulatedModel } from "./model.ts";

/** What routers whose counter overflowed for good keep saying. */
const STUCK = 2 ** 32 - 1;

export function createSimulatedRouter(model: SimulatedModel): Router {
  return {
    async read() {
      const { nic, wan } = model.home;
      if (!nic.plugged) return {};
      const gateway = { v4: "192.168.1.1", v6: `fe80::1%${nic.name}` };
      const { leftTheHome, cameIn, at } = model.now;
      switch (wan) {
        case "silent":
          return { gateway };
        case "true":
          return { gateway, wan: { sent: leftTheHome, received: cameIn } };
        case "wrapping": {
          const wrapped = (count: number) => bytes(count % 2 ** 32);
          return { gateway, wan: { sent: wrapped(leftTheHome), received: wrapped(cameIn) } };
        }
        case "stuck":
          return { gateway, wan: { sent: bytes(STUCK), received: bytes(STUCK) } };
        case "noise": {
          const made = bytes((Math.imul(Math.floor(at), 2654435761) >>> 0) % 2 ** 31);
          return { gateway, wan: { sent: made, received: made } };
        }
      }
    },
  };
}
