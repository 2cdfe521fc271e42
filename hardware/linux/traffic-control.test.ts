/** Kernels that cannot do everything, as they answer tc and nft; real queues are in test/contract. */
import { describe, expect, test } from "bun:test";
import { megabitsPerSecond } from "../../agent/core/units.ts";
import type { Command, CommandOutcome } from "./command.ts";
import { createFileTree } from "./file-tree.ts";
import { createLinuxTrafficControl } from "./traffic-control.ts";

const said = (stdout: string): CommandOutcome => ({ kind: "done", code: 0, stdout, stderr: "" });
const failed = (stderr: string): CommandOutcome => ({ kind: "done", code: 1, stdout: "", stderr });

interface Abilities {
  readonly leaves?: readonly string[];
  readonly u32?: boolean;
  readonly nft?: boolean;
  /** What any change is answered with, instead of being made. */
  readonly refuses?: CommandOutcome;
}

/** A kernel with its tools: keeps what was added, prints it as tc does, and knows only what it can. */
class FakeKernel {
  readonly commands: Command[] = [];
  readonly #can: Required<Omit<Abilities, "refuses">>;
  readonly #refuses: CommandOutcome | undefined;
  #rate: string | undefined;
  #leaf: string | undefined;
  #ports: number[] = [];
  #table = "";

  constructor({ refuses, ...can }: Abilities = {}) {
    this.#can = { leaves: ["bfifo"], u32: true, nft: true, ...can };
    this.#refuses = refuses;
  }

  readonly run = async (command: Command): Promise<CommandOutcome> => {
    this.commands.push(command);
    if (command.program === "nft") return this.#nft(command);
    if (this.#refuses?.kind === "missing") return this.#refuses;
    let output = "";
    for (const line of (command.input ?? "").trim().split("\n")) {
      const answer = this.#tc(line);
      if (answer.kind !== "done" || answer.code !== 0) return answer;
      output += answer.stdout;
    }
    return said(output);
  };

  #tc(line: string): CommandOutcome {
    if (/ show /.test(line)) return said(this.#show(line));
    if (this.#refuses) return this.#refuses;
    if (line.startsWith("qdisc del")) {
      if (!this.#rate) return failed("Error: Invalid handle.\n");
      [this.#rate, this.#leaf, this.#ports] = [undefined, undefined, []];
    }
    if (line.startsWith("class")) this.#rate = line.match(/rate (\d+bit)/)?.[1];
    const leaf = line.match(/^qdisc add .*parent 5ba:1 handle 5bb: (\w+)/)?.[1];
    if (leaf && !this.#can.leaves.includes(leaf)) {
      return failed("Error: Specified qdisc kind is unknown.\n");
    }
    this.#leaf = leaf ?? this.#leaf;
    const port = line.match(/sport (\d+) 0xffff/)?.[1];
    if (port && !this.#can.u32) return failed("Error: TC classifier not found.\n");
    if (port) this.#ports.push(Number(port));
    return said("");
  }

  #show(line: string): string {
    if (!this.#rate) return line.startsWith("qdisc") ? "qdisc mq 0: root \n" : "";
    if (line.startsWith("qdisc")) {
      const leaf = this.#leaf ? `qdisc ${this.#leaf} 5bb: parent 5ba:1 limit 64Kb\n` : "";
      return `qdisc htb 5ba: root refcnt 2 r2q 10 default 0\n${leaf}`;
    }
    if (line.startsWith("class")) {
      return `class htb 5ba:1 root leaf 5bb: prio 0 rate ${this.#rate} ceil ${this.#rate} burst 3000b cburst 3000b \n Sent 7 bytes 1 pkt\n`;
    }
    return this.#ports.map((port) => `  match ${hex(port)}0000/ffff0000 at 20\n`).join("");
  }

  #nft({ input, args }: Command): CommandOutcome {
    if (!this.#can.nft) return { kind: "missing" };
    if (args[0] === "list") return said(this.#table);
    this.#table = (input ?? "").replaceAll(/^ +/gm, "\t");
    return said("");
  }
}

const hex = (port: number) => port.toString(16).padStart(4, "0");
const plan = { device: "eth0", ports: [9000, 9001], rate: megabitsPerSecond(8) };

const driverOver = (abilities: Abilities) => {
  const kernel = new FakeKernel(abilities);
  const tree = createFileTree("/nowhere");
  return { kernel, control: createLinuxTrafficControl({ tree, run: kernel.run }) };
};
const applied = (abilities: Abilities) => driverOver(abilities).control.apply(plan);

describe("traffic control takes the best the kernel has", () => {
  test.each([
    [["cake", "fq_codel", "bfifo"], "cake"],
    [["fq_codel", "bfifo"], "fq_codel"],
    [["bfifo"], "bfifo"],
  ])("of %p", async (leaves, leaf) => {
    expect(await applied({ leaves })).toMatchObject({ state: "shaped", leaf, ports: [9000, 9001] });
  });

  test("without u32 nftables sorts the packets", async () => {
    expect(await applied({ u32: false })).toMatchObject({ state: "shaped", ports: [9000, 9001] });
  });

  test("without nftables nothing is marked, and all is shaped", async () => {
    expect(await applied({ nft: false })).toMatchObject({ state: "shaped" });
  });

  test("a change of rate is one process", async () => {
    const { kernel, control } = driverOver({});
    await control.apply(plan);
    const before = kernel.commands.length;
    await control.apply({ ...plan, rate: megabitsPerSecond(5) });
    await control.apply({ ...plan, rate: megabitsPerSecond(6) });
    expect(kernel.commands.length).toBe(before + 2);
  });
});

describe("traffic control says why it cannot", () => {
  test.each([
    [{ kind: "missing" }, "the program tc is not installed"],
    [failed("RTNETLINK answers: Operation not permitted\n"), "CAP_NET_ADMIN is missing"],
    [failed("Error: Specified qdisc kind is unknown.\n"), "the kernel has no HTB"],
    [failed('Cannot find device "eth0"\n'), "the network interface is gone"],
    [failed("tc: unrecognized option: s\nusage\n"), "tc said: tc: unrecognized option: s"],
    [{ kind: "failed", reason: "tc was stopped by SIGKILL" }, "tc was stopped by SIGKILL"],
  ] as const)("%p", async (refuses, reason) => {
    expect(await applied({ refuses })).toEqual({ state: "unavailable", reason });
  });

  test("neither u32 nor nftables: nothing is left half made", async () => {
    const { control } = driverOver({ u32: false, nft: false });
    expect((await control.apply(plan)).state).toBe("unavailable");
    expect(await control.read("eth0")).toEqual({ state: "none" });
  });

  test("no queue at all for the class: nothing is left half made", async () => {
    const { control } = driverOver({ leaves: [] });
    expect((await control.apply(plan)).state).toBe("unavailable");
    expect(await control.read("eth0")).toEqual({ state: "none" });
  });

  test("a name that is none is not given to tc", async () => {
    const { kernel, control } = driverOver({});
    const odd = await control.apply({ ...plan, device: "eth0\nqdisc del dev eth0 root" });
    expect(odd.state).toBe("unavailable");
    expect(kernel.commands.filter(({ program }) => program === "tc")).toEqual([]);
  });
});
