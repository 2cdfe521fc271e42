/** The household's page in a real browser: by remote control, by phone, without a script, in two languages. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { sha256 } from "../../agent/core/encoding.ts";
import { bytes } from "../../agent/core/units.ts";
import { StatusFixture } from "./status-fixture.ts";

const executablePath = ["chromium", "chromium-browser", "google-chrome"]
  .map((name) => Bun.which(name))
  .find(Boolean);
const skip = !executablePath;
/** A browser on a busy machine takes its time; what it waits for comes or does not. */
const LIMIT_MS = 300_000;

let browser: Browser | undefined;
let box: StatusFixture;
const complaints: string[] = [];

beforeAll(async () => {
  box = await new StatusFixture().start();
  box.agree();
  if (executablePath) browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
}, LIMIT_MS);
afterAll(async () => {
  await browser?.close();
  await box[Symbol.asyncDispose]();
});

/** A page that is paired, whose complaints (blocked scripts, faults) are kept. */
async function open(options: BrowserContextOptions = {}): Promise<Page> {
  if (!browser) throw new Error("no browser");
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 }, ...options });
  context.setDefaultTimeout(LIMIT_MS);
  const [name = "", value = ""] = box.paired().split("=");
  await context.addCookies([{ name, value, url: box.url }]);
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`${message.text()} ${message.location().url}`);
  });
  page.on("pageerror", (fault) => complaints.push(fault.message));
  await page.goto(box.url);
  return page;
}

test.skipIf(skip)(
  "a remote control's arrows and OK pause and resume (needs chromium)",
  async () => {
    const page = await open();
    const focused = () => page.evaluate("document.activeElement.id");
    expect(await focused()).toBe("switch");
    await page.keyboard.press("ArrowDown");
    expect(await focused()).toBe("pause-hour");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowDown");
    expect(await focused()).toBe("switch");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Resume" }).waitFor();
    expect(box.household.choices.pause.state).toBe("paused");
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("button", { name: "Pause", exact: true }).waitFor();
    expect(box.household.choices.pause.state).toBe("running");
  },
  LIMIT_MS,
);

test.skipIf(skip)(
  "the page renews itself and keeps the focus (needs chromium)",
  async () => {
    const page = await open();
    await page.locator("#switch").focus();
    const before = box.sharing;
    box.sharing = { ...before, verdict: { state: "held", reason: "playback" } };
    await page.getByRole("heading", { name: "The picture comes first" }).waitFor();
    // Said aloud once, by a region that is not replaced with the rest.
    await page
      .getByRole("status")
      .getByText("The picture comes first")
      .waitFor({ state: "attached" });
    expect(await page.evaluate("document.activeElement.id")).toBe("switch");
    box.sharing = before;
  },
  LIMIT_MS,
);

test.skipIf(skip)(
  "arrows walk past a time, and set it after OK (needs chromium)",
  async () => {
    const page = await open();
    const time = page.locator("input[name=quietFrom]").last();
    const focused = () => page.evaluate("document.activeElement.name");
    await time.focus();
    await page.keyboard.press("ArrowDown");
    expect(await focused()).not.toBe("quietFrom");
    await time.focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("ArrowUp");
    expect(await focused()).toBe("quietFrom");
    expect(page.url()).toBe(box.url);
    await page.keyboard.press("Enter");
    await page.keyboard.press("ArrowDown");
    expect(await focused()).not.toBe("quietFrom");
  },
  LIMIT_MS,
);

test.skipIf(skip)(
  "Enter in a field saves and removes no quiet hours (needs chromium)",
  async () => {
    const quietHours = [{ from: 1320, to: 390 }];
    box.household.setLimits({ ...box.household.choices.limits, quietHours });
    const page = await open();
    await page.locator("input[name=maxRate]").fill("9");
    await page.keyboard.press("Enter");
    await page.getByText("Saved.").waitFor();
    expect(box.household.choices.limits).toMatchObject({ maxRate: 9e6, quietHours });
    await page.getByRole("button", { name: "Remove 22:00 to 06:30" }).click();
    await page.getByText("Saved.").waitFor();
    expect(box.household.choices.limits.quietHours).toEqual([]);
  },
  LIMIT_MS,
);

test.skipIf(skip)(
  "new records and titles are shown without loading the page again (needs chromium)",
  async () => {
    const page = await open();
    const records = page.locator("#records");
    await records.getByText("Signed").waitFor();
    const [newest] = box.records;
    if (!newest) throw new Error("the fixture has records");
    box.records = [{ ...newest, sequence: 13, provenBytes: bytes(777e6) }, ...box.records];
    await records.getByText("777 MB").waitFor();
    const [title] = box.titles;
    if (!title) throw new Error("the fixture has titles");
    box.titles = [...box.titles, { ...title, title: sha256(Buffer.from("new")), name: "Newcomer" }];
    await page.locator("#titles").getByText("Newcomer").waitFor();
  },
  LIMIT_MS,
);

test.skipIf(skip)(
  "a box that went away is not shown as if it were there (needs chromium)",
  async () => {
    const page = await open();
    await page.route("**/live", (route) => route.abort());
    await page.getByRole("alert").getByText("The box does not answer").waitFor();
    await page.unroute("**/live");
    await page.getByRole("alert").waitFor({ state: "hidden" });
    // The browser's own words on the request that the test broke off.
    complaints.splice(0, Infinity, ...complaints.filter((text) => !text.includes("/live")));
  },
  LIMIT_MS,
);

test.skipIf(skip)(
  "a phone without a script can do the same, in German (needs chromium)",
  async () => {
    const page = await open({
      viewport: { width: 390, height: 844 },
      javaScriptEnabled: false,
      locale: "de-DE",
    });
    await page.getByText("Die Leitung ist frei").waitFor();
    await page.getByRole("button", { name: "Eine Stunde Pause" }).click();
    await page.getByRole("button", { name: "Fortsetzen" }).click();
    expect(box.household.choices.pause.state).toBe("running");
  },
  LIMIT_MS,
);

test.skipIf(skip)(
  "fits a phone, a desktop and a TV without sideways scrolling (needs chromium)",
  async () => {
    for (const [width, height] of [
      [360, 740],
      [390, 844],
      [1280, 800],
      [1920, 1080],
    ] as const) {
      const page = await open({ viewport: { width, height } });
      const wide = await page.evaluate("document.documentElement.scrollWidth");
      expect([width, wide]).toEqual([width, width]);
      const smallest = (await page.evaluate(
        "Math.min(...[...document.querySelectorAll('button')].map((b) => b.getBoundingClientRect().height))",
      )) as number;
      expect(smallest).toBeGreaterThanOrEqual(44);
      await page.context().close();
    }
  },
  LIMIT_MS,
);

test.skipIf(skip)(
  "nothing is blocked by the page's own policy, and nothing fails (needs chromium)",
  () => {
    expect(complaints).toEqual([]);
  },
);
