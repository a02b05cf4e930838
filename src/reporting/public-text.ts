/** Text for pages that others read too (job pages, dashboards): nothing in it leads to a person. */
import { maskParticipant } from '../domain/participant.ts';
import { plain } from './text.ts';

/** Digits written like a phone: with spaces, dots, dashes or brackets between them. */
const NUMBER = /\+?\d(?:[\d\s().\-/]*\d)?/g;
/** Fewer digits are a date, a price or a cohort's number; national numbers of ten digits are phones. */
const FEWEST_DIGITS = 10;

/** Untrusted text on one line, with everything masked that could be a phone number. */
export function publicText(text: string, most = 300): string {
  const masked = text.replace(NUMBER, (found: string, at: number) => {
    if (isGroup(found, text.slice(at + found.length))) return found;
    const digits = found.replace(/\D/g, '');
    return digits.length < FEWEST_DIGITS ? found : maskParticipant(digits);
  });
  return plain(masked, most);
}

/** The digits of a group's id, which are nobody's number; they begin like this also where the rest of it is missing. */
function isGroup(found: string, rest: string): boolean {
  return /^\d{18}$/.test(found) && (rest.startsWith('@g.us') || found.startsWith('120363'));
}
