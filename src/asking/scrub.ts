import { maskParticipant } from '../domain/participant.ts';

/** Longest error message kept, in UTF-16 units. */
const LONGEST_LINE = 300;

/** A key shorter than this is no key of the API, and cutting it out would tear answers apart. */
const SHORTEST_KEY = 8;

/** Takes the API key out of a text, also in its JSON form. A server that echoes it must not get it into a file. */
export function keyCutter(apiKey: string): (text: string) => string {
  if (apiKey.length < SHORTEST_KEY) return (text) => text;
  const quoted = JSON.stringify(apiKey).slice(1, -1);
  return (text) => text.replaceAll(apiKey, '[key]').replaceAll(quoted, '[key]');
}

/** Seven digits and more; after a + also in groups, as servers write phones for people. Dates and addresses stay. */
const PHONE = /\+\d(?:[\s().-]{0,2}\d){6,}|\d{7,}/g;

/** A text for logs and errors: one line, no control or direction characters, no whole phone number, bounded. */
export function oneLine(text: string): string {
  const line = text
    .slice(0, LONGEST_LINE * 4)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(PHONE, (phone) => maskParticipant(phone.replace(/\D/g, '')))
    .replace(/ {2,}/g, ' ')
    .trim();
  return shorten(line, LONGEST_LINE);
}

/** At most `longest` UTF-16 units, an ellipsis included; never half a surrogate pair. */
export function shorten(text: string, longest: number): string {
  if (text.length <= longest) return text;
  return `${text.slice(0, longest - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
