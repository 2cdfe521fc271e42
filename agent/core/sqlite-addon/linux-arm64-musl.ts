import addon from "../../../node_modules/better-sqlite3/prebuilds/linuxmusl-arm64.node" with {
  type: "file",
};

/** The addon's path inside the executable that is built for linux-arm64-musl. */
export const embeddedAddon: string | undefined = addon;
