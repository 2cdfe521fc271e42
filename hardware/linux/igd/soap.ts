/** UPnP Device Architecture 1.1 §2.3 (description) and §3.2 (control), as far as counters and port mappings need them. */

/** WANCommonInterfaceConfig:1 §2.4; version 1 has all we ask, and version 2 devices answer to it. */
export const WAN_COMMON = "urn:schemas-upnp-org:service:WANCommonInterfaceConfig:1";

/** Some routers' descriptions carry a namespace prefix. */
const SERVICE = /<(\w+:)?service(?:\s[^>]*)?>[\s\S]*?<\/\1service\s*>/g;

/** The URL under which a described device takes actions for a service; undefined when it has none. */
export function parseControlUrl(
  description: string,
  service: string,
  location: URL,
): URL | undefined {
  for (const [block] of description.matchAll(SERVICE)) {
    if (elementText(block, "serviceType") !== service) continue;
    const path = elementText(block, "controlURL");
    const base = elementText(description, "URLBase");
    const url = path && URL.parse(path, base ? (URL.parse(base)?.href ?? location) : location);
    return url || undefined;
  }
  return undefined;
}

/** `values` are the action's arguments in the order of its service; the standard says the order counts. */
export function soapRequest(
  service: string,
  action: string,
  values: Readonly<Record<string, string | number>> = {},
): string {
  const list = Object.entries(values)
    .map(([name, value]) => `<${name}>${encodeEntities(String(value))}</${name}>`)
    .join("");
  return [
    '<?xml version="1.0"?>',
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"',
    ' s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>',
    list === ""
      ? `<u:${action} xmlns:u="${service}"/>`
      : `<u:${action} xmlns:u="${service}">${list}</u:${action}>`,
    "</s:Body></s:Envelope>",
  ].join("");
}

/**
 * A counter from a SOAP answer, as it stands there. Some routers print the unsigned 32-bit counter
 * as a signed number; that much is put right.
 */
export function parseCounter(answer: string, element: string): number | undefined {
  const digits = elementText(answer, element);
  if (digits === undefined || !/^-?\d{1,16}$/.test(digits)) return undefined;
  const value = Number(digits);
  if (value >= 0) return value;
  return value >= -(2 ** 31) ? value + 2 ** 32 : undefined;
}

/** Text of the first element of that name, with or without a namespace prefix and attributes. */
export function elementText(xml: string, name: string): string | undefined {
  const text = xml.match(new RegExp(`<(?:\\w+:)?${name}(?:\\s[^>]*)?>([^<]*)<`))?.[1];
  return text === undefined ? undefined : decodeEntities(text.trim());
}

const ENTITY: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

const decodeEntities = (text: string) =>
  text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => ENTITY[name] ?? "");

const encodeEntities = (text: string) =>
  text.replace(/[&<>]/g, (mark) => (mark === "&" ? "&amp;" : mark === "<" ? "&lt;" : "&gt;"));
