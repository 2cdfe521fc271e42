/** 32 hexadecimal digits as an IPv6 address in its shortest form (RFC 5952); undefined for anything else. */
export function addressV6(hex: string): string | undefined {
  if (!/^[0-9a-f]{32}$/i.test(hex)) return undefined;
  const groups = hex.match(/.{4}/g) ?? [];
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}

/** 8 hexadecimal digits as an IPv4 address, first byte first; undefined for anything else. */
export function addressV4(hex: string): string | undefined {
  return /^[0-9a-f]{8}$/i.test(hex) ? [...Buffer.from(hex, "hex")].join(".") : undefined;
}
