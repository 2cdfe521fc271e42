import { expect, test } from "bun:test";
import { markingScript, parseMarking, unmarkingScript } from "./nft-marking.ts";

test("peers become lower effort and Wi-Fi background", () => {
  const script = markingScript([9000, 9001], "u32");
  expect(script).toContain("tcp sport { 9000, 9001 } ip dscp set 0x01");
  expect(script).toContain("tcp sport { 9000, 9001 } ip6 dscp set 0x01");
  expect(script).toContain("meta priority set 0:101");
});

test("a table left by a killed run is replaced in the same transaction", () => {
  expect(markingScript([9000], "u32").startsWith(unmarkingScript())).toBe(true);
});

test("without u32 the mark is the class, and can be read back", () => {
  const listed = `table inet spareband {
	chain peers {
		type filter hook output priority mangle; policy accept;
		tcp sport { 9000, 9001 } ip dscp set lephb
		tcp sport { 9000, 9001 } ip6 dscp set lephb
		tcp sport { 9000, 9001 } meta priority set 5ba:1
	}
}
`;
  expect(markingScript([9000], "nft")).toContain("meta priority set 5ba:1");
  expect(parseMarking(listed)).toEqual([9000, 9001]);
  expect(parseMarking(listed.replaceAll("{ 9000, 9001 }", "9000"))).toEqual([9000]);
  expect(parseMarking(listed.replace("5ba:1", "0:101"))).toEqual([]);
});
