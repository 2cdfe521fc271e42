/** What may import what, and who alone may touch the world. docs/architecture.md shows the same table. */

/** A folder of the program, and what of ours its files may import besides their own folder. */
export interface Layer {
  /** As in the documentation's table. */
  readonly title: string;
  readonly files: readonly RegExp[];
  readonly mayImport: readonly Target[];
  readonly because: string;
}

export interface Target {
  readonly title: string;
  readonly files: RegExp;
}

const folder = (name: string): Target => ({
  title: `\`${name}\``,
  files: new RegExp(`^agent/${name}/`),
});
const core = folder("core");
const identity = folder("identity");
const accounting = folder("accounting");
const content = folder("content");
const journal = folder("journal");
const health = folder("health");
const interfaces: Target = { title: "`hardware` interfaces", files: /^hardware\/[^/]+\.ts$/ };
const verdict: Target = { title: "`governor` (verdict)", files: /^agent\/governor\/verdict\.ts$/ };
const sessionJournal: Target = {
  title: "`journal` (session-journal)",
  files: /^agent\/journal\/session-journal\.ts$/,
};

const layer = (name: string, mayImport: readonly Target[], because: string): Layer => ({
  title: `\`${name}\``,
  files: [new RegExp(`^agent/${name}/`)],
  mayImport,
  because,
});

export const layers: readonly Layer[] = [
  {
    title: "`agent/core`",
    files: [/^agent\/core\//],
    mayImport: [],
    because: "everything stands on it, so it stands on nothing",
  },
  {
    title: "`hardware/*.ts` (interfaces)",
    files: [interfaces.files],
    mayImport: [core],
    because: "an interface that knows its users or drivers is none",
  },
  {
    title: "`hardware/linux`, `hardware/simulated`",
    files: [/^hardware\/(linux|simulated)\//],
    mayImport: [interfaces, core],
    because: "a driver reports what is; what it means is the features' business",
  },
  layer("identity", [core], "keys are needed before anything else works"),
  layer("accounting", [core, identity], "messages must be checkable offline, without a box"),
  layer("governor", [core, interfaces], "the decision may depend on nothing but what was measured"),
  layer("shaping", [core, verdict, interfaces], "it enforces a verdict and takes no part in it"),
  layer("journal", [core, identity, accounting], "what is durable must not depend on who writes"),
  layer("content", [core, identity, accounting], "a chunk is right or wrong whoever serves it"),
  layer(
    "peer",
    [core, identity, accounting, content, verdict, sessionJournal],
    "the internet talks to it, so it reaches as little as possible",
  ),
  layer("reporting", [core, identity, accounting, journal], "it moves records and changes none"),
  layer("coordinator", [core, identity, accounting, content], "it runs where there is no box"),
  layer("health", [core, verdict], "conditions are told to it, it asks nobody"),
  layer("status", [core, health, verdict], "the page shows what it is handed, it fetches nothing"),
];

/** Composition roots: they may import anything. */
export const isRoot = (file: string) => /^agent\/([^/]+\.ts$|commands\/|box\/|dev\/)/.test(file);

/** Something that only some files may do, with the reason that a failure shows. */
export interface Reserved {
  readonly what: string;
  readonly pattern: RegExp;
  readonly allowed: (file: string) => boolean;
  readonly because: string;
}

const only =
  (...files: readonly string[]) =>
  (file: string) =>
    files.some((name) => file === name || (name.endsWith("/") && file.startsWith(name)));

/** Looked for in the code without comments and types. */
export const reserved: readonly Reserved[] = [
  {
    what: "process.env",
    pattern: /\b(process|Bun|import\.meta)\.env\b/,
    allowed: only("agent/config.ts"),
    because: "configuration has one reader, so that every setting is in one table",
  },
  {
    what: "the exit code",
    pattern: /\bprocess\.(exitCode|exit|abort|reallyExit)\b/,
    allowed: only("agent/main.ts"),
    because: "a part that exits takes the journal's last transaction with it",
  },
  {
    what: "starting programs",
    pattern: /\bBun\.(spawn|spawnSync|\$)|["'](node:)?child_process["']/,
    allowed: only("hardware/linux/command.ts"),
    because: "every program that runs is bounded in time and output in one place",
  },
  {
    what: "the system's clock and timers",
    pattern: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|\bset(Timeout|Interval)\(/,
    // The page's own script runs in a browser; to the program it is a text.
    allowed: only("agent/core/system-clock.ts", "agent/status/page-script.ts"),
    because: "time is passed in (Clock), so that tests move it and jumps are survived",
  },
  {
    what: "the system's randomness",
    pattern: /\bMath\.random\(|\brandom(Bytes|UUID|Int|FillSync)\(|\bgetRandomValues\(/,
    allowed: only("agent/core/random.ts"),
    because: "randomness is passed in (Random), so that decisions can be replayed",
  },
];

/** Modules that only some files may import; the rest goes through those files. */
export const reservedModules: readonly Reserved[] = [
  {
    what: "core/system-clock.ts",
    pattern: /^agent\/core\/system-clock\.ts$/,
    allowed: isRoot,
    because: "only composition roots choose the clock",
  },
  {
    what: "hardware/linux and hardware/simulated",
    pattern: /^hardware\/(linux|simulated)\//,
    allowed: (file) => isRoot(file) || /^hardware\/(linux|simulated)\//.test(file),
    because: "only composition roots choose the hardware",
  },
  {
    what: "better-sqlite3",
    pattern: /^better-sqlite3$/,
    allowed: only("agent/core/sqlite.ts"),
    because: "each build target embeds its own addon, which one file knows how to load",
  },
  {
    what: "bun:ffi",
    pattern: /^bun:ffi$/,
    allowed: only("agent/core/", "hardware/linux/"),
    because: "calls into the C library crash instead of throwing; they stay few and together",
  },
  {
    what: "systeminformation",
    pattern: /^systeminformation$/,
    allowed: only("hardware/linux/"),
    because: "it starts programs, so it is for the drivers' static facts alone",
  },
  {
    what: "tweetnacl",
    pattern: /^tweetnacl$/,
    allowed: only("agent/identity/"),
    because: "it is the slow second opinion; the hot path signs with node:crypto",
  },
  {
    what: "commander",
    pattern: /^commander$/,
    allowed: isRoot,
    because: "arguments are parsed at the edge",
  },
];
