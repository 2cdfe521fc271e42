import { expect, test } from "bun:test";
import { metalink } from "./metalink.ts";
import { sampleTitle } from "./sample-title.ts";

test("a metalink names every file, every box and every piece", () => {
  const title = sampleTitle(
    [
      ["a & b/film.mp4", 130_000],
      ["small", 10],
      ["empty", 0],
    ],
    {
      delivery: "open",
    },
  );
  const [film, small] = title.sealed.body.files;
  const text = metalink(title.sealed, ["http://one:1/", "http://[2001:db8::1]:2"]);
  expect(text).toContain('<file name="a &amp; b/film.mp4">');
  expect(text).toContain('<pieces length="65536" type="sha-256">');
  expect(film?.chunks.every((hash) => text.includes(`<hash>${hash}</hash>`))).toBe(true);
  expect(text).toContain(`<hash type="sha-256">${small?.chunks[0]}</hash>`);
  expect(text).toContain(
    `<url priority="1">http://one:1/v1/titles/${title.sealed.hash}/files/a%20%26%20b/film.mp4</url>`,
  );
  expect(text).toContain('<url priority="2">http://[2001:db8::1]:2/v1/titles/');
  expect(text).toContain("<size>0</size>");
});
