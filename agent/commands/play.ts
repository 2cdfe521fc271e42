/** `spareband play TITLE`: an address on loopback from which any player plays the title. */
import type { Command } from "commander";
import { Gateway, mainFile } from "../content/gateway.ts";
import { runAll } from "../core/part.ts";
import { systemRandom } from "../core/random.ts";
import { systemClock } from "../core/system-clock.ts";
import { type CommandContext, type CommonOptions, readConfig } from "./context.ts";
import { findTitle } from "./fetch.ts";
import { connectCoordinator, personalSigner } from "./identity.ts";

interface PlayOptions extends CommonOptions {
  readonly coordinator?: string;
  readonly listen?: string;
}

export function register(program: Command, context: CommandContext): void {
  program
    .command("play")
    .description("viewer: play a title with any player, from several boxes at once")
    .argument("<title>", "its short name or its identity (64 hexadecimal digits)")
    .option("--coordinator <url>", "the coordinator to ask")
    .option("--listen <address>", 'where the player asks, on loopback, such as "127.0.0.1:7420"')
    .option("--json", "print the address as JSON")
    .action((title: string, options: PlayOptions) => run(title, options, context));
}

async function run(name: string, options: PlayOptions, context: CommandContext): Promise<void> {
  const flags = {
    ...(options.coordinator && { "coordinator.url": options.coordinator }),
    ...(options.listen && { "viewer.gateway_listen": options.listen }),
  };
  const { config, log } = readConfig(options, context, flags);
  const signer = personalSigner(config);
  const coordinator = await connectCoordinator(config, context.signal);
  const { body } = (await findTitle(coordinator, name, context.signal)).manifest;
  await using gateway = await Gateway.open({
    listen: config["viewer.gateway_listen"],
    coordinator,
    signer,
    environment: config.environment,
    clock: systemClock,
    random: systemRandom,
    log,
  });
  const path = mainFile(body.files).split("/").map(encodeURIComponent).join("/");
  const url = `${gateway.url}/${body.slug}/${path}`;
  if (options.json) context.print(JSON.stringify({ name: body.name, url }));
  else {
    context.print(`${body.name} plays at ${url}`);
    context.print("open that address in a player such as mpv or VLC; Ctrl-C here ends it");
  }
  await runAll([gateway], context.signal);
}
