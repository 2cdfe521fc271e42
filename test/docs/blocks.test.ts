import { expect, test } from "bun:test";
import { localLinks, testedBlocks } from "./blocks.ts";

const fence = "```";

test("only marked blocks are commands to run, with the line they stand at", () => {
  const page = [
    "# Page",
    `${fence}sh`,
    "rm -rf /",
    fence,
    "<!-- test -->",
    `${fence}sh`,
    "echo one",
    "echo two",
    fence,
  ].join("\n");
  expect(testedBlocks(page)).toEqual([{ line: 6, commands: "echo one\necho two" }]);
});

test("a mark that stands above no block is a mistake", () => {
  expect(() => testedBlocks("<!-- test -->\n\ntext")).toThrow("line 1");
});

test("links to files of ours are found, others are not", () => {
  const page = "[a](docs/a.md#x) ![b](chain.svg) [c](https://example.org/) [d](#here)";
  expect(localLinks(page)).toEqual(["docs/a.md", "chain.svg"]);
});
