import { isIP } from "node:net";
import type { Hono } from "hono";
import { errnoOf, exitCode, OperatorError, reasonOf } from "../../core/errors.ts";
import { hostInUrl } from "../../core/listen-address.ts";
import type { Log } from "../../core/log.ts";
import type { Part } from "../../core/part.ts";
import { type ApiEnv, TITLE_BODY } from "./request.ts";

export interface ServerOptions {
  readonly app: Hono<ApiEnv>;
  readonly host: string;
  /** 0 takes any free port; `url` tells which. */
  readonly port: number;
  /** True behind a proxy that sets X-Forwarded-For itself; its last entry is then believed. */
  readonly behindProxy: boolean;
  readonly log: Log;
}

export interface ApiServer extends Part, AsyncDisposable {
  readonly url: string;
}

const IDLE_SECONDS = 30;

/** Listens at once, so that a taken port is found before anything else starts. */
export function createApiServer(options: ServerOptions): ApiServer {
  const server = listen(options);
  return {
    name: "coordinator-api",
    url: `http://${hostInUrl(options.host)}:${server.port}`,
    async run(signal) {
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener("abort", () => resolve(), { once: true });
      });
      await server.stop(true);
    },
    async [Symbol.asyncDispose]() {
      await server.stop(true);
    },
  };
}

/** Without a sound Host header, as in a proxy's HTTP/1.0 health check, Bun has the path alone. */
const withHost = (request: Request) =>
  request.url.startsWith("/") ? new Request(`http://localhost${request.url}`, request) : request;

function listen({ app, host, port, behindProxy }: ServerOptions) {
  try {
    return Bun.serve({
      hostname: host,
      port,
      idleTimeout: IDLE_SECONDS,
      maxRequestBodySize: TITLE_BODY,
      fetch(request, server) {
        const peer = server.requestIP(request)?.address ?? "";
        const forwarded = behindProxy ? request.headers.get("x-forwarded-for") : null;
        const client = forwarded?.split(",").at(-1)?.trim() ?? "";
        // What is no address is nobody's: it would be a name that each request can choose.
        const address = isIP(client) === 0 ? peer : client;
        return app.fetch(withHost(request), { address });
      },
    });
  } catch (cause) {
    const why = errnoOf(cause) === "EADDRINUSE" ? "the port is taken" : reasonOf(cause);
    throw new OperatorError(
      exitCode.unavailable,
      `Cannot serve the coordinator's API on ${host}:${port} (${why}): stop what uses it or set coordinator.listen.`,
      { cause },
    );
  }
}
