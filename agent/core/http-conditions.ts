/** The conditional headers of HTTP (RFC 9110 §13) for a file whose entity tag is strong. */

const LONGEST_LIST = 2048;

/** May the range be applied, by If-Range (§13.1.5)? Only strong comparison counts; dates never match. */
export const rangeApplies = (ifRange: string | null, etag: string) =>
  ifRange === null || ifRange === etag;

/** Does a list of If-None-Match or If-Match name the file? Weak comparison where `weak`. */
export function namesTag(list: string, etag: string, weak: boolean): boolean {
  if (list.trim() === "*") return true;
  const tags = list.slice(0, LONGEST_LIST).split(",");
  return tags.some((tag) => (weak ? tag.trim().replace(/^W\//, "") : tag.trim()) === etag);
}

export type Condition = "go-on" | "not-modified" | "failed";

/** What a request's If-Match and If-None-Match mean for a GET or HEAD of the file (§13.2.2). */
export function judgeConditions(headers: Headers, etag: string): Condition {
  const wanted = headers.get("if-match");
  if (wanted !== null && !namesTag(wanted, etag, false)) return "failed";
  const known = headers.get("if-none-match");
  return known !== null && namesTag(known, etag, true) ? "not-modified" : "go-on";
}

/** The Range that counts: §14.2 gives it a meaning with GET only, If-Range may take it away. */
export const rangeAskedFor = ({ method, headers }: Request, etag: string): string | null =>
  method === "GET" && rangeApplies(headers.get("if-range"), etag) ? headers.get("range") : null;
