/** Requests to the coordinator and its answers: bounded, in time, of the shape that is expected. */
import * as v from "valibot";
import { exitCode, OperatorError, reasonOf } from "../core/errors.ts";
import { parseJson } from "../core/json.ts";
import { readBounded } from "../core/read-bounded.ts";
import { refusalAnswer } from "./coordinator-answers.ts";

const ANSWER_WITHIN_MS = 20_000;
/** Of an answer that carries no manifest and no proofs. */
export const MAX_ANSWER = 1024 * 1024;

/** The coordinator said no, with a code of the table of refusals. */
export class CoordinatorRefusal extends Error {
  readonly code: string;
  readonly status: number;

  constructor(status: number, code: string, text: string) {
    super(text);
    this.name = "CoordinatorRefusal";
    this.status = status;
    this.code = code;
  }
}

export class CoordinatorHttp {
  readonly base: string;

  constructor(url: string) {
    this.base = url.replace(/\/+$/, "");
  }

  get<S extends v.GenericSchema>(path: string, schema: S, limit: number, signal?: AbortSignal) {
    return this.json(path, {}, schema, limit, signal);
  }

  post<S extends v.GenericSchema>(path: string, body: object, schema: S, signal?: AbortSignal) {
    return this.json(path, posted(body), schema, MAX_ANSWER, signal);
  }

  async json<S extends v.GenericSchema>(
    path: string,
    init: RequestInit,
    schema: S,
    limit: number,
    signal?: AbortSignal,
  ): Promise<v.InferOutput<S>> {
    const parsed = v.safeParse(schema, parseJson(await this.request(path, init, limit, signal)));
    if (!parsed.success) throw this.garbled(path, parsed.issues[0].message);
    return parsed.output;
  }

  /** The body of a good answer; a CoordinatorRefusal or an OperatorError otherwise. */
  async request(path: string, init: RequestInit, limit: number, signal?: AbortSignal) {
    const timeout = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const both = signal ? AbortSignal.any([signal, timeout]) : timeout;
    let status: number;
    let text: string;
    try {
      const response = await fetch(this.base + path, { ...init, signal: both, redirect: "manual" });
      status = response.status;
      text = await readBounded(response, limit);
    } catch (cause) {
      if (signal?.aborted) throw cause;
      throw new OperatorError(
        exitCode.unavailable,
        `The coordinator at ${this.base} does not answer (${reasonOf(cause)}): check that it runs and that its address is right.`,
        { cause },
      );
    }
    if (status < 300) return text;
    const refusal = v.safeParse(refusalAnswer, parseJson(text));
    // That no such path is there says that it is no coordinator: an origin or a box speaks so.
    if (refusal.success && refusal.output.error.code !== "unknown-path") {
      const { code, text: said } = refusal.output.error;
      throw new CoordinatorRefusal(status, code, said);
    }
    throw this.garbled(path, `status ${status}`);
  }

  /** For an answer that no coordinator gives. */
  garbled(path: string, why: string): OperatorError {
    return new OperatorError(
      exitCode.unavailable,
      `${this.base}${path} gave an answer that is not a coordinator's (${why}): check the coordinator's address and version.`,
    );
  }
}

export const posted = (body: object): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
