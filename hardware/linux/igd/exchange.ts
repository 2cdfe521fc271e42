import { request } from "node:http";
import type { Milliseconds } from "../../../agent/core/units.ts";

/** Descriptions of real routers are 3 to 20 KiB, answers below 1. */
const LONGEST_ANSWER = 64 * 1024;

export interface SoapCall {
  readonly service: string;
  readonly action: string;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** The text of a 200; undefined for any other answer, and for none. */
export async function exchange(
  url: URL,
  timeout: Milliseconds,
  call?: SoapCall,
): Promise<string | undefined> {
  const answer = await ask(url, timeout, call);
  return answer?.status === 200 ? answer.text : undefined;
}

/**
 * One HTTP exchange with a router: a description without a call, an action with one. node:http,
 * because fetch would go through a proxy and follow redirects. undefined for no bounded answer in time.
 */
export function ask(url: URL, timeout: Milliseconds, call?: SoapCall): Promise<Answer | undefined> {
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
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    outgoing.end(call?.body);
  });
}
