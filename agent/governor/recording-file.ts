/** A recording on a box: a file that ends by itself, so that a forgotten setting does not wear the flash. */
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { errnoOf, exitCode, OperatorError, reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { type Bytes, mebibytes } from "../core/units.ts";
import { recordTo } from "./recording.ts";

/** About half an hour of a busy line. */
const LONGEST = mebibytes(64);
/** Written at once, for flash likes few large writes. */
const PIECE_CHARS = 64 * 1024;

/** A pipe that nobody reads is refused instead of waited for. */
const { O_WRONLY, O_CREAT, O_TRUNC, O_NONBLOCK } = constants;
const ANEW = O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK;

/** Starts the file anew; undefined where none is named. Throws an OperatorError where it cannot be written. */
export function openRecording(path: string, log: Log): RecordingFile | undefined {
  if (path === "") return undefined;
  try {
    return new RecordingFile(path, log);
  } catch (cause) {
    throw new OperatorError(
      exitCode.configuration,
      `cannot write ${path} (${errnoOf(cause)}), which governor.recording names: name a file in the state directory, or none`,
      { cause },
    );
  }
}

export class RecordingFile implements Disposable {
  /** For the governor's `record`. */
  readonly take = recordTo((line) => this.write(line));
  readonly #file: number;
  readonly #log: Log;
  readonly #limit: Bytes;
  #pending: string[] = [];
  #chars = 0;
  #written = 0;
  #ended = false;

  constructor(path: string, log: Log, limit: Bytes = LONGEST) {
    this.#file = openSync(path, ANEW, 0o600);
    this.#log = log;
    this.#limit = limit;
  }

  write(line: string): void {
    if (this.#ended) return;
    this.#pending.push(line);
    this.#chars += line.length + 1;
    if (this.#chars >= PIECE_CHARS) this.#flush();
  }

  [Symbol.dispose](): void {
    if (!this.#ended) this.#flush();
    this.#ended = true;
    closeSync(this.#file);
  }

  /** A recording is never worth more than what it records: a disk that is full ends it. */
  #flush(): void {
    const text = this.#pending.map((line) => `${line}\n`).join("");
    this.#pending = [];
    this.#chars = 0;
    try {
      const written = writeSync(this.#file, text);
      // Half a line in the middle would spoil all that follows.
      if (written < Buffer.byteLength(text)) throw new Error("the disk took a part only");
      this.#written += written;
      if (this.#written < this.#limit) return;
      this.#log.notice("the recording is as long as it may be", { bytes: this.#written });
    } catch (fault) {
      this.#log.error("the recording ends here", { reason: reasonOf(fault) });
    }
    this.#ended = true;
  }
}
