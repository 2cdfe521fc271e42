/** Who forwards our packets, in order from the home's own router on. */
export interface LinePath {
  /**
   * The routers on the way to a literal IPv4 address, by the time-exceeded messages of packets that
   * may go only so far (RFC 792); undefined in the place of one that says nothing. Empty where this
   * cannot be found out. Takes about a second, needs no privilege, sends one small packet a hop.
   */
  hops(towards: string): Promise<readonly (string | undefined)[]>;
}
