/** The text a household consents to, by language. A changed text has another hash and is asked again. */
import { type Hash, sha256 } from "../core/encoding.ts";
import type { Language } from "./text.ts";

const texts: Readonly<Record<Language, readonly string[]>> = {
  en: [
    "Spareband lends the part of your broadband line that nobody at home is using right now. It stores video and music of creators on this box and sends it to other boxes and viewers.",
    "Your own internet comes first: sharing stops within a second when someone at home wants the line, and whenever this box plays to you.",
    "For what viewers confirm to have received, your wallet earns tokens. What that is worth is not promised.",
    "This box sends only signed titles that it stores. It is no open relay: nobody can reach other addresses or your devices through it. You can see, delete and block every title.",
    "The operator's coordinator learns this box's identity, its internet address, what it served and how much, and this consent. The household's own traffic is never looked at or reported. Viewers see this line's internet address.",
    "Your internet contract may limit sharing or count its volume; you decide on limits, caps and quiet hours below. Sharing uses some electricity.",
    "You can pause at any time with one press, or withdraw this consent for good; what was earned until then remains yours.",
  ],
  de: [
    "Spareband verleiht den Teil Ihres Internetanschlusses, den zu Hause gerade niemand nutzt. Es speichert Videos und Musik von Urhebern auf diesem Gerät und sendet sie an andere Geräte und Zuschauer.",
    "Ihr eigenes Internet geht vor: Das Teilen endet binnen einer Sekunde, wenn zu Hause jemand die Leitung braucht, und immer, wenn dieses Gerät für Sie spielt.",
    "Für das, was Zuschauer als erhalten bestätigen, verdient Ihre Geldbörse Token. Was sie wert sind, wird nicht zugesagt.",
    "Dieses Gerät sendet nur signierte Titel, die es gespeichert hat. Es ist keine offene Weiterleitung: Niemand erreicht darüber andere Adressen oder Ihre Geräte. Sie können jeden Titel sehen, löschen und sperren.",
    "Der Koordinator des Betreibers erfährt die Kennung dieses Geräts, seine Internetadresse, was und wie viel es geliefert hat, und diese Einwilligung. Der Verkehr Ihres Haushalts wird weder angesehen noch gemeldet. Zuschauer sehen die Internetadresse dieses Anschlusses.",
    "Ihr Internetvertrag kann das Teilen einschränken oder das Volumen zählen; über Grenzen, Obergrenzen und Ruhezeiten entscheiden Sie selbst. Das Teilen verbraucht etwas Strom.",
    "Sie können jederzeit mit einem Druck pausieren oder diese Einwilligung ganz widerrufen; was bis dahin verdient ist, bleibt Ihnen.",
  ],
};

export interface ConsentText {
  readonly language: Language;
  readonly paragraphs: readonly string[];
  /** sha-256 of the paragraphs, joined by an empty line. */
  readonly hash: Hash;
}

export function consentText(language: Language): ConsentText {
  const paragraphs = texts[language];
  return { language, paragraphs, hash: sha256(Buffer.from(paragraphs.join("\n\n"))) };
}
