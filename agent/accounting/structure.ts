/** Maps with integer keys: the shape of every payload, and of what stands inside one. */
import { major } from "./cbor-reader.ts";
import type { CborWriter } from "./cbor-writer.ts";
import { type Codec, MAX_UINT } from "./codec.ts";

export interface Field<T> {
  readonly key: number;
  readonly codec: Codec<T>;
  readonly optional: boolean;
}

/** Every property of T with its integer key; `optional` ones may be absent. */
export type Fields<T> = { readonly [K in keyof T]-?: Field<Exclude<T[K], undefined>> };

export const required = <T>(key: number, codec: Codec<T>): Field<T> => ({
  key,
  codec,
  optional: false,
});
export const optional = <T>(key: number, codec: Codec<T>): Field<T> => ({
  key,
  codec,
  optional: true,
});

/** A map with integer keys in rising order; unknown and missing keys are refused. */
export interface Structure<T> extends Codec<T> {
  readonly fields: readonly (Field<unknown> & { readonly name: string })[];
}

export function structure<T>(name: string, table: Fields<T>): Structure<T> {
  const fields = Object.entries<Field<unknown>>(table)
    .map(([field, rest]) => ({ ...rest, name: field, path: `${name}.${field}` }))
    .sort((a, b) => a.key - b.key);
  const byKey = new Map(fields.map((field) => [field.key, field]));
  const mandatory = fields.filter((field) => !field.optional);
  return {
    fields,
    cddl: name,
    rule: { name, cddl: structureRule(fields) },
    parts: fields.map((field) => field.codec),
    read(reader) {
      reader.field = name;
      const count = reader.count(major.map, 0, MAX_UINT);
      const body: Record<string, unknown> = {};
      let last = -1;
      let seen = 0;
      for (let index = 0; index < count; index++) {
        reader.field = name;
        const key = reader.head(major.uint);
        if (key <= last)
          throw reader.fault("not-canonical", `key ${key} is repeated or out of order`);
        last = key;
        const field = byKey.get(key);
        if (!field) throw reader.fault("unknown-field", `has no field ${key}`);
        reader.field = field.path;
        body[field.name] = field.codec.read(reader);
        if (!field.optional) seen++;
      }
      if (seen !== mandatory.length) {
        const missing = mandatory.find((field) => !(field.name in body));
        reader.field = name;
        throw reader.fault("missing-field", `lacks ${missing?.name}`);
      }
      return body as T;
    },
    write(writer, value) {
      const body = value as Readonly<Record<string, unknown>>;
      const present = fields.filter((field) => body[field.name] !== undefined);
      writer.head(major.map, present.length);
      for (const field of present) {
        writer.head(major.uint, field.key);
        writeField(writer, field, body[field.name]);
      }
      const missing = mandatory.find((field) => body[field.name] === undefined);
      if (missing) throw new RangeError(`${missing.path}: is missing`);
    },
  };
}

/** A CDDL map over several lines, each field with its name as a comment. */
function structureRule(fields: Structure<unknown>["fields"]): string {
  const lines = fields.map(
    ({ key, name, codec, optional }) =>
      `  ${optional ? "? " : ""}${key} => ${codec.cddl}, ; ${name}`,
  );
  return ["{", ...lines, "}"].join("\n");
}

function writeField(writer: CborWriter, field: Field<unknown> & { path: string }, value: unknown) {
  try {
    field.codec.write(writer, value);
  } catch (fault) {
    if (!(fault instanceof RangeError) || /^[a-z-]+\.[a-zA-Z]+: /.test(fault.message)) throw fault;
    throw new RangeError(`${field.path}: ${fault.message}`, { cause: fault });
  }
}
