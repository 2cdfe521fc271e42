/** A router that maps ports, or does not, as a test tells it; it keeps what it promised until it restarts. */
import type { Clock } from "../../agent/core/clock.ts";
import type { Milliseconds } from "../../agent/core/units.ts";
import type {
  MappingFailure,
  MappingOutcome,
  MappingProtocol,
  MappingRequest,
  PortMapper,
  PortMapping,
} from "../port-mapping.ts";

export interface SimulatedNat {
  /** A protocol it speaks, or why it maps nothing. */
  behaviour: MappingProtocol | MappingFailure;
  externalAddress: string;
  /** Outside ports that lead to other machines of the home. */
  readonly taken: Set<number>;
  /** Longest lease it gives. */
  longest: Milliseconds;
}

export interface SimulatedPortMapper extends PortMapper {
  readonly nat: SimulatedNat;
  /** Mappings that stand now. */
  standing(): readonly PortMapping[];
  /** Every question so far, the newest last. */
  readonly asked: readonly MappingRequest[];
  /** Power cut at the router: it comes back without its mappings. */
  restart(): void;
}

interface Held {
  readonly mapping: PortMapping;
  readonly nonce: string;
  readonly until: number;
}

const PROTOCOLS: readonly string[] = ["pcp", "nat-pmp", "upnp-igd"] satisfies MappingProtocol[];
const isProtocol = (behaviour: string): behaviour is MappingProtocol =>
  PROTOCOLS.includes(behaviour);

/** Silent unless told otherwise, so that a simulated console announces nothing that is not there. */
export function createSimulatedPortMapper(
  clock: Clock,
  nat: Partial<SimulatedNat> = {},
): SimulatedPortMapper {
  const state: SimulatedNat = {
    behaviour: "silent",
    externalAddress: "45.45.45.45",
    taken: new Set(),
    longest: 86_400_000 as Milliseconds,
    ...nat,
  };
  const asked: MappingRequest[] = [];
  let held: readonly Held[] = [];
  const standing = () => {
    held = held.filter(({ until }) => until > clock.monotonicMs());
    return held.map(({ mapping }) => mapping);
  };
  return {
    nat: state,
    standing,
    asked,
    restart: () => {
      held = [];
    },
    async map(request): Promise<MappingOutcome> {
      asked.push(request);
      const { behaviour: protocol, externalAddress, taken, longest } = state;
      if (!isProtocol(protocol)) return { state: "failed", reason: protocol };
      const externalPort = request.externalPorts.find((port) => !taken.has(port));
      if (externalPort === undefined) return { state: "failed", reason: "no-port" };
      const { internalPort } = request;
      const lifetime = Math.min(longest, request.lifetime) as Milliseconds;
      const mapping: PortMapping = {
        protocol,
        gateway: "192.168.1.1",
        internalAddress: "192.168.1.20",
        internalPort,
        externalAddress,
        externalPort,
        lifetime,
      };
      const others = held.filter((other) => other.mapping.internalPort !== internalPort);
      const until = clock.monotonicMs() + lifetime;
      held = [...others, { mapping, nonce: nonceText(request.nonce), until }];
      return { state: "mapped", mapping };
    },
    async unmap(mapping, nonce) {
      const before = standing().length;
      held = held.filter(
        (other) =>
          other.mapping.externalPort !== mapping.externalPort || other.nonce !== nonceText(nonce),
      );
      return isProtocol(state.behaviour) && (held.length < before || before === 0);
    },
  };
}

const nonceText = (nonce: Uint8Array) => Buffer.from(nonce).toString("hex");
