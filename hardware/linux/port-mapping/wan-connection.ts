/**
 * Port mappings over UPnP-IGD: WANIPConnection:1 and :2 and WANPPPConnection:1, whichever the gateway
 * describes and has an address. Version 1's AddPortMapping alone is used, because every router has it.
 */
import { isIPv4 } from "node:net";
import type { Clock } from "../../../agent/core/clock.ts";
import { type Milliseconds, milliseconds, seconds } from "../../../agent/core/units.ts";
import type { MappingFailure, MappingRequest, PortMapping } from "../../port-mapping.ts";
import { ask, exchange } from "../igd/exchange.ts";
import { elementText, parseControlUrl, soapRequest } from "../igd/soap.ts";
import { discover } from "../igd/ssdp.ts";

const DEVICE = "urn:schemas-upnp-org:device:InternetGatewayDevice:1";
const SERVICES = ["WANIPConnection:2", "WANIPConnection:1", "WANPPPConnection:1"].map(
  (name) => `urn:schemas-upnp-org:service:${name}`,
);
const SEARCH_TIMEOUT = seconds(2);
const CALL_TIMEOUT = milliseconds(1500);
/** What the router's own page shows the household as the purpose. */
const DESCRIPTION = "Spareband";

export interface WanConnection {
  readonly gateway: string;
  readonly service: string;
  readonly control: URL;
}

/** UPnP error codes (WANIPConnection:2 §2.5): whether another port, or no lease, could help. */
const PORT_TAKEN = new Set([718, 729]);
const ONLY_PERMANENT = 725;
const NO_SUCH_ENTRY = 714;

/** The gateway's connection services, in the order they are tried; empty when it has no UPnP. */
export async function findWanConnections(options: {
  readonly gateway: string;
  readonly clock: Clock;
  readonly ssdpPort?: number | undefined;
}): Promise<readonly WanConnection[]> {
  const { gateway, clock, ssdpPort } = options;
  const query = { host: gateway, target: DEVICE, timeout: SEARCH_TIMEOUT, clock };
  const location = await discover(ssdpPort === undefined ? query : { ...query, port: ssdpPort });
  const description = location && (await exchange(location, CALL_TIMEOUT));
  if (!description) return [];
  return SERVICES.flatMap((service) => {
    const control = parseControlUrl(description, service, location);
    // a router points nowhere but to itself
    const own = control?.hostname === gateway && control.protocol === "http:";
    return own ? [{ gateway, service, control }] : [];
  });
}

type Called =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly code: number };

/** undefined when the router did not answer; code 0 for a fault without a number. */
async function call(
  { service, control }: WanConnection,
  action: string,
  values: Readonly<Record<string, string | number>> = {},
): Promise<Called | undefined> {
  const body = soapRequest(service, action, values);
  const answer = await ask(control, CALL_TIMEOUT, { service, action, body });
  if (!answer) return undefined;
  if (answer.status === 200) return { ok: true, text: answer.text };
  return { ok: false, code: Number(elementText(answer.text, "errorCode") ?? 0) || 0 };
}

/** The IPv4 address that the connection has outside; undefined while it has none. */
export async function externalAddress(connection: WanConnection): Promise<string | undefined> {
  const told = await call(connection, "GetExternalIPAddress");
  const address = told?.ok ? elementText(told.text, "NewExternalIPAddress") : undefined;
  return address !== undefined && isIPv4(address) && address !== "0.0.0.0" ? address : undefined;
}

type Place = Pick<PortMapping, "internalAddress" | "internalPort">;
export type Forwarded =
  | { readonly externalPort: number; readonly lifetime: Milliseconds | undefined }
  | { readonly failure: MappingFailure };

/** Forwards the first of the wanted ports that nobody else has; a mapping of ours is kept while it is fresh. */
export async function forward(
  connection: WanConnection,
  internalAddress: string,
  request: MappingRequest,
): Promise<Forwarded> {
  const place = { internalAddress, internalPort: request.internalPort };
  let failure: MappingFailure = "no-port";
  for (const externalPort of request.externalPorts) {
    const entry = await readEntry(connection, externalPort, place);
    if (entry === "silent") return { failure: "silent" };
    if (entry === "somebody's") continue;
    if (entry !== "free" && isFresh(entry.lifetime, request.lifetime)) {
      return { externalPort, lifetime: entry.lifetime };
    }
    const added = await add(connection, externalPort, place, request.lifetime);
    if ("lifetime" in added) return { externalPort, ...added };
    if (!PORT_TAKEN.has(added.code)) failure = "refused";
  }
  return { failure };
}

const isFresh = (left: Milliseconds | undefined, asked: Milliseconds) =>
  left === undefined || left > asked / 2;

type Entry = "free" | "somebody's" | "silent" | { readonly lifetime: Milliseconds | undefined };

/** Whose the outside port is now. Some routers hand a taken one over without a word, so it is looked at first. */
async function readEntry(
  connection: WanConnection,
  externalPort: number,
  { internalAddress, internalPort }: Place,
): Promise<Entry> {
  const told = await call(connection, "GetSpecificPortMappingEntry", keyOf(externalPort));
  if (!told) return "silent";
  if (!told.ok) return "free";
  const client = elementText(told.text, "NewInternalClient");
  const port = Number(elementText(told.text, "NewInternalPort"));
  if (client !== internalAddress || port !== internalPort) return "somebody's";
  const left = Number(elementText(told.text, "NewLeaseDuration") ?? 0);
  return { lifetime: Number.isSafeInteger(left) && left > 0 ? seconds(left) : undefined };
}

async function add(
  connection: WanConnection,
  externalPort: number,
  { internalAddress, internalPort }: Place,
  lifetime: Milliseconds,
): Promise<{ readonly lifetime: Milliseconds | undefined } | { readonly code: number }> {
  const values = (lease: number) => ({
    ...keyOf(externalPort),
    NewInternalPort: internalPort,
    NewInternalClient: internalAddress,
    NewEnabled: 1,
    NewPortMappingDescription: DESCRIPTION,
    NewLeaseDuration: lease,
  });
  const leased = await call(connection, "AddPortMapping", values(Math.ceil(lifetime / 1000)));
  if (leased?.ok) return { lifetime };
  if (leased?.code !== ONLY_PERMANENT) return { code: leased?.code ?? 0 };
  const permanent = await call(connection, "AddPortMapping", values(0));
  return permanent?.ok ? { lifetime: undefined } : { code: permanent?.code ?? 0 };
}

/** True also when it is gone already. An entry that became somebody else's is left alone. */
export async function takeBack(
  connection: WanConnection,
  mapping: Place & Pick<PortMapping, "externalPort">,
): Promise<boolean> {
  const entry = await readEntry(connection, mapping.externalPort, mapping);
  if (entry === "somebody's") return true;
  if (entry === "silent") return false;
  const told = await call(connection, "DeletePortMapping", keyOf(mapping.externalPort));
  return told?.ok === true || (told?.ok === false && told.code === NO_SUCH_ENTRY);
}

const keyOf = (externalPort: number) => ({
  NewRemoteHost: "",
  NewExternalPort: externalPort,
  NewProtocol: "TCP",
});
