/** A gateway over scripted boxes that hold a title of test/fixtures/titles, or any folder's. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { seal, splitId } from "../../agent/accounting/envelope.ts";
import type { Play, Sealed } from "../../agent/accounting/messages.ts";
import { openSplit } from "../../agent/accounting/split.ts";
import { Gateway, type GatewayOptions } from "../../agent/content/gateway.ts";
import { makeTitle, type TitleAbout } from "../../agent/content/make-title.ts";
import type { SampleTitle } from "../../agent/content/sample-title.ts";
import { wholeTo } from "../../agent/content/split-file.ts";
import { silentLog } from "../../agent/core/log.ts";
import { systemRandom } from "../../agent/core/random.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { unixSeconds } from "../../agent/core/units.ts";
import { createSigner } from "../../agent/identity/ed25519.ts";
import { type BoxScript, type Grantor, ScriptedBox, ticketSource } from "./scripted-box.ts";

export const titlesFolder = join(import.meta.dir, "../fixtures/titles");
export const creator = createSigner(new Uint8Array(32).fill(3));

/** All of it to the creator, signed. */
export function wholeSplit() {
  const body = wholeTo(creator.publicKey, unixSeconds(0));
  const opened = openSplit([seal("split", body, creator, "dev").bytes], { environment: "dev" });
  if (!opened.ok || opened.split.id !== splitId(body)) throw new Error("split does not open");
  return opened.split;
}

export async function loadTitle(folder: string, about: TitleAbout = {}): Promise<SampleTitle> {
  const made = await makeTitle({
    folder,
    about,
    split: wholeSplit(),
    signer: creator,
    environment: "dev",
    createdAt: unixSeconds(1_767_225_600),
    log: silentLog,
  });
  const content = await Promise.all(
    made.files.map(async (file) => new Uint8Array(await readFile(file.diskPath))),
  );
  return { sealed: made.manifest, content };
}

export interface PlayedFrom<B> extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly url: string;
  readonly boxes: readonly B[];
  readonly plays: readonly Play[];
}

/** One gateway, one title, a box for each script. */
export const playFrom = (
  title: SampleTitle,
  scripts: readonly BoxScript[],
  options: Partial<GatewayOptions> = {},
) =>
  playFromBoxes(
    title,
    scripts.map((script) => new ScriptedBox(title, script)),
    options,
  );

export async function playFromBoxes<B extends Grantor & { kill(): Promise<void> }>(
  title: SampleTitle,
  boxes: readonly B[],
  options: Partial<GatewayOptions> = {},
): Promise<PlayedFrom<B>> {
  const plays: Play[] = [];
  const gateway = await Gateway.open({
    listen: { host: "127.0.0.1", port: 0 },
    coordinator: {
      ...ticketSource(boxes),
      title: async (name) =>
        name === title.sealed.body.slug || name === title.sealed.hash
          ? { manifest: title.sealed, complete: true }
          : undefined,
      play: async (play: Sealed<"play">) => {
        plays.push(play.body);
        return { qualified: true };
      },
    },
    signer: createSigner(systemRandom.bytes(32)),
    environment: "dev",
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    ...options,
  });
  return {
    gateway,
    url: `${gateway.url}/${title.sealed.body.slug}`,
    boxes,
    plays,
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      await Promise.all(boxes.map((box) => box.kill()));
    },
  };
}
