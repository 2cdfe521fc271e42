/** What Bun does by itself, for comparison: a file and its ranges, with no ticket, limit or admission. */
const [path = ""] = process.argv.slice(2);
const file = Bun.file(path);
const { size } = file;
const headers = { "content-type": "video/mp4", etag: '"0"', "accept-ranges": "bytes" };

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request) {
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get("range") ?? "");
    if (!range) return new Response(file, { headers });
    const [start, last] = [Number(range[1]), Number(range[2])];
    return new Response(file.slice(start, last + 1), {
      status: 206,
      headers: { ...headers, "content-range": `bytes ${start}-${last}/${size}` },
    });
  },
});
console.log(JSON.stringify({ url: server.url.href }));
