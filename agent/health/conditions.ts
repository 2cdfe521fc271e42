/**
 * Every condition a household can be told of: how bad it is, what it means, and what to do. Parts set
 * and clear them by code; docs/health.md shows this table and a test compares the two.
 */
export type Severity = "notice" | "warning" | "problem";

export interface ConditionKind {
  /** `problem`: nothing is shared or earned until it is over; `warning`: less than could be. */
  readonly severity: Severity;
  readonly text: string;
  /** What the household, or whoever looks after the box, can do. */
  readonly action: string;
}

export const conditionKinds = {
  "config-last-good": {
    severity: "warning",
    text: "The configuration has a fault, so the last good one is in use.",
    action: "Correct the file and key that are named below, then restart the service.",
  },
  "config-unknown-key": {
    severity: "notice",
    text: "The configuration has a key that this version does not know.",
    action: "Check its spelling, or take it out.",
  },
  "household-file-restored": {
    severity: "warning",
    text: "Your saved choices were damaged, so the copy made before is in use.",
    action: "Look at consent, limits and quiet hours once and correct what has changed.",
  },
  "household-file-lost": {
    severity: "problem",
    text: "Your saved choices were damaged and no copy was left, so nothing is shared.",
    action: "Give consent again and set your limits.",
  },
  "state-unwritable": {
    severity: "problem",
    text: "The box cannot write its own data, so it shares nothing.",
    action: "Restart the box; if this comes back, its storage is failing or full.",
  },
  "disk-full": {
    severity: "problem",
    text: "The storage is full: the box goes on with the room it kept back, and soon takes on no more viewers.",
    action: "Free some space, or lower the space that shared titles may take.",
  },
  "journal-recovered": {
    severity: "warning",
    text: "The book of what was served was damaged; what could be read was saved.",
    action: "Nothing to do now; if it happens again the storage is failing.",
  },
  "key-unusable": {
    severity: "problem",
    text: "The key that names this box is missing or damaged.",
    action: "Put the old key file back, or enrol the box again with a new key.",
  },
  "device-changed": {
    severity: "warning",
    text: "This box's storage was first used in another device.",
    action: "If you moved it on purpose, enrol this device again.",
  },
  "clock-untrusted": {
    severity: "notice",
    text: "The box does not know the time of day yet; what it serves is counted all the same.",
    action: "Nothing to do: it is set when the internet answers.",
  },
  "shaping-unavailable": {
    severity: "warning",
    text: "The system cannot limit the box's sending by itself, so a slower, gentler way is used.",
    action: "Give the service CAP_NET_ADMIN and a kernel with HTB to share more of the line.",
  },
  "shaping-foreign": {
    severity: "warning",
    text: "Another program already manages this network interface; it was left as it is.",
    action: "Take the other traffic control away, or accept the gentler limit.",
  },
  "network-missing": {
    severity: "problem",
    text: "The box has no network connection.",
    action: "Check the cable or Wi-Fi.",
  },
  "line-unmeasured": {
    severity: "warning",
    text: "The delay on your line cannot be measured, so less is shared.",
    action: "Allow the box to reach its gateway and the internet by ICMP or UDP.",
  },
  "heat-unknown": {
    severity: "notice",
    text: "The box has no temperature sensor that answers, so it takes on less work.",
    action: "Nothing to do.",
  },
  "limit-breached": {
    severity: "problem",
    text: "More was sent than your limit allows, so sharing has stopped.",
    action: "Look at the limit and press resume; report it if it comes back.",
  },
  unreachable: {
    severity: "warning",
    text: "Viewers cannot reach this box from outside.",
    action: "Switch on IPv6 or UPnP in your router, or forward the port that is named below.",
  },
  "peer-connections-shed": {
    severity: "warning",
    text: "There were too many connections at once, so all were closed.",
    action: "Nothing to do; if it goes on, pause sharing for a while.",
  },
  "coordinator-unreachable": {
    severity: "warning",
    text: "The coordinator does not answer; what was earned is kept until it does.",
    action: "Check the internet connection; nothing is lost for 30 days.",
  },
  "broker-unreachable": {
    severity: "warning",
    text: "Records cannot be delivered at the moment; they are kept until they can.",
    action: "Check the internet connection; nothing is lost for 30 days.",
  },
  "broker-refused": {
    severity: "problem",
    text: "The message broker refuses this box, so sharing is held.",
    action: "Ask the operator to enrol the box, or correct the credentials.",
  },
  "outbox-full": {
    severity: "problem",
    text: "So many records wait for delivery that no new viewers are taken on.",
    action: "Check the internet connection; all that waits is kept.",
  },
  quarantined: {
    severity: "problem",
    text: "The coordinator holds this box back until a doubt is cleared.",
    action: "See the reason below and ask the operator, naming the box.",
  },
  "records-refused": {
    severity: "warning",
    text: "Some records were not paid.",
    action: "See the records for the reason of each, and how to appeal.",
  },
  "statement-disputed": {
    severity: "problem",
    text: "A statement of the coordinator does not agree with what it signed before.",
    action: "Export your records and show them to the operator or an auditor: they prove it.",
  },
  "content-damaged": {
    severity: "notice",
    text: "Stored content was damaged; it was dropped and will be fetched again.",
    action: "Nothing to do; if it goes on, the storage is failing.",
  },
  "write-budget-spent": {
    severity: "notice",
    text: "Today's share of writing to the flash storage is used up; no new titles until tomorrow.",
    action: "Nothing to do: this keeps the storage healthy.",
  },
} as const satisfies Readonly<Record<string, ConditionKind>>;

export type ConditionCode = keyof typeof conditionKinds;
