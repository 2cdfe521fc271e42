import { conditionsDe } from "./text-conditions-de.ts";
import type { ReasonTexts, Texts } from "./text-en.ts";

const reasons: ReasonTexts = {
  "line-idle": { short: "Die Leitung ist frei", long: "Zu Hause braucht sie gerade niemand." },
  "learning-line": {
    short: "Ihre Leitung wird kennengelernt",
    long: "Es wird langsam mehr, bis klar ist, was die Leitung übrig hat.",
  },
  "someone-uploading": {
    short: "Jemand zu Hause lädt hoch",
    long: "Die Leitung gehört ihm; das Gerät hält sich zurück.",
  },
  "line-busy": {
    short: "Ihre Leitung ist belegt",
    long: "Jemand zu Hause nutzt sie; das Gerät hält sich zurück.",
  },
  "line-unknown": {
    short: "Ihre Leitung ist noch unbekannt",
    long: "Sie ist nicht messbar, darum wird nichts geteilt.",
  },
  "signals-missing": { short: "Messwerte fehlen", long: "Zur Sicherheit wird weniger geteilt." },
  "another-box": {
    short: "Noch ein Gerät teilt",
    long: "Zu Hause steht mehr als eines; jedes nimmt seinen Teil vom Freien.",
  },
  "rate-limited": {
    short: "An der Grenze",
    long: "Es ginge mehr, aber eine Grenze ist gesetzt: Ihre oder die des Herstellers.",
  },
  playback: {
    short: "Das Bild geht vor",
    long: "Das Gerät spielt für Sie und teilt darum nichts.",
  },
  "playback-unknown": {
    short: "Vielleicht läuft gerade etwas",
    long: "Das Gerät weiß es nicht und hält sich zurück.",
  },
  "cpu-busy": {
    short: "Das Gerät ist beschäftigt",
    long: "Es hat anderes zu tun; das Teilen wartet.",
  },
  warm: { short: "Das Gerät ist warm", long: "Es teilt nichts, bis es abgekühlt ist." },
  "heat-unknown": {
    short: "Temperatur unbekannt",
    long: "Es wird weniger geteilt, weil das Gerät seine Wärme nicht kennt.",
  },
  "quiet-hours": { short: "Ruhezeit", long: "Um diese Zeit möchten Sie Ruhe." },
  "daily-cap": { short: "Genug für heute", long: "Ihre Tagesgrenze ist erreicht." },
  "monthly-cap": { short: "Genug für diesen Monat", long: "Ihre Monatsgrenze ist erreicht." },
  metered: {
    short: "Diese Leitung kostet nach Volumen",
    long: "Es wird nichts geteilt, solange Sie es unten nicht erlauben.",
  },
  paused: { short: "Sie haben pausiert", long: "Es wird nichts geteilt, bis Sie fortsetzen." },
  "no-consent": { short: "Ihre Einwilligung fehlt", long: "Vorher wird nichts geteilt." },
  offline: { short: "Kein Internet", long: "Das Gerät hat gerade keine Verbindung." },
  "storage-failing": {
    short: "Speicherproblem",
    long: "Das Gerät kann nicht verlässlich schreiben und teilt nichts.",
  },
  "outbox-full": {
    short: "Zu viel wartet auf Zustellung",
    long: "Es geht weiter, sobald der Koordinator geantwortet hat.",
  },
  quarantined: {
    short: "Vom Koordinator angehalten",
    long: "Unten stehen der Grund und was zu tun ist.",
  },
  "limit-breached": {
    short: "Eine Grenze wurde überschritten",
    long: "Das Teilen wurde beendet, weil mehr gesendet wurde als erlaubt.",
  },
};

