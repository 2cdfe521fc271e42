/**
 * The router's WAN byte counters over UPnP-IGD, as it tells them: whether they are true is judged
 * by `hardware/wan-counter.ts` against our own bytes.
 */
import type { Clock } from "../../../agent/core/clock.ts";
import {
  type Bytes,
  bytes,
  type Milliseconds,
  milliseconds,
  seconds,
} from "../../../agent/core/units.ts";
import { exchange } from "./exchange.ts";
import { parseControlUrl, parseCounter, soapRequest, WAN_COMMON } from "./soap.ts";
import { discover } from "./ssdp.ts";

export interface WanBytes {
  readonly sent: Bytes;
  readonly received: Bytes;
}

export interface WanCounters {
  /** undefined while no such service is known at the gateway; never waits for a search. */
  read(gateway: string): Promise<WanBytes | undefined>;
}

const SEARCH_TIMEOUT = seconds(3);
/** A reading that is older than this is of no use to anybody. */
const CALL_TIMEOUT = milliseconds(1500);
/** Between searches at a gateway that did not answer. */
const SEARCH_PAUSE = seconds(300);
/** Calls in a row that fail before the service is looked for again; routers restart. */
const PATIENCE = 3;

interface Service {
  readonly gateway: string;
  readonly control: URL;
}

export function createWanCounters(options: {
  readonly clock: Clock;
  /** The router's SSDP port, when not 1900. */
  readonly ssdpPort?: number;
}): WanCounters {
  const { clock, ssdpPort } = options;
  let service: Service | undefined;
  let failures = 0;
  let searched: { readonly gateway: string; readonly at: Milliseconds } | undefined;

  /** In the background: a reading must not wait seconds for a router that has no UPnP. */
  function searchInTurn(gateway: string): void {
    const now = clock.monotonicMs();
    if (searched?.gateway === gateway && now - searched.at < SEARCH_PAUSE) return;
    searched = { gateway, at: now };
    void findControl(gateway, clock, ssdpPort).then((control) => {
      if (!control || searched?.gateway !== gateway) return;
      service = { gateway, control };
      failures = 0;
    });
  }

  return {
    async read(gateway) {
      if (service?.gateway !== gateway) {
        service = undefined;
        searchInTurn(gateway);
        return undefined;
      }
      const counted = await readBytes(service.control);
      failures = counted ? 0 : failures + 1;
      if (failures >= PATIENCE) {
        service = undefined;
        searched = undefined;
      }
      return counted;
    },
  };
}

/** Description and control have to lie on the gateway itself; a router points nowhere else. */
async function findControl(
  gateway: string,
  clock: Clock,
  port: number | undefined,
): Promise<URL | undefined> {
  const query = { host: gateway, target: WAN_COMMON, timeout: SEARCH_TIMEOUT, clock };
  const location = await discover(port === undefined ? query : { ...query, port });
  const description = location && (await exchange(location, SEARCH_TIMEOUT));
  const control = description && parseControlUrl(description, WAN_COMMON, location);
  return control && control.hostname === gateway && control.protocol === "http:"
    ? control
    : undefined;
}

async function readBytes(control: URL): Promise<WanBytes | undefined> {
  const [sent, received] = await Promise.all([
    readCounter(control, "GetTotalBytesSent", "NewTotalBytesSent"),
    readCounter(control, "GetTotalBytesReceived", "NewTotalBytesReceived"),
  ]);
  if (sent === undefined || received === undefined) return undefined;
  return { sent: bytes(sent), received: bytes(received) };
}

async function readCounter(control: URL, action: string, element: string) {
  const body = soapRequest(WAN_COMMON, action);
  const answer = await exchange(control, CALL_TIMEOUT, { service: WAN_COMMON, action, body });
  return answer === undefined ? undefined : parseCounter(answer, element);
}
