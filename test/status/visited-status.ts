/** A status page as it is visited: by the household's browser, by programs with the token, by strangers. */
import { get, type IncomingMessage, request } from "node:http";
import { StatusFixture } from "./status-fixture.ts";

export class VisitedStatus extends StatusFixture {
  /** A program that has the token. */
  api(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.url}api/v1/${path}`, {
      ...init,
      headers: { authorization: `Bearer ${this.token}`, ...init.headers },
    });
  }

  async json(path: string, init?: RequestInit): Promise<Record<string, unknown>> {
    return (await (await this.api(path, init)).json()) as Record<string, unknown>;
  }

  /** The page as a paired browser gets it, or as the headers say. */
  async page(headers: Record<string, string> = { cookie: this.paired() }): Promise<string> {
    return (await fetch(this.url, { headers })).text();
  }

  /** A form sent by a page of this origin, as a paired browser does. */
  post(
    path: string,
    fields: Record<string, string> | URLSearchParams,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return fetch(this.url + path, {
      method: "POST",
      redirect: "manual",
      body: new URLSearchParams(fields),
      headers: { origin: this.url.slice(0, -1), cookie: this.paired(), ...headers },
    });
  }

  /** fetch will not set Host, so this one does. */
  raw(headers: Record<string, string>, method = "GET"): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const send = method === "GET" ? get : request;
      const where = { host: "127.0.0.1", port: this.port, path: "/", method, headers };
      send(where, resolve).on("error", reject).end();
    });
  }
}
