/** The parsers of text that comes from outside: HTTP, players, the household, the kernel and its tools. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parsePlaylist, resolveUri } from "../../agent/content/playlist.ts";
import { parseRange } from "../../agent/core/byte-range.ts";
import { parseBytes, parseDuration, parseRate } from "../../agent/core/quantity.ts";
import { parseTarget } from "../../agent/peer/request-target.ts";
import { parsePressure, parseStat } from "../../hardware/linux/parse-cpu.ts";
import { parseMounts, parseWritten } from "../../hardware/linux/parse-mounts.ts";
import { parseAlsaStatus, parseVendorState } from "../../hardware/linux/parse-playback.ts";
import { parseRoutesV4, parseRoutesV6 } from "../../hardware/linux/parse-routes.ts";
import { parseSs } from "../../hardware/linux/parse-ss.ts";

export interface TextTarget {
  readonly name: string;
  readonly seeds: readonly string[];
  /** As for bytes: a word for the outcome, a throw when something that must hold does not. */
  run(text: string): string;
}

const boards = new URL("../fixtures/boards/", import.meta.url).pathname;

/** The same file of every fixture board that has it. */
function captured(path: string): readonly string[] {
  return readdirSync(boards, { withFileTypes: true })
    .filter((board) => board.isDirectory())
    .map((board) => join(boards, board.name, path))
    .filter(existsSync)
    .map((file) => readFileSync(file, "latin1").slice(0, 4_096));
}

const size = 1_000_000;

export const textTargets: readonly TextTarget[] = [
  {
    name: "range header",
    seeds: ["bytes=0-99", "bytes=-5", "bytes=100-", "bytes=0-1,5-6, 10-", "bytes=999999-1000000"],
    run: (text) => JSON.stringify(parseRange(text, size)).replaceAll(/\d+/g, ""),
  },
  {
    name: "request target",
    seeds: [
      `/v1/titles/${"a".repeat(64)}/files/disc/01%20one.mp3`,
      `/v1/titles/${"a".repeat(64)}/metalink`,
      "/v1/receipts",
    ],
    run: (text) => parseTarget(text).kind,
  },
  {
    name: "playlist",
    seeds: [
      '#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:6\n#EXT-X-MAP:URI="init.mp4"\n#EXTINF:6.0,\ns0.m4s\n#EXTINF:4.2,\ns1.m4s\n#EXT-X-ENDLIST\n',
      "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=800000\nlow/index.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2000000\nhigh/index.m3u8\n",
    ],
    run(text) {
      const playlist = parsePlaylist(text);
      for (const uri of playlist?.uris ?? []) {
        const resolved = resolveUri("video/index.m3u8", uri);
        if (resolved?.split("/").includes("..")) throw new Error("a URI leaves its title");
      }
      return `${playlist?.kind} ${playlist?.segments.length}`;
    },
  },
  {
    name: "quantities",
    seeds: ["12 Mbit/s", "1.5GB", "250ms", "10 GiB", "2h"],
    run(text) {
      const parsed = [parseRate(text), parseBytes(text), parseDuration(text)];
      if (parsed.some((value) => value !== undefined && !(value >= 0 && Number.isFinite(value)))) {
        throw new Error("a quantity that is none");
      }
      return parsed.map((value) => value !== undefined).join();
    },
  },
  {
    name: "/proc/stat",
    seeds: captured("proc/stat"),
    run: (text) => `${parseStat(text).length}`,
  },
  {
    name: "pressure",
    seeds: captured("proc/pressure/cpu"),
    run: (text) => String(parsePressure(text) !== undefined),
  },
  {
    name: "mounts",
    seeds: [...captured("proc/self/mountinfo"), ...captured("proc/diskstats")],
    run: (text) => `${parseMounts(text).length} ${parseWritten(text, "mmcblk0") !== undefined}`,
  },
  {
    name: "routes",
    seeds: [...captured("proc/net/route"), ...captured("proc/net/ipv6_route")],
    run: (text) => `${parseRoutesV4(text).length} ${parseRoutesV6(text).length}`,
  },
  {
    name: "ss",
    seeds: [
      "ESTAB 0 0 192.0.2.1:4080 198.51.100.7:50112 cubic wscale:7,7 rto:204 rtt:1.5/0.7 mss:1448 cwnd:10 bytes_sent:1000 bytes_acked:900 minrtt:0.9\n",
      "ESTAB 0 0 [2001:db8::1]:4080 [2001:db8::2]:50112 bbr rtt:20/1 mss:1428 retrans:0/3 unacked:4\n",
    ],
    run: (text) => `${parseSs(text).length}`,
  },
  {
    name: "playback",
    seeds: ["state: RUNNING\nowner_pid   : 812\n", "closed\n", "playing"],
    run: (text) => JSON.stringify([parseAlsaStatus(text), parseVendorState(text)]),
  },
];
