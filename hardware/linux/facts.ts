import type { DeviceFacts } from "../device.ts";
import type { FileTree } from "./file-tree.ts";

/** What boards fill in when nobody filled it in. */
const PLACEHOLDER = /^(-|none|unknown|default string|to be filled by o\.?e\.?m\.?|0+|)$/i;

/**
 * Facts that stay the same: the device tree first, which arm64 boards have, then systeminformation,
 * which costs half a second of child processes and is therefore asked once.
 */
export async function readFacts(tree: FileTree, ofThisMachine: boolean): Promise<DeviceFacts> {
  const [boardModel, boardSerial, stat, meminfo, release] = await Promise.all([
    tree.text("/proc/device-tree/model"),
    tree.text("/proc/device-tree/serial-number"),
    tree.text("/proc/stat"),
    tree.text("/proc/meminfo"),
    tree.text("/etc/os-release"),
  ]);
  const asked = ofThisMachine ? await askSystem() : {};
  const cores = stat?.match(/^cpu\d+ /gm)?.length ?? asked.cores;
  const kilobytes = meminfo?.match(/^MemTotal: +(\d+) kB$/m)?.[1];
  const memory = kilobytes ? Number(kilobytes) * 1024 : asked.memory;
  const model = known(boardModel) ?? asked.model;
  const serial = known(boardSerial) ?? asked.serial;
  const os = known(release?.match(/^PRETTY_NAME="?([^"\n]+)"?$/m)?.[1]) ?? asked.os;
  return {
    ...(model && { model }),
    ...(serial && { serial }),
    ...(cores && { cores }),
    ...(memory && { memory }),
    ...(os && { os }),
  };
}

async function askSystem(): Promise<DeviceFacts> {
  const { system, osInfo, cpu, mem } = await import("systeminformation");
  const [machine, running, processor, memory] = await Promise.all([
    system(),
    osInfo(),
    cpu(),
    mem(),
  ]);
  const model = known([machine.manufacturer, machine.model].filter(known).join(" "));
  const serial = known(machine.serial);
  const os = known([running.distro, running.release].filter(known).join(" "));
  return {
    ...(model && { model }),
    ...(serial && { serial }),
    ...(os && { os }),
    ...(processor.cores > 0 && { cores: processor.cores }),
    ...(memory.total > 0 && { memory: memory.total }),
  };
}

/** Device tree strings end in a NUL; a placeholder is not a fact. */
function known(text: string | undefined): string | undefined {
  const plain = text?.replaceAll("\0", "").trim().slice(0, 128);
  return plain === undefined || PLACEHOLDER.test(plain) ? undefined : plain;
}
