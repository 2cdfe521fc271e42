import { FakeClock } from "../../agent/core/fake-clock.ts";
import { createFileTree } from "../../hardware/linux/file-tree.ts";
import { createLinuxTrafficControl } from "../../hardware/linux/traffic-control.ts";
import { createSimulatedDevice } from "../../hardware/simulated/device.ts";
import { createNamespace, must, namespacesMissing } from "./namespace.ts";
import { trafficControlContract } from "./traffic-control.contract.ts";

trafficControlContract({
  name: "simulated",
  open: async () => {
    const { trafficControl } = createSimulatedDevice({ clock: new FakeClock() });
    return {
      device: "eth0",
      restart: () => trafficControl,
      setForeign: async (present) => trafficControl.setForeign(present ? "cake 8001:" : undefined),
      dispose: async () => {},
    };
  },
});

trafficControlContract({
  name: "Linux in a network namespace",
  missing: namespacesMissing,
  open: async () => {
    const { run, dispose } = await createNamespace();
    await must(run, "ip", "link", "add", "tc0", "type", "veth", "peer", "name", "tc1");
    await must(run, "ip", "link", "set", "tc0", "up");
    return {
      device: "tc0",
      restart: () => createLinuxTrafficControl({ tree: createFileTree("/"), run }),
      setForeign: async (present) => {
        const options = present ? ["bfifo", "limit", "30000"] : [];
        await must(run, "tc", "qdisc", present ? "add" : "del", "dev", "tc0", "root", ...options);
      },
      dispose,
    };
  },
});
