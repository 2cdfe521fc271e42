import { FakeClock } from "../../agent/core/fake-clock.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { megabitsPerSecond } from "../../agent/core/units.ts";
import { createLinuxDevice } from "../../hardware/linux/device.ts";
import { createSimulatedDevice } from "../../hardware/simulated/device.ts";
import { boards, openBoard, STATE } from "./boards.ts";
import { deviceContract } from "./device.contract.ts";

for (const board of boards) {
  deviceContract({ name: `Linux on ${board}`, open: () => openBoard(board), directory: STATE });
}

deviceContract({
  name: "Linux on this machine",
  open: () => createLinuxDevice({ clock: systemClock, upnp: false }),
  directory: "/tmp",
});

deviceContract({
  name: "simulated",
  open: () => createSimulatedDevice({ clock: new FakeClock() }),
  directory: STATE,
});

deviceContract({
  name: "simulated, with every sensor missing",
  open: () =>
    createSimulatedDevice({
      clock: new FakeClock(),
      home: {
        sensors: { thermal: false, cpu: false, pressure: false },
        nic: { name: "eth0", medium: "unknown", plugged: false, counterBits: 64 },
        wan: "silent",
        playback: "unknown",
        peerDemand: megabitsPerSecond(5),
      },
    }),
  directory: STATE,
});