export const de: Texts = {
  tag: "de",
  name: "Deutsch",
  reasons,
  conditions: conditionsDe,
  signals: "Nicht gemessen",
  signal: {
    "delay-probes": "Verzögerung der Leitung",
    "peer-connections": "Verbindungen zu Zuschauern",
    processor: "Auslastung des Prozessors",
    temperature: "Temperatur",
    playback: "was gerade läuft",
    router: "Zähler des Routers",
  },
  title: "Spareband",
  sharing: "Teilt",
  ready: "Bereit zum Teilen",
  notSharing: "Teilt nicht",
  pausedUntil: (time) => `Es geht von selbst weiter am ${time}.`,
  upTo: (rate) => `bis zu ${rate}`,
  atMostNow: (rate) => `im Augenblick höchstens ${rate}`,
  viewers: (count) =>
    count === 0
      ? "Gerade fragt niemand"
      : count === 1
        ? "1 Zuschauer wird beliefert"
        : `${count} Zuschauer werden beliefert`,
  waiting: (count) => `${count} warten`,
  enforced: { kernel: "Vom System eingehalten", program: "Vom Programm eingehalten", nothing: "" },
  lastMinutes: "Die letzten 10 Minuten",
  pause: "Pause",
  pauseHour: "Eine Stunde Pause",
  resume: "Fortsetzen",
  earned: "Verdient",
  tokens: "Token",
  pending: (count) =>
    count === 1
      ? "1 Beleg wartet auf den Koordinator"
      : `${count} Belege warten auf den Koordinator`,
  nothingPending: "Alles ist beantwortet",
  shared: "Geteilt",
  today: "Heute",
  month: "Diesen Monat",
  of: (cap) => `von ${cap}`,
  health: "Was Sie wissen sollten",
  allWell: "Alles in Ordnung.",
  severity: { problem: "Problem", warning: "Warnung", notice: "Hinweis" },
  limits: "Ihre Grenzen",
  maxRate: "Höchste Rate in Mbit/s",
  share: "Anteil der freien Leitung in %",
  dailyCap: "Höchstens am Tag, in GB",
  monthlyCap: "Höchstens im Monat, in GB",
  noLimit: "keine Grenze",
  makersShare: (percent: number) => `${percent} % der freien Leitung`,
  makersLimits: (limits: readonly string[]) =>
    `Der Hersteller dieses Geräts erlaubt höchstens ${limits.join(" und ")}. Von zwei Grenzen gilt die niedrigere.`,
  metered: "Teilen, obwohl die Leitung nach Volumen kostet",
  quietHours: "Ruhezeit",
  from: "Von",
  to: "Bis",
  save: "Speichern",
  addQuietHours: "Hier einen Zeitraum hinzufügen oder leer lassen",
  removeQuietHours: (from, to) => `${from} bis ${to} entfernen`,
  remove: "Entfernen",
  timeHint: "OK, dann stellen die Pfeile die Zeit",
  saved: "Gespeichert.",
  titles: "Titel auf diesem Gerät",
  noTitles: "Noch keine Titel. Der Koordinator schickt, was Zuschauer in Ihrer Nähe sehen möchten.",
  spaceUsed: (held, capacity) => `${held} von ${capacity}`,
  delete: "Löschen",
  block: "Sperren",
  blocked: "Gesperrte Titel",
  unblock: "Wieder erlauben",
  consent: "Ihre Einwilligung",
  consentAsk: "Darf dieses Gerät teilen?",
  consentGiven: (time) => `Sie haben am ${time} eingewilligt.`,
  consentChanged:
    "Der Text hat sich seit Ihrer Einwilligung geändert; bitte lesen Sie ihn noch einmal.",
  readText: "Text lesen",
  agree: "Ich willige ein",
  withdraw: "Einwilligung widerrufen",
  about: "Über dieses Gerät",
  boxId: "Gerät",
  wallet: "Geldbörse",
  version: "Version",
  devNote: "Testumgebung: Diese Token sind nichts wert.",
  pairTitle: "Wer ist da?",
  pairText:
    "Um von hier aus etwas zu sehen und zu ändern, geben Sie den Code ein, den das Gerät zeigt.",
  pairHow:
    "Den Code zeigt „Gerät hinzufügen“ auf einem schon verbundenen Gerät oder „spareband status --code“ auf der Konsole.",
  readOnly:
    "Sie können zusehen, aber noch nichts ändern. Geben Sie den Code ein, den das Gerät zeigt.",
  code: "Code",
  connect: "Verbinden",
  addDevice: "Gerät hinzufügen",
  codeShown: (code) => `Geben Sie ${code} binnen 10 Minuten auf dem anderen Gerät ein.`,
  wrongCode:
    "Das war nicht der Code. Sehen Sie noch einmal nach, oder lassen Sie sich einen neuen zeigen.",
  lockedOut:
    "Zu viele falsche Codes. Warten Sie ein paar Minuten und lassen Sie sich dann einen neuen zeigen.",
  language: "Sprache",
  invalid: "Bitte prüfen Sie die Werte; es wurde nichts geändert.",
  checkField: (label, accepted) => `„${label}“ muss ${accepted} sein. Es wurde nichts geändert.`,
  accepted: {
    maxRate: "eine Zahl über 0 wie 7,5 oder leer für keine Grenze",
    dailyCap: "eine Zahl über 0 wie 5 oder leer für keine Grenze",
    monthlyCap: "eine Zahl über 0 wie 200 oder leer für keine Grenze",
    share: "eine ganze Zahl von 1 bis 100",
    quietHours: "in Zeiten wie 22:00 und 06:30 angegeben, immer zwei zusammen, höchstens achtmal,",
  },
  stale: "Das Gerät antwortet nicht. Was Sie hier sehen, ist vielleicht alt.",
  records: "Belege",
  recordsHow:
    "Für alles, was es liefert, signiert dieses Gerät einen Beleg. Der Koordinator prüft ihn, antwortet und schreibt gut.",
  noRecords: "Noch keine Belege. Der erste entsteht, wenn ein Zuschauer etwas abgerufen hat.",
  signed: "Signiert",
  answered: "Beantwortet",
  waits: "Wartet",
  credited: "Gutgeschrieben",
  asOf: (time) => `Stand ${time}`,
  outcome: { pending: "wartet", credited: "gutgeschrieben", refused: "nicht bezahlt" },
  older: "Ältere",
  newest: "Neueste",
};
