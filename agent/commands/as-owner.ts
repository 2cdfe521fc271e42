import { statSync } from "node:fs";
import { errnoOf, exitCode, OperatorError } from "../core/errors.ts";

/**
 * What root leaves in a service's state would be closed to the service. A verb that writes there acts, from
 * here to its end, as the user whose the directory is. One that is not there yet systemd hands over.
 */
export function actAsOwnerOf(directory: string): void {
  if (process.getuid?.() !== 0) return;
  const owner = statSync(directory, { throwIfNoEntry: false });
  if (!owner || owner.uid === 0) return;
  try {
    process.setgroups?.([owner.gid]);
    process.setgid?.(owner.gid);
    process.setuid?.(owner.uid);
  } catch (cause) {
    throw new OperatorError(
      exitCode.noPermission,
      `cannot act as the owner of ${directory} (${errnoOf(cause) ?? "not allowed"}): run this as that user`,
      { cause },
    );
  }
}
