/**
 * Commands from the coordinator: who sent it, for whom, still valid, done already? Each is carried
 * out once and answered always; nothing that comes in here ends the connection.
 */
import { open } from "../accounting/envelope.ts";
import type { Command, Environment } from "../accounting/messages.ts";
import type { Id, PublicKey } from "../core/encoding.ts";

export type CommandAnswer = "done" | `refused ${string}`;

export interface CommandDeskOptions {
  readonly box: PublicKey;
  readonly environment: Environment;
  readonly coordinatorKeys: () => ReadonlySet<PublicKey>;
  /** Seconds since 1970; undefined while the clock cannot be trusted. */
  readonly now: () => number | undefined;
  readonly carryOut: (command: Command) => void;
}

/** Answers are remembered for longer than a command lives; this bounds them. */
const REMEMBERED = 256;

export class CommandDesk {
  readonly #options: CommandDeskOptions;
  readonly #answers = new Map<Id, CommandAnswer>();

  constructor(options: CommandDeskOptions) {
    this.#options = options;
  }

  /** `id` is the one in the topic; the signed one has to be the same. */
  handle(id: Id, bytes: Uint8Array): CommandAnswer {
    const { environment, coordinatorKeys, carryOut } = this.#options;
    const opened = open("command", bytes, { environment, signer: coordinatorKeys() });
    if (!opened.ok) return `refused ${opened.code}`;
    const command = opened.message.body;
    if (command.id !== id || command.box !== this.#options.box) return "refused wrong-box";
    const before = this.#answers.get(id);
    if (before !== undefined) return before;
    const now = this.#options.now();
    if (now !== undefined && now > command.expires) return "refused stale";
    carryOut(command);
    this.#remember(id, "done");
    return "done";
  }

  #remember(id: Id, answer: CommandAnswer): void {
    this.#answers.set(id, answer);
    if (this.#answers.size <= REMEMBERED) return;
    const [oldest] = this.#answers.keys();
    if (oldest !== undefined) this.#answers.delete(oldest);
  }
}
