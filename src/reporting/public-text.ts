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
    if (/^\d{18}$/.test(found) && text.startsWith('@g.us', at + found.length)) return found; // a group's id
    const digits = found.replace(/\D/g, '');
    return digits.length < FEWEST_DIGITS ? found : maskParticipant(digits);
  });
  return plain(masked, most);
}

/** A legacy id begins with the phone number of whoever made the group. The others are nobody's number. */
export function publicChatId(chatId: string): string {
  return chatId.replace(/^(\d+)-/, (_, creator: string) => `${maskParticipant(creator)}-`);
}
