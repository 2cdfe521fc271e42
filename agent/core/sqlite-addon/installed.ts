/** Run from source, better-sqlite3 finds its own addon in node_modules. */
export const embeddedAddon: string | undefined = undefined;
