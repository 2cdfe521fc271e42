/**
 * The household's page and its API, on the box's own address or the home's network, never mapped to
 * the internet. It shows only real state and answers even when peers crowd the box.
 */
import type { Server } from "node:http";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Clock } from "../core/clock.ts";
import { errnoOf, exitCode, OperatorError, reasonOf } from "../core/errors.ts";
import { hostInUrl } from "../core/listen-address.ts";
import type { Log } from "../core/log.ts";
import { every, type Part } from "../core/part.ts";
import { seconds } from "../core/units.ts";
import { createApi } from "./api.ts";
import { createGate, type StatusEnv } from "./gate.ts";
import { createAssets, createPages } from "./pages.tsx";
import type { Pairing } from "./pairing.ts";
import { RateHistory } from "./rate-history.ts";
import type { StatusSources } from "./sources.ts";

export interface StatusServerOptions {
  readonly host: string;
  /** 0 asks the kernel for a free one. */
  readonly port: number;
  /** Further names under which the page may be opened; addresses and localhost always may. */
  readonly hosts: readonly string[];
  /** What programs of this box show; see `statusToken`. */
  readonly token: string;
  readonly pairing: Pairing;
  readonly sources: StatusSources;
  readonly clock: Clock;
  readonly log: Log;
}

export interface StatusServer extends Part {
  readonly port: number;
  readonly url: string;
}

const LONGEST_BODY = 16 * 1024;
const MOST_CONNECTIONS = 64;
const HEADERS_WITHIN_MS = 10_000;
const SAMPLE = seconds(5);

export async function createStatusServer(options: StatusServerOptions): Promise<StatusServer> {
  const history = new RateHistory();
  const app = createApp(options, history);
  const server = await listen(app, options);
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : options.port;
  const shown = options.host === "0.0.0.0" || options.host === "::" ? "127.0.0.1" : options.host;
  return {
    name: "status-page",
    port,
    url: `http://${hostInUrl(shown)}:${port}/`,
    async run(signal) {
      const { clock, log, sources } = options;
      const sample = () => history.add(sources.sharing().measuredRate);
      await every(SAMPLE, sample, { clock, log, signal, name: "status-history" });
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function createApp(options: StatusServerOptions, history: RateHistory): Hono<StatusEnv> {
  const { sources, pairing, token, log } = options;
  const knownHosts = new Set(["localhost", ...options.hosts.map((name) => name.toLowerCase())]);
  const app = new Hono<StatusEnv>();
  app.use(createGate({ token, pairing, knownHosts }));
  const tooLarge = { error: { code: "too-large", text: "Send at most 16 KiB." } };
  app.use(bodyLimit({ maxSize: LONGEST_BODY, onError: (c) => c.json(tooLarge, 413) }));
  app.route("/api/v1", createApi(sources, pairing));
  app.route("/", createAssets());
  app.route("/", createPages({ sources, pairing, history }));
  app.onError((fault, c) => {
    if (fault instanceof OperatorError) {
      return c.json({ error: { code: "not-stored", text: fault.message } }, 507);
    }
    log.error("status request failed", { path: c.req.path, reason: reasonOf(fault) });
    return c.json({ error: { code: "internal", text: "The box had a fault; see its log." } }, 500);
  });
  return app;
}

function listen(app: Hono<StatusEnv>, options: StatusServerOptions): Promise<Server> {
  const { host, port } = options;
  return new Promise((resolve, reject) => {
    const server = serve(
      // Its own Response in place of the global one would break every Bun.serve of the process.
      { fetch: app.fetch, hostname: host, port, overrideGlobalObjects: false },
      () => resolve(server),
    ) as Server;
    server.maxConnections = MOST_CONNECTIONS;
    server.headersTimeout = HEADERS_WITHIN_MS;
    server.requestTimeout = HEADERS_WITHIN_MS;
    server.once("error", (cause) => {
      const text = `Cannot show the status page on ${host} port ${port} (${errnoOf(cause) ?? reasonOf(cause)}): stop what uses the port, or set status.listen to another address.`;
      reject(new OperatorError(exitCode.unavailable, text, { cause }));
    });
  });
}
