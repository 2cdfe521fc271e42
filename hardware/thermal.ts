import type { Celsius } from "../agent/core/units.ts";

export interface ThermalZone {
  readonly name: string;
  readonly type: string;
  readonly temperature: Celsius;
  /** Trip points the board's maker set, lowest first. */
  readonly trips: readonly { readonly type: string; readonly temperature: Celsius }[];
}

export interface Thermal {
  /**
   * Zones that could be read, lately where one does not answer now; empty when the board has none or
   * none has answered. Unknown is not cool.
   */
  read(): Promise<readonly ThermalZone[]>;
}
