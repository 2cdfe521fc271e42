import { expect, test } from "bun:test";
import { blocksOf, localLinks, scriptOf } from "./blocks.ts";
import { mentionsOf, namedIn } from "./commands.ts";

const fence = "```";
const page = (language: string, ...lines: string[]) =>
  ["# Page", `${fence}${language}`, ...lines, fence].join("\n");

test("blocks come with their language and the line they stand at", () => {
  const both = `${page("sh", "echo one", "echo two")}\n${page("toml", "a = 1")}`;
  expect(blocksOf(both)).toEqual([
    { line: 2, language: "sh", text: "echo one\necho two" },
    { line: 7, language: "toml", text: "a = 1" },
  ]);
});

test("a block in a list is one, too", () => {
  expect(blocksOf("- point\n\n  ```sh\n  echo one\n  ```\n")).toHaveLength(1);
});

test("a block that nobody checks, or that has no end, is a mistake", () => {
  expect(() => blocksOf(page("bash", "rm"))).toThrow('line 2: "bash" is none of sh, console');
  expect(() => blocksOf(`text\n${fence}sh\necho`)).toThrow("line 2: this block has no end");
});

test("all shell blocks of a page become one script, in their order", () => {
  const text = `${page("sh", "a=1")}\n${page("console", "reboot")}\n${page("sh", 'echo "$a"')}`;
  const script = scriptOf("x.md", blocksOf(text));
  expect(script).toBe("echo '# x.md:2' >&2\na=1\necho '# x.md:10' >&2\necho \"$a\"\n");
});

test("links to files of ours are found, others are not", () => {
  const text = "[a](docs/a.md#x) ![b](chain.svg) [c](https://example.org/) [d](#here)";
  expect(localLinks(text)).toEqual(["docs/a.md", "chain.svg"]);
});

test.each([
  ['`spareband pause --for "2 h"` stops', [{ verb: "pause", flags: ["--for"] }]],
  ["“spareband status --code” on it", [{ verb: "status", flags: ["--code"] }]],
  [
    "`spareband export proof` first, then `spareband enrol --yes`",
    [
      { verb: "export", flags: [] },
      { verb: "enrol", flags: ["--yes"] },
    ],
  ],
  ["Spareband lends; a newer spareband (schema)", []],
  ["spareband doctor     # says what", [{ verb: "doctor", flags: [] }]],
])("of %j the commands are %j", (text, mentions) => {
  expect(mentionsOf(text)).toEqual(mentions);
});

test("what a console names is found", () => {
  const lines = "npm run build\nnpm start\nbun test/lab/lab.ts --lines\nx 'cmd:test/lab/a.sh'\n";
  expect(namedIn(`${lines}systemctl start spareband-box.service`)).toEqual({
    files: ["test/lab/lab.ts", "test/lab/a.sh"],
    scripts: ["build", "start"],
    units: ["spareband-box.service"],
  });
});
