/** Exit codes from BSD sysexits.h, so that scripts and systemd can tell failures apart. */
export const exitCode = {
  ok: 0,
  failure: 1,
  usage: 64,
  noInput: 66,
  unavailable: 69,
  internal: 70,
  ioError: 74,
  noPermission: 77,
  configuration: 78,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/**
 * A fault that a person has to act on. The message is one sentence that says what is wrong, where
 * and what to do; it is printed without a stack trace.
 */
export class OperatorError extends Error {
  readonly code: ExitCode;

  constructor(code: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "OperatorError";
    this.code = code;
  }
}

/** Closes a switch over a discriminated union: adding a case without handling it fails to compile. */
export function assertNever(value: never): never {
  throw new Error(`unhandled case ${JSON.stringify(value)}`);
}

/** The text of anything thrown, for a log field or a sentence. */
export const reasonOf = (thrown: unknown) =>
  thrown instanceof Error ? thrown.message : String(thrown);

/** Whether something failed only because it was told to stop: an abort, or a sentence made of one. */
export function isStop(thrown: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted || !(thrown instanceof Error)) return false;
  return thrown.name === "AbortError" || isStop(thrown.cause, signal);
}

/** The errno name ("ENOSPC", "EADDRINUSE") of a system error, where it is one. */
export function errnoOf(thrown: unknown): string | undefined {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  return typeof code === "string" ? code : undefined;
}
