/** The best means this machine has to see and pace the line, in falling order of ability. */
import type { Clock } from "../../agent/core/clock.ts";
import type { Random } from "../../agent/core/random.ts";
import type { HomeLink } from "../home-link.ts";
import type { LinePath } from "../line-path.ts";
import type { DelayProbe } from "../probe.ts";
import type { PeerSockets } from "../sockets.ts";
import { libc } from "./ffi.ts";
import { LinuxHomeLink } from "./home-link.ts";
import { createLinuxLinePath } from "./line-path.ts";
import { LinuxDelayProbe } from "./probe.ts";
import { LinuxPeerSockets } from "./sockets.ts";
import { ObservedPeerSockets } from "./sockets-observed.ts";

export interface PeerSocketsOptions {
  readonly clock: Clock;
  /** Local ports whose accepted connections are peers; empty until the server listens. */
  readonly ports: () => readonly number[];
}

/** Paced where foreign calls work, else only observed through `ss`. */
export function openPeerSockets(options: PeerSocketsOptions): PeerSockets {
  const loaded = libc();
  return loaded
    ? new LinuxPeerSockets({ ...options, libc: loaded })
    : new ObservedPeerSockets(options);
}

/** Without foreign calls nothing can be sent, and every probe counts as unanswered. */
export function openDelayProbe(options: {
  readonly clock: Clock;
  readonly random: Random;
}): DelayProbe {
  const loaded = libc();
  if (loaded) return new LinuxDelayProbe({ ...options, libc: loaded });
  return {
    send: () => false,
    receive: () => [],
    unanswered: () => undefined,
    sendTrain: () => false,
    receiveTrain: () => undefined,
    close: () => {},
  };
}

/** Without foreign calls no router is found. */
export function openLinePath(options: { readonly clock: Clock }): LinePath {
  const loaded = libc();
  return loaded
    ? createLinuxLinePath({ ...options, libc: loaded })
    : { hops: () => Promise.resolve([]) };
}

/** Without foreign calls nobody else is heard. */
export function openHomeLink(): HomeLink | undefined {
  const loaded = libc();
  return loaded && new LinuxHomeLink(loaded);
}
