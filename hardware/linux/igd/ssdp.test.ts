import { expect, test } from "bun:test";
import { parseReply, searchRequest } from "./ssdp.ts";

const reply = (location: string, status = "200 OK") =>
  `HTTP/1.1 ${status}\r\nCACHE-CONTROL: max-age=120\r\nST: upnp:rootdevice\r\nLOCATION: ${location}\r\n\r\n`;

test("the location of the host that answered", () => {
  expect(parseReply(reply("http://192.168.1.1:5000/rootDesc.xml"), "192.168.1.1")?.port).toBe(
    "5000",
  );
  expect(
    parseReply(
      reply("http://192.168.1.1/d.xml").toLowerCase().replace("http/1.1", "HTTP/1.1"),
      "192.168.1.1",
    ),
  ).toBeDefined();
});

test("no other host, no other scheme, no other status", () => {
  expect(parseReply(reply("http://10.0.0.9/d.xml"), "192.168.1.1")).toBeUndefined();
  expect(parseReply(reply("http://192.168.1.1@10.0.0.9/d.xml"), "192.168.1.1")).toBeUndefined();
  expect(parseReply(reply("file:///etc/passwd"), "192.168.1.1")).toBeUndefined();
  expect(
    parseReply(reply("http://192.168.1.1/d.xml", "404 Not Found"), "192.168.1.1"),
  ).toBeUndefined();
  expect(
    parseReply("NOTIFY * HTTP/1.1\r\nLOCATION: http://192.168.1.1/\r\n", "192.168.1.1"),
  ).toBeUndefined();
});

test("the search is what the architecture asks for", () => {
  expect(searchRequest("urn:x").split("\r\n")).toEqual([
    "M-SEARCH * HTTP/1.1",
    "HOST: 239.255.255.250:1900",
    'MAN: "ssdp:discover"',
    "MX: 1",
    "ST: urn:x",
    "",
    "",
  ]);
});
