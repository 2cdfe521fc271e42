/** The generated parts of docs/protocol.md: CDDL, the table of messages, the table of refusals. */
import type { Codec } from "./codec.ts";
import { typOf } from "./envelope.ts";
import { exportSchemas } from "./export-format.ts";
import { lineSchema } from "./ledger-line.ts";
import { refusals } from "./refusal.ts";
import { messageTypes, schemas } from "./schema.ts";

/** Every rule that the messages use (RFC 8610), each after those it is made of. */
export function cddl(): string {
  const rules = new Map<string, string>();
  const collect = (codec: Codec<unknown>) => {
    codec.parts?.forEach(collect);
    if (codec.rule) rules.set(codec.rule.name, codec.rule.cddl);
  };
  for (const type of messageTypes) collect(schemas[type].payload);
  collect(lineSchema);
  for (const schema of Object.values(exportSchemas)) collect(schema as Codec<unknown>);
  return [...rules].map(([name, rule]) => `${name} = ${rule}`).join("\n");
}

export const messageTable = () =>
  table(
    ["message", "typ (prod)", "typ (dev)", "signed by", "not in the payload", "bytes at most"],
    messageTypes.map((type) => {
      const { signedBy, signerField, maxSize } = schemas[type];
      return [
        `\`${type}\``,
        `${typOf(type, "prod")}`,
        `${typOf(type, "dev")}`,
        signedBy,
        signerField ? `\`${signerField}\`: it is the header's kid` : "",
        `${maxSize}`,
      ];
    }),
  );

export const refusalTable = () =>
  table(
    ["code", "what it means", "what can be done"],
    Object.entries(refusals).map(([code, { text, appeal }]) => [`\`${code}\``, text, appeal]),
  );

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
