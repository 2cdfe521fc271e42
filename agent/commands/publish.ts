/** `spareband publish DIR`: a creator's folder becomes a signed title on the origin. */
import { type Command, Option } from "commander";
import { seal } from "../accounting/envelope.ts";
import { fits, ISRC, ISWC, SLUG } from "../accounting/title-codes.ts";
import { makeTitle, type TitleAbout } from "../content/make-title.ts";
import { agreed, collectSplit, signSplit, wholeTo } from "../content/split-file.ts";
import { uploadTitle } from "../content/upload-title.ts";
import { formatBytes } from "../core/quantity.ts";
import { systemClock } from "../core/system-clock.ts";
import { toUnixSeconds } from "../core/units.ts";
import { show, wrong } from "./answer.ts";
import { type CommandContext, type CommonOptions, readConfig } from "./context.ts";
import { connectCoordinator, personalSigner } from "./identity.ts";
import { createLiveView } from "./live-view.ts";

interface PublishOptions extends CommonOptions, Omit<TitleAbout, "delivery"> {
  readonly coordinator?: string;
  readonly open?: boolean;
  readonly split?: string;
}

export function register(program: Command, context: CommandContext): void {
  program
    .command("publish")
    .description("creator: chunk, hash, sign and upload a folder as a title")
    .argument("<dir>", "folder with HLS, music or any files")
    .option("--coordinator <url>", "the coordinator to publish at")
    .option("--name <name>", "name people see; the folder's or album's otherwise")
    .option("--slug <slug>", "short name for addresses")
    .addOption(new Option("--kind <kind>", "what it is").choices(["video", "music", "files"]))
    .option("--artist <artist>", "whose music it is; the files' own tags otherwise")
    .option("--album <album>", "what it is part of; the files' own tags otherwise")
    .option("--isrc <code>", "of the recording, such as DEA012600001")
    .option("--iswc <code>", "of the work, such as T0345246801")
    .option("--open", "boxes may deliver it without receipts, unpaid, to any HTTP client")
    .option("--split <file>", "split.toml that every party has signed; all to you otherwise")
    .option("--json", "print the result as JSON")
    .action((folder: string, options: PublishOptions) => publish(folder, options, context));
  program
    .command("sign-split")
    .description("creator: agree to a split by signing it")
    .argument("<file>", "split.toml")
    .option("--json", "print the result as JSON")
    .action(async (file: string, options: CommonOptions) => {
      const { config } = readConfig(options, context);
      const signer = personalSigner(config);
      const signed = await signSplit(file, signer, config.environment);
      show(context, options, { signed, key: signer.publicKey }, () => [signed]);
    });
}

async function publish(folder: string, options: PublishOptions, context: CommandContext) {
  const flags = options.coordinator ? { "coordinator.url": options.coordinator } : {};
  const { config, log } = readConfig(options, context, flags);
  const signer = personalSigner(config);
  const createdAt = toUnixSeconds(systemClock.wallMs());
  const { environment } = config;
  const split = options.split
    ? await collectSplit(options.split, signer, environment)
    : agreed(
        [seal("split", wholeTo(signer.publicKey, createdAt), signer, environment).bytes],
        environment,
        "(default split)",
      );
  const line = createLiveView(context);
  const title = await makeTitle({
    folder,
    about: aboutOf(options),
    split,
    signer,
    environment,
    createdAt,
    log,
    onProgress: (done, total) => line.show(`hashing ${formatBytes(done)} of ${formatBytes(total)}`),
  });
  const coordinator = await connectCoordinator(config, context.signal);
  await uploadTitle({
    title,
    coordinator,
    clock: systemClock,
    signal: context.signal,
    onProgress: (sent, toSend) => line.show(`uploading chunk ${sent} of ${toSend}`),
  });
  line.end();
  const { hash, body } = title.manifest;
  const size = body.files.reduce((sum, file) => sum + file.size, 0);
  if (options.json)
    return context.print(
      JSON.stringify({ title: hash, slug: body.slug, files: body.files.length, size }),
    );
  context.print(`${body.name} is published: ${body.files.length} files, ${formatBytes(size)}.`);
  context.print(`spareband fetch ${body.slug}    (or by its identity ${hash})`);
}

/** Checked here and not only in the manifest, which knows no flags. */
const accepted = [
  {
    flag: "slug",
    form: SLUG,
    what: 'small letters, digits and "-", at most 64, such as "big-lake"',
  },
  { flag: "isrc", form: ISRC, what: 'such as "DEA012600001"' },
  { flag: "iswc", form: ISWC, what: 'such as "T0345246801"' },
] as const;

function aboutOf(options: PublishOptions): TitleAbout {
  for (const { flag, form, what } of accepted) {
    const value = options[flag];
    if (value && !fits(value, form)) throw wrong(`--${flag}`, value, what);
  }
  const { name, slug, kind, artist, album, isrc, iswc, open } = options;
  for (const [flag, value] of Object.entries({ name, slug, artist, album, isrc, iswc }))
    if (value === "") throw wrong(`--${flag}`, "", "a text; leave the flag out for none");
  return {
    ...(name && { name }),
    ...(slug && { slug }),
    ...(kind && { kind }),
    ...(artist && { artist }),
    ...(album && { album }),
    ...(isrc && { isrc }),
    ...(iswc && { iswc }),
    ...(open && { delivery: "open" as const }),
  };
}
