import { describe, expect, test } from "bun:test";
import {
  isRoot,
  type Layer,
  layers,
  type Reserved,
  reserved,
  reservedModules,
} from "./architecture/rules.ts";
import { findCycles, parseSource, readSources, type Source } from "./architecture/sources.ts";

const root = `${import.meta.dir}/..`;
const sources = await readSources(root);
const isOurs = (module: string) => /^(agent|hardware)\//.test(module);
const layerOf = (file: string) =>
  layers.find((each) => each.files.some((pattern) => pattern.test(file)));

function forbiddenImports(source: Source, layer: Layer): string[] {
  const own = (module: string) => layer.files.some((pattern) => pattern.test(module));
  return source.imports
    .filter((module) => isOurs(module) && !own(module))
    .filter((module) => !layer.mayImport.some((target) => target.files.test(module)))
    .map((module) => `${source.file} imports ${module}: ${layer.because}`);
}

const misuse = (source: Source, rule: Reserved, used: boolean) =>
  used && !rule.allowed(source.file) ? [`${source.file} uses ${rule.what}: ${rule.because}`] : [];

describe("imports point one way", () => {
  test("every file is in a folder of the table or is a composition root", () => {
    const homeless = sources.filter(({ file }) => !layerOf(file) && !isRoot(file));
    expect(homeless.map(({ file }) => file)).toEqual([]);
  });

  test.each(layers.map((layer) => [layer.title, layer] as const))("%s", (_, layer) => {
    const members = sources.filter(({ file }) => layerOf(file) === layer);
    expect(members.flatMap((source) => forbiddenImports(source, layer))).toEqual([]);
  });

  test("there are no cycles", () => {
    expect(findCycles(sources).map((cycle) => cycle.join(" → "))).toEqual([]);
  });
});

describe("only some files touch the world", () => {
  test.each(reserved.map((rule) => [rule.what, rule] as const))("%s", (_, rule) => {
    const found = sources.flatMap((source) => misuse(source, rule, rule.pattern.test(source.code)));
    expect(found).toEqual([]);
  });

  test.each(reservedModules.map((rule) => [rule.what, rule] as const))("%s", (_, rule) => {
    const found = sources.flatMap((source) =>
      misuse(
        source,
        rule,
        source.imports.some((module) => rule.pattern.test(module)),
      ),
    );
    expect(found).toEqual([]);
  });

  test("systemRandom is chosen by composition roots", () => {
    const users = sources.filter(({ code }) => /\bsystemRandom\b/.test(code));
    const allowed = (file: string) => isRoot(file) || file === "agent/core/random.ts";
    expect(users.map(({ file }) => file).filter((file) => !allowed(file))).toEqual([]);
  });
});

test("the documentation's table is the one that is enforced", async () => {
  const page = await Bun.file(`${root}/docs/architecture.md`).text();
  const rows = [...page.matchAll(/^\| (.+?) +\| (.+?) +\|$/gm)].map(
    (row) => `${row[1]} | ${row[2]}`,
  );
  for (const { title, mayImport } of layers) {
    const targets = mayImport.map((target) => target.title).join(", ");
    const handed = title === "`status`" ? ", and interfaces handed in" : "";
    expect(rows).toContain(`${title} | ${targets === "" ? "nothing of ours" : targets}${handed}`);
  }
});

describe("the check itself", () => {
  test("finds imports of types, over several lines, for effect and deferred", () => {
    const text = `
      import type { A } from "./a.ts";
      import {
        type B,
      } from "../core/b.ts";
      export * from "./c.ts";
      import "node:fs";
      const d = await import("./d.ts");
      // import "./comment.ts" is prose; so is "process.env" here`;
    const source = parseSource("agent/peer/x.ts", text);
    expect(source.imports).toEqual([
      "agent/core/b.ts",
      "agent/peer/a.ts",
      "agent/peer/c.ts",
      "agent/peer/d.ts",
      "node:fs",
    ]);
    expect(source.code).not.toContain("process.env");
  });

  test("finds a cycle through types", () => {
    const a = parseSource("agent/core/a.ts", `import type { B } from "./b.ts";`);
    const b = parseSource("agent/core/b.ts", `import type { A } from "./a.ts";`);
    expect(findCycles([a, b])).toEqual([["agent/core/a.ts", "agent/core/b.ts", "agent/core/a.ts"]]);
  });
});
