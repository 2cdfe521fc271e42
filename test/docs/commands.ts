/** Commands as documents and texts name them, to compare with what the program has. */

export interface Mention {
  readonly verb: string;
  readonly flags: readonly string[];
}

/** `spareband VERB … --flag …` in code spans, in “quotes” and in lines of a console. */
export function mentionsOf(text: string): Mention[] {
  const spans = [
    ...text.matchAll(/[`“„]([^`“”„\n]*\bspareband [^`“”„\n]*)[`“”]/g),
    ...text.matchAll(/^(?:[$#] )?(spareband [^\n]*)$/gm),
  ];
  return spans.flatMap(([, span = ""]) =>
    span.split(/[;|&]|\$\(/).flatMap((command) => {
      const all = command.trim().split(/\s+/);
      const [, verb, ...words] = all.slice(all.indexOf("spareband"));
      if (!all.includes("spareband") || verb === undefined || !/^[a-z-]+$/.test(verb)) return [];
      const flags = words.filter((word) => /^--[a-z-]+/.test(word));
      return [{ verb, flags: flags.map((flag) => flag.replace(/[^a-z-].*$/, "")) }];
    }),
  );
}

/** Files and npm scripts that the lines of a console name. */
export function namedIn(console: string) {
  const matches = (pattern: RegExp) =>
    [...console.matchAll(pattern)].map((match) => match[1] ?? "");
  return {
    files: matches(/(?:^|\s|:)((?:test|agent|systemd|hardware)\/[\w./-]+\.(?:ts|sh))\b/gm),
    scripts: [...matches(/^npm run ([\w-]+)/gm), ...matches(/^npm (start|test)\b/gm)],
    units: matches(/\b(spareband[\w-]*\.service)\b/gm),
  };
}
