/**
 * Asks the default gateway for a port mapping: PCP, then NAT-PMP, then UPnP-IGD, and from then on
 * first the one that worked. Nobody but the gateway is ever asked or believed.
 */
import type { Clock } from "../../agent/core/clock.ts";
import { milliseconds } from "../../agent/core/units.ts";
import type {
  MappingFailure,
  MappingOutcome,
  MappingProtocol,
  MappingRequest,
  PortMapper,
  PortMapping,
} from "../port-mapping.ts";
import type { FileTree } from "./file-tree.ts";
import { addressTowards, askGateway } from "./port-mapping/ask-gateway.ts";
import * as natPmp from "./port-mapping/nat-pmp.ts";
import * as pcp from "./port-mapping/pcp.ts";
import {
  externalAddress,
  findWanConnections,
  forward,
  takeBack,
  type WanConnection,
} from "./port-mapping/wan-connection.ts";
import { readDefaultRoutes } from "./routes.ts";

export interface LinuxPortMapperOptions {
  readonly tree: FileTree;
  readonly clock: Clock;
  /** In the order they are tried; all of them when absent. */
  readonly protocols?: readonly MappingProtocol[];
  /** The gateway's UDP port for PCP and NAT-PMP, and for SSDP, when not the standard's. */
  readonly mappingPort?: number;
  readonly ssdpPort?: number;
}

const ALL: readonly MappingProtocol[] = ["pcp", "nat-pmp", "upnp-igd"];

/** Of several failures: a router without an address also says, over PCP, that it has no port. */
const MOST_TELLING: readonly MappingFailure[] = ["no-address", "refused", "no-port", "silent"];

/** Who asks whom, and on behalf of what. */
interface Call {
  readonly gateway: string;
  readonly internalAddress: string;
  readonly request: MappingRequest;
  readonly signal?: AbortSignal | undefined;
}

const failed = (reason: MappingFailure): MappingOutcome => ({ state: "failed", reason });
const GONE = milliseconds(0);

