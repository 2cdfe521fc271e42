import { request } from "node:http";
import type { Milliseconds } from "../../../agent/core/units.ts";

/** Descriptions of real routers are 3 to 20 KiB, answers below 1. */
const LONGEST_ANSWER = 64 * 1024;

export interface SoapCall {
  readonly service: string;
  readonly action: string;
  readonly body: string;
}

/**
 * One HTTP exchange with a router: a description without a call, an action with one. node:http,
 * because fetch would go through a proxy. undefined for anything but a bounded 200 in time.
 */
export function exchange(
  url: URL,
  timeout: Milliseconds,
  call?: SoapCall,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const headers = call && {
      "Content-Type": 'text/xml; charset="utf-8"',
      SOAPAction: `"${call.service}#${call.action}"`,
      "Content-Length": Buffer.byteLength(call.body),
    };
    const signal = AbortSignal.timeout(timeout);
    const method = call ? "POST" : "GET";
    const outgoing = request(url, { method, signal, agent: false, ...(headers && { headers }) });
    outgoing.on("error", () => resolve(undefined));
    outgoing.on("response", (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => {
        text += part;
        if (text.length > LONGEST_ANSWER) outgoing.destroy(new Error("answer is too long"));
      });
      answer.on("error", () => resolve(undefined));
      answer.on("close", () => resolve(undefined));
      answer.on("end", () => resolve(answer.statusCode === 200 ? text : undefined));
    });
    outgoing.end(call?.body);
  });
}
