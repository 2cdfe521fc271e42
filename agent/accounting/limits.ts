/** Bounds that messages keep and that the rest of the agent plans by. */

const MIB = 1024 * 1024;

/** A ticket's ceiling (256 MiB) and its longest times, in seconds. */
export const TICKET_MAX_BYTES = 256 * MIB;
export const START_WITHIN_S = 10 * 60;
export const EXPIRES_WITHIN_S = 2 * 3600;
export const SETTLE_WITHIN_S = 30 * 86_400;
/** A command's longest life, in seconds. */
export const COMMAND_WITHIN_S = 5 * 60;
/** Records in one batch, and refusals in one ack. */
export const MAX_BATCH = 1024;
/** Sessions in one tail. */
export const MAX_TAIL = 256;
