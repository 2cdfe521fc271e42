/** The nftables table that marks what goes to peers. Pure: text for `nft -f -`, and back. */

const TABLE = "inet spareband";

/** How packets find their HTB class: by u32 filters, or by nftables where the kernel has no u32. */
export type Classifier = "u32" | "nft";

/**
 * Marks traffic to peers as lower effort (RFC 8622), which a router may honour and which Wi-Fi
 * sends as background. Replaces a table that a killed run left, in one transaction.
 */
export function markingScript(ports: readonly number[], classifier: Classifier): string {
  const peers = `tcp sport { ${ports.join(", ")} }`;
  // 0:101 is 256 + user priority 1, which cfg80211 takes for WMM background on any kernel
  const priority = classifier === "u32" ? "0:101" : "5ba:1";
  // -150 is mangle's priority, which nft knows by name only since 0.9.1
  return `${unmarkingScript()}table ${TABLE} {
  chain peers {
    type filter hook output priority -150; policy accept;
    ${peers} ip dscp set 0x01
    ${peers} ip6 dscp set 0x01
    ${peers} meta priority set ${priority}
  }
}
`;
}

/** Adding first makes deleting succeed whether or not the table is there. */
export const unmarkingScript = () => `add table ${TABLE}\ndelete table ${TABLE}\n`;

/** `list table`, for a look at what is in force. */
export const listMarking = ["list", "table", ...TABLE.split(" ")] as const;

/** Ports that the listed table sends to our HTB class. */
export function parseMarking(text: string): readonly number[] {
  const set = text.match(/tcp sport (\{[\d, ]+\}|\d+) meta priority set 5ba:1$/m)?.[1];
  const numbers = [...(set ?? "").matchAll(/\d+/g)].map(Number);
  return numbers.filter((port) => port <= 0xffff).sort((a, b) => a - b);
}