export function createLinuxPortMapper(options: LinuxPortMapperOptions): PortMapper {
  const { tree, clock, protocols = ALL, mappingPort: port, ssdpPort } = options;
  let lastGood: MappingProtocol | undefined;
  let connection: WanConnection | undefined;

  const mapped = (
    protocol: MappingProtocol,
    { gateway, internalAddress, request }: Call,
    outside: Pick<PortMapping, "externalAddress" | "externalPort" | "lifetime">,
  ): MappingOutcome => {
    const { internalPort } = request;
    return {
      state: "mapped",
      mapping: { protocol, gateway, internalAddress, internalPort, ...outside },
    };
  };

  async function overPcp(call: Call): Promise<MappingOutcome> {
    const { internalPort, externalPorts, lifetime, nonce } = call.request;
    const [externalPort = internalPort] = externalPorts;
    const message = { client: call.internalAddress, nonce, internalPort, externalPort, lifetime };
    const answer = await askGateway({
      ...call,
      port,
      clock,
      message: pcp.encodeMap(message),
      parse: (bytes) => pcp.parseMap(bytes, message),
    });
    if (!answer || answer.kind === "other-version") return failed("silent");
    if (answer.kind === "mapped") {
      const { kind: _, ...outside } = answer;
      return mapped("pcp", call, outside);
    }
    if (answer.code === pcp.NETWORK_FAILURE) return failed("no-address");
    const full = answer.code === pcp.NO_RESOURCES || answer.code === pcp.CANNOT_PROVIDE_EXTERNAL;
    return failed(full ? "no-port" : "refused");
  }

  async function overNatPmp(call: Call): Promise<MappingOutcome> {
    const { internalPort, externalPorts, lifetime } = call.request;
    const [externalPort = internalPort] = externalPorts;
    const asked = { ...call, port, clock };
    const address = await askGateway({
      ...asked,
      message: natPmp.encodeAddressRequest(),
      parse: natPmp.parseAddress,
    });
    if (address?.kind !== "done") return failed(reasonOf(address?.code));
    const message = { internalPort, externalPort, lifetime };
    const answer = await askGateway({
      ...asked,
      message: natPmp.encodeMap(message),
      parse: (bytes) => natPmp.parseMap(bytes, message),
    });
    if (answer?.kind !== "done") return failed(reasonOf(answer?.code));
    return mapped("nat-pmp", call, { externalAddress: address.value, ...answer.value });
  }

  const search = (gateway: string) => findWanConnections({ gateway, clock, ssdpPort });

  async function overUpnp(call: Call): Promise<MappingOutcome> {
    const { gateway, internalAddress, request, signal } = call;
    const known = connection?.gateway === gateway ? [connection] : [];
    connection = undefined;
    let failure: MappingFailure = "silent";
    // a service found earlier may have moved when the router restarted; then it is searched anew
    for (const candidates of [async () => known, search]) {
      for (const candidate of await candidates(gateway)) {
        if (signal?.aborted) return failed("silent");
        const address = await externalAddress(candidate);
        const outcome = address
          ? await forward(candidate, internalAddress, request)
          : { failure: "no-address" as const };
        if (address && !("failure" in outcome)) {
          connection = candidate;
          return mapped("upnp-igd", call, { externalAddress: address, ...outcome });
        }
        if ("failure" in outcome) failure = outcome.failure;
      }
    }
    return failed(failure);
  }

  const over = { pcp: overPcp, "nat-pmp": overNatPmp, "upnp-igd": overUpnp };

  async function map(request: MappingRequest, signal?: AbortSignal): Promise<MappingOutcome> {
    const gateway = (await readDefaultRoutes(tree)).v4?.gateway;
    const internalAddress = gateway && (await addressTowards(gateway));
    if (!internalAddress) return failed("no-gateway");
    let reason: MappingFailure = "silent";
    for (const protocol of lastFirst(protocols, lastGood)) {
      if (signal?.aborted) break;
      const outcome = await over[protocol]({ gateway, internalAddress, request, signal });
      if (outcome.state === "mapped") {
        lastGood = protocol;
        return outcome;
      }
      if (MOST_TELLING.indexOf(outcome.reason) < MOST_TELLING.indexOf(reason)) {
        reason = outcome.reason;
      }
    }
    lastGood = undefined;
    return failed(reason);
  }

  async function unmap(mapping: PortMapping, nonce: Uint8Array): Promise<boolean> {
    const { protocol, gateway, internalAddress: client, internalPort } = mapping;
    const asked = { gateway, port, clock };
    switch (protocol) {
      case "pcp": {
        const { externalPort } = mapping;
        const message = { client, nonce, internalPort, externalPort, lifetime: GONE };
        const parse = (bytes: Uint8Array) => pcp.parseMap(bytes, message);
        const answer = await askGateway({ ...asked, message: pcp.encodeMap(message), parse });
        return answer?.kind === "mapped";
      }
      case "nat-pmp": {
        const message = { internalPort, externalPort: 0, lifetime: GONE };
        const parse = (bytes: Uint8Array) => natPmp.parseMap(bytes, message);
        const answer = await askGateway({ ...asked, message: natPmp.encodeMap(message), parse });
        return answer?.kind === "done";
      }
      case "upnp-igd":
        return connection?.gateway === gateway ? takeBack(connection, mapping) : false;
    }
  }

  return { map, unmap };
}

const lastFirst = (all: readonly MappingProtocol[], last: MappingProtocol | undefined) =>
  last === undefined ? all : [last, ...all.filter((protocol) => protocol !== last)];

function reasonOf(code: number | undefined): MappingFailure {
  if (code === undefined) return "silent";
  if (code === natPmp.NETWORK_FAILURE) return "no-address";
  return code === natPmp.OUT_OF_RESOURCES ? "no-port" : "refused";
}
