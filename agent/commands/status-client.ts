/** The household's API from a shell of the same box: the token file says that one may. */
import { join } from "node:path";
import type { Config } from "../config.ts";
import { exitCode, OperatorError } from "../core/errors.ts";
import { formatAuthority } from "../settings.ts";
import { readStatusToken } from "../status/status-token.ts";

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
  const request = async (path: string, init: RequestInit): Promise<Response> => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    let response: Response;
    try {
      response = await fetch(`${url}/api/v1${path}`, { ...init, headers, signal });
    } catch (cause) {
      throw new OperatorError(
        exitCode.unavailable,
        `the box does not answer at ${url}: check that it runs (systemctl status spareband-box)`,
        { cause },
      );
    }
    if (response.ok) return response;
    throw await refusal(response, url);
  };
  return {
    url,
    get: async (path) => (await request(path, {})).json(),
    send: async (method, path, body) =>
      (
        await request(path, { method, ...(body !== undefined && { body: JSON.stringify(body) }) })
      ).json(),
    stream: (path) => request(path, {}),
  };
}

async function refusal(response: Response, url: string): Promise<OperatorError> {
  const body: unknown = await response.json().catch(() => undefined);
  const error = isRecord(body) && isRecord(body.error) ? body.error : undefined;
  const text = typeof error?.text === "string" ? error.text : `status ${response.status}`;
  const code = response.status === 401 ? exitCode.noPermission : exitCode.failure;
  return new OperatorError(code, `the box at ${url} refused: ${text}`);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
