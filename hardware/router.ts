import type { Bytes } from "../agent/core/units.ts";

export interface RouterReading {
  /** Address of the default gateway; undefined when there is no route. */
  readonly gateway?: { readonly v4?: string; readonly v6?: string };
  /** Cumulative bytes of the WAN side where the router tells them (UPnP-IGD). They wrap, stick, lag or lie. */
  readonly wan?: { readonly sent: Bytes; readonly received: Bytes };
}

export interface Router {
  read(): Promise<RouterReading>;
}
