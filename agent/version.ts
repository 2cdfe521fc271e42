import { version as packageVersion } from "../package.json";

/** Set by build.sh (`--define`) to the commit the executable was made from; absent when run from source. */
declare const SPAREBAND_COMMIT: string | undefined;

const commit = typeof SPAREBAND_COMMIT === "string" ? SPAREBAND_COMMIT : undefined;

/** `0.1.0+abc1234` for an executable, `0.1.0` from source. */
export const version = commit ? `${packageVersion}+${commit}` : packageVersion;
