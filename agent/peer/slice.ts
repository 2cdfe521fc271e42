/** Which bytes of a file a request is answered with, by its Range and its conditions (RFC 9110 §13, §14). */
import type { ContentFile } from "../content/content-source.ts";
import { parseRange } from "../core/byte-range.ts";
import { assertNever } from "../core/errors.ts";
import { judgeConditions, rangeAskedFor } from "../core/http-conditions.ts";
import { refusalResponse } from "./answers.ts";
import { notModified, type Slice } from "./file-response.ts";

/** The slice, or the answer where there is nothing to send. No slice of a part is longer than `limit`. */
export function sliceOf(
  request: Request,
  file: ContentFile,
  limit: number | undefined,
): Slice | Response {
  const condition = judgeConditions(request.headers, file.etag);
  if (condition === "failed") return new Response(null, { status: 412 });
  if (condition === "not-modified") return notModified(file);
  const asked = rangeAskedFor(request, file.etag);
  const range = parseRange(asked, file.size);
  switch (range.kind) {
    case "unsatisfiable":
      return refusalResponse({
        status: 416,
        code: "unsatisfiable",
        headers: { "content-range": `bytes */${file.size}` },
      });
    case "part": {
      const end = limit === undefined ? range.end : Math.min(range.end, range.start + limit);
      const alone = request.headers.get("if-range") === null;
      const named = alone && asked === `bytes=${range.start}-${end - 1}`;
      return { start: range.start, end, partial: true, named };
    }
    case "whole":
      if (request.method === "GET" && limit !== undefined && file.size > limit) {
        return refusalResponse({ status: 402, code: "range-needed" });
      }
      return { start: 0, end: file.size, partial: false, named: false };
    default:
      return assertNever(range);
  }
}
