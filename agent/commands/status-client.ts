/** The household's API from a shell of the same box: the token file says that one may. */
import { join } from "node:path";
import type { Config } from "../config.ts";
import { type ExitCode, exitCode, OperatorError } from "../core/errors.ts";
import { parseJson } from "../core/json.ts";
import { formatAuthority } from "../core/listen-address.ts";
import { readBounded } from "../core/read-bounded.ts";
import { readStatusToken } from "../status/status-token.ts";

const ANSWER_WITHIN_MS = 20_000;
/** Beyond what five hundred records, or the list of a full store, take. */
const LONGEST_ANSWER = 4 * 1024 * 1024;

export interface StatusClient {
  readonly url: string;
  get(path: string): Promise<unknown>;
  send(method: "POST" | "PUT", path: string, body?: unknown): Promise<unknown>;
  /** The body as it comes, for large answers. */
  stream(path: string): Promise<Response>;
}

export function createStatusClient(config: Config, signal: AbortSignal): StatusClient {
  const { host, port } = config["status.listen"];
  const url = `http://${formatAuthority(host, port)}`;
  const file = join(config["box.state_dir"], "status-token");
  const token = readStatusToken(file);
  if (token === undefined)
    throw new OperatorError(
      exitCode.unavailable,
      `there is no ${file} with a token: the box has not run here yet; start it, or name its configuration with --config`,
    );
  const open = async (path: string, init: RequestInit): Promise<Response> => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    try {
      return await fetch(`${url}/api/v1${path}`, { signal, redirect: "error", ...init, headers });
    } catch (cause) {
      throw silent(url, cause);
    }
  };
  /** The answer in JSON, whole and in time. */
  const ask = async (path: string, init: RequestInit): Promise<unknown> => {
    const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
    const response = await open(path, { ...init, signal: within });
    const body = parseJson(await readWhole(response, url));
    if (!response.ok) throw refusal(response.status, body, url);
    if (isRecord(body)) return body;
    throw noBox(url);
  };
  return {
    url,
    get: (path) => ask(path, {}),
    send: (method, path, body) =>
      ask(path, { method, ...(body !== undefined && { body: JSON.stringify(body) }) }),
    stream: async (path) => {
      const response = await open(path, {});
      if (response.ok) return response;
      throw refusal(response.status, parseJson(await readWhole(response, url)), url);
    },
  };
}

async function readWhole(response: Response, url: string): Promise<string> {
  try {
    return await readBounded(response, LONGEST_ANSWER);
  } catch (cause) {
    throw silent(url, cause);
  }
}

const silent = (url: string, cause: unknown) =>
  new OperatorError(
    exitCode.unavailable,
    `the box does not answer at ${url}: check that it runs (systemctl status spareband-box)`,
    { cause },
  );

const noBox = (url: string) =>
  new OperatorError(
    exitCode.unavailable,
    `what answers at ${url} is no Spareband box: check status.listen, or what else uses that port`,
  );

const codes: Readonly<Record<number, ExitCode>> = {
  400: exitCode.usage,
  401: exitCode.noPermission,
  403: exitCode.noPermission,
  507: exitCode.ioError,
};

/** A path that every box has is missing only where there is none. */
function refusal(status: number, body: unknown, url: string): OperatorError {
  if (status === 404) return noBox(url);
  const error = isRecord(body) && isRecord(body.error) ? body.error : undefined;
  const text = typeof error?.text === "string" ? error.text : `status ${status}`;
  return new OperatorError(codes[status] ?? exitCode.failure, `the box at ${url} refused: ${text}`);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
