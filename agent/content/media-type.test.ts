import { expect, test } from "bun:test";
import { mediaTypeOf, safelyShown } from "./media-type.ts";

test.each(["a.mp4", "a.m3u8", "a.ts", "a.flac", "cover.jpg", "a.vtt", "a.txt", "a.zip", "a.bin"])(
  "%s is shown and played as it is",
  (path) => {
    expect(safelyShown(mediaTypeOf(path))).toEqual({});
  },
);

test.each(["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "text/javascript"])(
  "nothing of %s runs",
  (mediaType) => {
    expect(safelyShown(mediaType)).toMatchObject({ "content-security-policy": "sandbox" });
  },
);
