/** /proc/self/mountinfo (proc_pid_mountinfo(5)) and /proc/diskstats (Documentation/admin-guide/iostats.rst). */

export interface Mount {
  readonly directory: string;
  /** `major:minor`; major 0 for file systems without a block device of their own. */
  readonly device: string;
  readonly source: string;
  readonly readOnly: boolean;
}

export function parseMounts(text: string): readonly Mount[] {
  return text
    .split("\n")
    .map(parseMount)
    .filter((mount) => mount !== undefined);
}

function parseMount(line: string): Mount | undefined {
  const [mount, superblock] = line.split(" - ");
  const [, , device, , directory, options] = mount?.split(" ") ?? [];
  const [, source, superOptions] = superblock?.split(" ") ?? [];
  if (!device || !directory || !options || source === undefined) return undefined;
  const readOnly = isReadOnly(options) || isReadOnly(superOptions ?? "");
  return { directory: unescapeOctal(directory), device, source: unescapeOctal(source), readOnly };
}

const isReadOnly = (options: string) => options.split(",").includes("ro");

/** Space, tab, newline and backslash are written as three octal digits. */
const unescapeOctal = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 8)));

/** The mount a path lies in: the longest directory that holds it, the last one where several cover each other. */
export function mountOf(mounts: readonly Mount[], path: string): Mount | undefined {
  return mounts
    .filter(({ directory }) => path === directory || path.startsWith(withSlash(directory)))
    .reduce<Mount | undefined>(
      (best, mount) => (best && best.directory.length > mount.directory.length ? best : mount),
      undefined,
    );
}

const withSlash = (directory: string) => (directory.endsWith("/") ? directory : `${directory}/`);

/** Sectors in /proc/diskstats are 512 bytes whatever the device's own are. */
const SECTOR = 512;

/** Bytes written to a device, given as `major:minor` or by name; undefined when it has no line. */
export function parseWritten(diskstats: string, device: string): number | undefined {
  for (const line of diskstats.split("\n")) {
    const fields = line.trim().split(/\s+/);
    const [major, minor, name] = fields;
    if (`${major}:${minor}` !== device && name !== device) continue;
    const sectors = Number(fields[9]);
    return Number.isSafeInteger(sectors) ? sectors * SECTOR : undefined;
  }
  return undefined;
}
