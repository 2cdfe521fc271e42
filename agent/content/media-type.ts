/** Media types by file name, as the IANA registry and RFC 8216 §10 give them. */
const byExtension: Readonly<Record<string, string>> = {
  aac: "audio/aac",
  avif: "image/avif",
  flac: "audio/flac",
  gif: "image/gif",
  html: "text/html",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  json: "application/json",
  m3u8: "application/vnd.apple.mpegurl",
  m4a: "audio/mp4",
  m4s: "video/iso.segment",
  m4v: "video/mp4",
  mkv: "video/x-matroska",
  mov: "video/quicktime",
  mp3: "audio/mpeg",
  mp4: "video/mp4",
  mpd: "application/dash+xml",
  oga: "audio/ogg",
  ogg: "audio/ogg",
  ogv: "video/ogg",
  opus: "audio/ogg",
  pdf: "application/pdf",
  png: "image/png",
  srt: "application/x-subrip",
  svg: "image/svg+xml",
  ts: "video/mp2t",
  txt: "text/plain",
  vtt: "text/vtt",
  wav: "audio/wav",
  webm: "video/webm",
  webp: "image/webp",
  zip: "application/zip",
};

export function mediaTypeOf(path: string): string {
  const extension = /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? "";
  return byExtension[extension] ?? "application/octet-stream";
}

export const isPlaylist = (path: string) => /\.m3u8$/i.test(path);
export const isAudio = (mediaType: string) => mediaType.startsWith("audio/");
export const isVideo = (mediaType: string) => mediaType.startsWith("video/");
export const isImage = (mediaType: string) => mediaType.startsWith("image/");

/** What a browser shows or plays without running anything of it. */
const PASSIVE =
  /^(audio\/|video\/|font\/|image\/(?!svg)|text\/(plain|vtt)$|application\/(octet-stream|json|pdf|zip|x-subrip|vnd\.apple\.mpegurl)$)/;

/**
 * Headers for a file whose media type its creator chose: a page or drawing opened from a gateway or box is
 * shown, but runs no script there, which could ask for other titles in the viewer's name.
 */
export const safelyShown = (mediaType: string): Readonly<Record<string, string>> =>
  PASSIVE.test(mediaType)
    ? {}
    : { "content-security-policy": "sandbox", "x-content-type-options": "nosniff" };
