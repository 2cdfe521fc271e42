/** hls.js in a headless Chromium, as a viewer's browser plays a title from the gateway. */
import { join } from "node:path";
import { chromium } from "playwright-core";

export const CHROMIUM = "/usr/bin/chromium";

export interface Seen {
  readonly position: number;
  readonly duration: number;
  readonly width: number;
  /** From the page's start to the first moving picture; absent when there was none. */
  readonly startedMs?: number;
  readonly error: string;
}

/** Plays in a page of another local port until so many seconds have been shown. */
export async function watch(source: string, playSeconds: number): Promise<Seen> {
  const page = `<!doctype html><video muted></video><script src="/hls.js"></script><script>
    const video = document.querySelector("video");
    const seen = { error: "" };
    window.seen = seen;
    const begun = performance.now();
    const hls = new Hls();
    hls.on(Hls.Events.ERROR, (_, data) => { if (data.fatal) seen.error = data.details; });
    video.addEventListener("timeupdate", () => {
      seen.first ??= video.currentTime;
      if (video.currentTime > seen.first) seen.startedMs ??= performance.now() - begun;
      Object.assign(seen, { position: video.currentTime, played: video.currentTime - seen.first,
        duration: video.duration, width: video.videoWidth });
    });
    hls.on(Hls.Events.MANIFEST_PARSED, () => video.play());
    hls.loadSource(${JSON.stringify(source)});
    hls.attachMedia(video);
  </script>`;
  const script = Bun.file(join(import.meta.dir, "../../node_modules/hls.js/dist/hls.min.js"));
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) =>
      request.url.endsWith("/hls.js")
        ? new Response(script)
        : new Response(page, { headers: { "content-type": "text/html" } }),
  });
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      ...["--no-sandbox", "--headless", "--disable-gpu", "--disable-quic", "--no-first-run"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
      "--autoplay-policy=no-user-gesture-required",
    ],
  });
  try {
    const tab = await browser.newPage();
    await tab.goto(`http://127.0.0.1:${server.port}/`);
    await tab.waitForFunction(
      `window.seen.error || window.seen.played >= ${playSeconds}`,
      undefined,
      { timeout: 40_000 },
    );
    return (await tab.evaluate("window.seen")) as Seen;
  } finally {
    await browser.close();
    await server.stop(true);
  }
}
