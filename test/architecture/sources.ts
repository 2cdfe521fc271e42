/** The program's own files and what they import, read from their text. */
import { dirname, join } from "node:path";

export interface Source {
  /** Path from the repository's root. */
  readonly file: string;
  /** Code without comments and types. */
  readonly code: string;
  /** Files of ours by their path from the root, packages by their name; type-only imports as well. */
  readonly imports: readonly string[];
}

const transpilers = {
  ts: new Bun.Transpiler({ loader: "ts", target: "bun" }),
  tsx: new Bun.Transpiler({ loader: "tsx", target: "bun" }),
};

export async function readSources(root: string): Promise<Source[]> {
  const files: string[] = [];
  for (const folder of ["agent", "hardware"]) {
    for await (const file of new Bun.Glob(`${folder}/**/*.{ts,tsx}`).scan(root)) files.push(file);
  }
  const ours = files.filter((file) => !/\.(test|d)\.tsx?$/.test(file)).sort();
  return Promise.all(
    ours.map(async (file) => parseSource(file, await Bun.file(join(root, file)).text())),
  );
}

export function parseSource(file: string, content: string): Source {
  const text = content.replace(/^#!.*/, "");
  const transpiler = transpilers[file.endsWith(".tsx") ? "tsx" : "ts"];
  const found = new Set<string>();
  const statement = /(?:^|\n)\s*(?:import|export)\b(?:[^"'`;]*?\bfrom)?\s*["']([^"']+)["']/g;
  for (const match of text.matchAll(statement)) found.add(resolve(file, match[1] ?? ""));
  // Bun leaves out what is only a type, and finds what no regular expression should be trusted with.
  for (const { path } of transpiler.scanImports(text)) found.add(resolve(file, path));
  return { file, code: transpiler.transformSync(text), imports: [...found].sort() };
}

const resolve = (from: string, specifier: string) =>
  specifier.startsWith(".") ? join(dirname(from), specifier) : specifier;

/** Each way round that starts and ends at the same file, once. */
export function findCycles(sources: readonly Source[]): string[][] {
  const importsOf = new Map(sources.map((source) => [source.file, source.imports]));
  const cycles: string[][] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]) => {
    const start = path.indexOf(file);
    if (start >= 0) {
      cycles.push([...path.slice(start), file]);
      return;
    }
    if (done.has(file)) return;
    for (const next of importsOf.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const { file } of sources) visit(file, []);
  return cycles;
}
