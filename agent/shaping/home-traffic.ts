/**
 * What the rest of the home sends and receives, by the router's WAN counters less what our own card
 * counted. Only where the router tells, and only as far as it has proven to tell the truth.
 */
import type { Nic } from "../../hardware/nic.ts";
import type { Router } from "../../hardware/router.ts";
import { judgeWan, type WanJudgement, type WanTrust } from "../../hardware/wan-counter.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { every, type Part } from "../core/part.ts";
import { type BitsPerSecond, seconds } from "../core/units.ts";

export interface HomeTrafficOptions {
  readonly router: Router;
  readonly nic: Nic;
  /** Whether anybody wants to know now: a router is not asked every second for nothing. */
  readonly wanted: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

export interface HomeRate {
  readonly trust: WanTrust;
  /** Of everybody but us; undefined while the counter stands still or is not believed. */
  readonly rate?: BitsPerSecond;
}

export interface HomeTraffic extends Part {
  /** `unproven` figures may speak against sharing, only `credible` ones for it. */
  readonly upload: HomeRate;
  readonly download: HomeRate;
}

const LOOK = seconds(1);
const unknown: HomeRate = { trust: "unproven" };

export function createHomeTraffic(options: HomeTrafficOptions): HomeTraffic {
  const { router, nic, wanted, clock, log } = options;
  let upload: WanJudgement | undefined;
  let download: WanJudgement | undefined;
  let card: string | undefined;

  const look = async () => {
    if (!wanted()) {
      // after a pause a counter may have wrapped more than once
      [upload, download] = [undefined, undefined];
      return;
    }
    const [{ wan }, reading] = [await router.read(), await nic.read()];
    const at = clock.monotonicMs();
    // another card has other counters, and perhaps another router behind it
    if (!wan || !reading || reading.name !== card) [upload, download] = [undefined, undefined];
    card = reading?.name;
    if (!wan || !reading) return;
    upload = judgeWan(upload, { at, raw: wan.sent, own: reading.sent });
    download = judgeWan(download, { at, raw: wan.received, own: reading.received });
  };

  return {
    name: "home-traffic",
    run: (signal) => every(LOOK, look, { clock, log, signal, name: "home-traffic" }),
    get upload() {
      return rateOf(upload);
    },
    get download() {
      return rateOf(download);
    },
  };
}

function rateOf(judgement: WanJudgement | undefined): HomeRate {
  if (!judgement) return unknown;
  const { trust, household } = judgement;
  return { trust, ...(household !== undefined && { rate: household }) };
}
