/** What a box knows of its descriptors once there is none left to look with. */
import { expect, test } from "bun:test";
import { join } from "node:path";

const module = join(import.meta.dir, "../../agent/peer/descriptors.ts");
const program = `
  import { openSync } from "node:fs";
  import { readDescriptors } from ${JSON.stringify(module)};
  const before = readDescriptors();
  let refused;
  while (refused === undefined) {
    try { openSync("/dev/null", "r"); } catch (fault) { refused = fault.code; }
  }
  const after = readDescriptors();
  console.log(before.open < before.limit, refused, after !== undefined && after.open > after.limit);
`;

test("when they are used up it says so, and peers are shed (fault 59)", async () => {
  const shell = ["bash", "-c", 'ulimit -n 64; exec "$0" -e "$1"', process.execPath, program];
  const child = Bun.spawn(shell, { stdout: "pipe", stderr: "inherit" });
  expect(await new Response(child.stdout).text()).toBe("true EMFILE true\n");
});
