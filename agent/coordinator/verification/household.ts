/** Are a box and a viewer one household? Then nothing between them is ever paid. Pure. */
import type { PublicKey } from "../../core/encoding.ts";

export interface HouseholdEvidence {
  readonly box: PublicKey;
  readonly boxWallet: PublicKey;
  readonly viewer: PublicKey;
  /** The wallet of the viewer's own box, when the viewer is a box. */
  readonly viewerWallet: PublicKey | undefined;
  /** Networks where both were seen, and how many boxes were seen on each. */
  readonly sharedNetworks: readonly { readonly network: string; readonly keys: number }[];
  /** More boxes behind one public address are a carrier's NAT. */
  readonly maxBoxes: number;
}

export type HouseholdLink = "device" | "wallet" | "address";

export function householdLink(evidence: HouseholdEvidence): HouseholdLink | undefined {
  const { box, boxWallet, viewer, viewerWallet } = evidence;
  if (viewer === box) return "device";
  if (viewer === boxWallet || (viewerWallet ?? viewer) === boxWallet) return "wallet";
  const home = evidence.sharedNetworks.some((shared) => shared.keys <= evidence.maxBoxes);
  return home ? "address" : undefined;
}
