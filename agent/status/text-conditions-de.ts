import type { ConditionCode } from "../health/conditions.ts";

export type ConditionTexts = Readonly<
  Record<ConditionCode, { readonly text: string; readonly action: string }>
>;

export const conditionsDe: ConditionTexts = {
  "config-last-good": {
    text: "Die Konfiguration hat einen Fehler; die letzte gute gilt weiter.",
    action: "Korrigieren Sie die unten genannte Datei und starten Sie den Dienst neu.",
  },
  "config-unknown-key": {
    text: "Die Konfiguration hat einen Schlüssel, den diese Version nicht kennt.",
    action: "Prüfen Sie die Schreibweise oder entfernen Sie ihn.",
  },
  "household-file-restored": {
    text: "Ihre gespeicherten Einstellungen waren beschädigt; die Kopie davon gilt.",
    action: "Sehen Sie Einwilligung, Grenzen und Ruhezeit einmal durch.",
  },
  "household-file-lost": {
    text: "Ihre gespeicherten Einstellungen waren beschädigt und ohne Kopie; es wird nichts geteilt.",
    action: "Willigen Sie erneut ein und setzen Sie Ihre Grenzen.",
  },
  "state-unwritable": {
    text: "Das Gerät kann seine eigenen Daten nicht schreiben und teilt nichts.",
    action: "Starten Sie es neu; kommt das wieder, ist der Speicher defekt oder voll.",
  },
  "disk-full": {
    text: "Der Speicher ist voll: Das Gerät lebt von seiner Reserve und nimmt bald keine Zuschauer mehr an.",
    action: "Schaffen Sie Platz oder verkleinern Sie den Platz für geteilte Titel.",
  },
  "journal-recovered": {
    text: "Das Buch des Gelieferten war beschädigt; das Lesbare wurde gerettet.",
    action: "Jetzt nichts; geschieht es wieder, ist der Speicher defekt.",
  },
  "key-unusable": {
    text: "Der Schlüssel, der dieses Gerät ausweist, fehlt oder ist beschädigt.",
    action: "Legen Sie die alte Schlüsseldatei zurück oder melden Sie das Gerät neu an.",
  },
  "device-changed": {
    text: "Der Speicher dieses Geräts war zuerst in einem anderen.",
    action: "War das Absicht, melden Sie dieses Gerät neu an.",
  },
  "clock-untrusted": {
    text: "Das Gerät kennt die Uhrzeit noch nicht; gezählt wird trotzdem alles.",
    action: "Nichts: Sie wird gestellt, sobald das Internet antwortet.",
  },
  "shaping-unavailable": {
    text: "Das System kann das Senden nicht selbst begrenzen; ein sanfterer Weg wird benutzt.",
    action: "Mit CAP_NET_ADMIN und einem Kernel mit HTB kann mehr geteilt werden.",
  },
  "shaping-foreign": {
    text: "Ein anderes Programm verwaltet diese Netzwerkschnittstelle schon; sie bleibt, wie sie ist.",
    action: "Entfernen Sie die andere Verkehrssteuerung oder belassen Sie es dabei.",
  },
  "network-missing": {
    text: "Das Gerät hat keine Netzwerkverbindung.",
    action: "Prüfen Sie Kabel oder WLAN.",
  },
  "line-unmeasured": {
    text: "Die Verzögerung Ihrer Leitung ist nicht messbar; es wird weniger geteilt.",
    action: "Erlauben Sie dem Gerät ICMP oder UDP zu Router und Internet.",
  },
  "heat-unknown": {
    text: "Kein Temperaturfühler antwortet; das Gerät übernimmt weniger Arbeit.",
    action: "Nichts zu tun.",
  },
  "limit-breached": {
    text: "Es wurde mehr gesendet, als Ihre Grenze erlaubt; das Teilen wurde beendet.",
    action: "Prüfen Sie die Grenze und drücken Sie Fortsetzen; melden Sie es, wenn es wiederkommt.",
  },
  unreachable: {
    text: "Zuschauer erreichen dieses Gerät von außen nicht.",
    action:
      "Schalten Sie im Router IPv6 oder UPnP ein oder leiten Sie den unten genannten Port weiter.",
  },
  "peer-connections-shed": {
    text: "Es waren zu viele Verbindungen auf einmal; alle wurden geschlossen.",
    action: "Nichts zu tun; hält es an, pausieren Sie eine Weile.",
  },
  "coordinator-unreachable": {
    text: "Der Koordinator antwortet nicht; Verdientes bleibt so lange aufgehoben.",
    action: "Prüfen Sie die Internetverbindung; 30 Tage lang geht nichts verloren.",
  },
  "broker-unreachable": {
    text: "Belege können gerade nicht zugestellt werden; sie bleiben aufgehoben.",
    action: "Prüfen Sie die Internetverbindung; 30 Tage lang geht nichts verloren.",
  },
  "broker-refused": {
    text: "Die Gegenstelle des Betreibers weist dieses Gerät ab; das Teilen ruht.",
    action:
      "Bitten Sie den Betreiber, das Gerät anzumelden, oder korrigieren Sie die Zugangsdaten.",
  },
  "outbox-full": {
    text: "So viele Belege warten, dass keine neuen Zuschauer angenommen werden.",
    action: "Prüfen Sie die Internetverbindung; was wartet, bleibt erhalten.",
  },
  quarantined: {
    text: "Der Koordinator hält dieses Gerät an, bis ein Zweifel geklärt ist.",
    action: "Fragen Sie den Betreiber mit dem unten genannten Grund und der Gerätekennung.",
  },
  "records-refused": {
    text: "Einige Belege wurden nicht bezahlt.",
    action: "Bei den Belegen stehen Grund und Einspruchsweg.",
  },
  "statement-disputed": {
    text: "Eine Abrechnung des Koordinators passt nicht zu dem, was er vorher unterschrieben hat.",
    action:
      "Exportieren Sie Ihre Belege und zeigen Sie sie dem Betreiber oder einem Prüfer: Sie beweisen es.",
  },
  "content-damaged": {
    text: "Gespeicherte Inhalte waren beschädigt; sie werden neu geholt.",
    action: "Nichts zu tun; hält es an, ist der Speicher defekt.",
  },
  "write-budget-spent": {
    text: "Der heutige Anteil am Beschreiben des Speichers ist aufgebraucht; neue Titel kommen morgen.",
    action: "Nichts: Das schont den Speicher.",
  },
};
