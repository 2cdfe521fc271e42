/**
 * Structured logging: a constant lower-case message and fields. One line a transition, never one a
 * tick, and never a key, a ticket or an address of the household.
 */
export type LogLevel = "error" | "warning" | "notice" | "info" | "debug";
export type LogFields = Readonly<Record<string, string | number | bigint | boolean | undefined>>;

export interface Log {
  error(message: string, fields?: LogFields): void;
  warning(message: string, fields?: LogFields): void;
  notice(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** The same log with fields added to every line. */
  with(fields: LogFields): Log;
}

/** Priorities of syslog(3), which journald reads from a `<N>` prefix (sd-daemon(3)). */
const priority: Record<LogLevel, number> = { error: 3, warning: 4, notice: 5, info: 6, debug: 7 };

export type LogFormat = "text" | "journal" | "json";

export interface LogOptions {
  readonly format: LogFormat;
  readonly level: LogLevel;
  readonly write: (line: string) => void;
}

export function createLog(options: LogOptions, bound: LogFields = {}): Log {
  const emit =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (priority[level] > priority[options.level]) return;
      options.write(formatLine(options.format, level, message, { ...bound, ...fields }));
    };
  return {
    error: emit("error"),
    warning: emit("warning"),
    notice: emit("notice"),
    info: emit("info"),
    debug: emit("debug"),
    with: (fields) => createLog(options, { ...bound, ...fields }),
  };
}

/** A log that says nothing, for tests. */
export const silentLog = createLog({ format: "text", level: "error", write: () => {} });

function formatLine(format: LogFormat, level: LogLevel, message: string, fields: LogFields) {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined);
  if (format === "json") {
    const plain = known.map(([key, value]) => [
      key,
      typeof value === "bigint" ? `${value}` : value,
    ]);
    return JSON.stringify({ level, message, ...Object.fromEntries(plain) });
  }
  const text = [message, ...known.map(([key, value]) => `${key}=${quote(String(value))}`)].join(
    " ",
  );
  return format === "journal" ? `<${priority[level]}>${text}` : `${level.padEnd(7)} ${text}`;
}

/** logfmt quoting; control characters are escaped so that one event stays one line. */
const quote = (value: string) => (/^[\w.:/@+,-]+$/.test(value) ? value : JSON.stringify(value));
