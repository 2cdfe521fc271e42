/** The executable itself: does what it stands on work on this machine? */
import { release } from "node:os";
import { reasonOf } from "../../core/errors.ts";
import { openLibc } from "../../core/libc.ts";
import { openSqlite } from "../../core/sqlite.ts";
import { selfTest } from "../../identity/self-test.ts";
import { version } from "../../version.ts";
import { attention, bad, type Finding, good } from "./finding.ts";

export function examineProgram(): Finding[] {
  const platform = `${process.platform} ${release()} on ${process.arch}, Bun ${Bun.version}`;
  return [
    good("version", `${version}, ${platform}`),
    works("sqlite", () => {
      const database = openSqlite(":memory:");
      const row = database.prepare<[], { version: string }>("select sqlite_version() as version");
      const found = row.get()?.version;
      database.close();
      return `SQLite ${found} is loaded`;
    }),
    works("ed25519", () => {
      selfTest();
      return "both implementations give the known answers and agree";
    }),
    works("C library", () => {
      openLibc({ getpid: { args: [], returns: "int" } }).close();
      return "can be called, so readiness, watchdog and delay probes work";
    }),
  ];
}

function works(name: string, attempt: () => string): Finding {
  try {
    return good(name, attempt());
  } catch (fault) {
    return bad(name, reasonOf(fault));
  }
}

/** Capabilities are bits of CapEff in /proc/self/status (capabilities(7)). */
const CAP_NET_ADMIN = 12n;

/** @param status the text of /proc/self/status; undefined where it cannot be read. */
export function examineCapabilities(status: string | undefined): Finding {
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(status ?? "")?.[1];
  if (mask === undefined) return attention("capabilities", "this kernel does not tell");
  return (BigInt(`0x${mask}`) >> CAP_NET_ADMIN) & 1n
    ? good("capabilities", "CAP_NET_ADMIN is there, so the kernel can shape what is shared")
    : attention(
        "capabilities",
        "no CAP_NET_ADMIN here, so this process would pace what it shares by itself",
      );
}

/** @param limit WATCHDOG_USEC's meaning in milliseconds, where there is one. */
export function examineServiceManager(socket: string | undefined, limit?: number): Finding {
  if (socket === undefined)
    return good("service manager", "none asked to be told (no NOTIFY_SOCKET)");
  const watchdog = limit === undefined ? "without a watchdog" : `watchdog after ${limit / 1000} s`;
  return good("service manager", `listens at ${socket}, ${watchdog}`);
}
