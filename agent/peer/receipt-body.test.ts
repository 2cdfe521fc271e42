import { expect, test } from "bun:test";
import { FakeClock } from "../core/fake-clock.ts";
import { seconds } from "../core/units.ts";
import { bodyWithin } from "./receipt-body.ts";

const posted = (body: BodyInit) => new Request("http://box/v1/receipts", { method: "POST", body });

test("a body that has come is read at once", async () => {
  expect(await bodyWithin(seconds(10), posted("{}"), new FakeClock())).toBe("{}");
});

test("one that does not come is not waited for", async () => {
  const clock = new FakeClock();
  const begun = new ReadableStream({
    start: (body) => body.enqueue(new TextEncoder().encode("{")),
  });
  const body = bodyWithin(seconds(10), posted(begun), clock);
  await clock.advance(seconds(10));
  expect(await body).toBeUndefined();
});
