/** Where an MQTT broker listens, of `mqtt://host[:port]` or `mqtts://host[:port]` (IANA: 1883, 8883). */
export interface BrokerAddress {
  readonly secure: boolean;
  /** A name or an address, that of IPv6 without its brackets. */
  readonly host: string;
  readonly port: number;
}

export function brokerAddress(text: string): BrokerAddress {
  const url = new URL(text);
  const secure = url.protocol === "mqtts:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return { secure, host, port: Number(url.port) || (secure ? 8883 : 1883) };
}
