/** Who else is on the home's own network: short messages to whoever listens there, and theirs. */
export interface HomeLink {
  /** To every listener of this home but ourselves; false when it could not be sent. */
  announce(message: Uint8Array): boolean;
  /** What came since the last call, at most 32 messages; anybody in the home may have sent them. */
  receive(): readonly Uint8Array[];
  close(): void;
}
