/** Every reason in words that a household understands; one short sentence without a full stop. */
import type { Reason } from "./verdict.ts";

export const reasonText: Readonly<Record<Reason, string>> = {
  "line-idle": "The line is idle, so its free part is shared",
  "learning-line":
    "Getting to know the line: sharing starts low and grows while nothing slows down",
  "someone-uploading": "Someone at home is uploading, so sharing gives way",
  "line-busy": "The line is busy, so sharing gives way",
  "line-unknown": "The line cannot be measured, so nothing is shared",
  "signals-missing":
    "Part of what shows that sharing disturbs nobody is missing, so less is shared",
  "rate-limited": "Sharing runs at the highest rate that you allow",
  "another-box": "Another box at home shares as well, so each shares its part",
  playback: "The picture comes first: nothing is shared while something plays",
  "playback-unknown": "The box cannot tell whether something plays, so less is shared",
  "cpu-busy": "The box is busy with other work, so nothing is shared",
  warm: "The box is warm, so nothing is shared until it has cooled down",
  "heat-unknown": "The box cannot tell its temperature, so less is shared",
  "quiet-hours": "Quiet hours: nothing is shared",
  "daily-cap": "Today's limit is reached; sharing goes on tomorrow",
  "monthly-cap": "This month's limit is reached; sharing goes on next month",
  metered: "This line is paid for by volume, so nothing is shared unless you allow it",
  paused: "Sharing is paused",
  "no-consent": "Nothing is shared until you agree to it",
  offline: "The box is offline",
  "storage-failing": "The box's storage does not work reliably, so nothing is shared",
  "outbox-full": "Too much waits to be reported, so nothing new is shared for now",
  quarantined: "The coordinator holds this box back until a doubt about its records is settled",
  "limit-breached": "More was sent than you allow, so sharing was stopped",
};
