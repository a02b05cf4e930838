import type { ChatId, Participant, Sender } from './words.ts';

/** E.164: at most 15 digits, country code first, so never a leading zero. */
const PARTICIPANT = /^[1-9]\d{6,14}$/;

/** Participant from digits in country code + number form. The normalizer checks whether such a number can exist. */
export function parseParticipant(digits: string): Participant | undefined {
  return PARTICIPANT.test(digits) ? (digits as Participant) : undefined;
}

/** Masked number for logs, with country code and area only: `9195•••••844`. */
export function maskParticipant(digits: string): string {
  if (digits.length < 8) return '•'.repeat(digits.length);
  return `${digits.slice(0, 4)}${'•'.repeat(digits.length - 7)}${digits.slice(-3)}`;
}

/**
 * One key per person: WhatsApp knows some people under two numbers, and an answer may have either. Mexico 521… = 52…,
 * Argentina 549… = 54…, Brazil's ninth digit (55 DD 9XXXXXXXX = 55 DD XXXXXXXX for mobiles), the operator's two digits
 * of Côte d'Ivoire (the second digit after them belongs to the operator), Benin's 01. The key identifies; it is never
 * sent. Source: api/FACTS.md (inferred).
 */
export function personKey(digits: string): string {
  if (digits.length === 13) {
    if (digits.startsWith('521')) return `52${digits.slice(3)}`;
    if (digits.startsWith('549')) return `54${digits.slice(3)}`;
    if (digits.startsWith('55') && digits[4] === '9' && (digits[5] ?? '') >= '6') {
      return digits.slice(0, 4) + digits.slice(5);
    }
    if (/^225(?:01\d[0-3]|05\d[4-6]|07\d[7-9])|^22901[2-9]/.test(digits))
      return digits.slice(0, 3) + digits.slice(5);
  }
  return digits;
}

/** The other number under which WhatsApp may know a person of Mexico, Argentina or Brazil; undefined elsewhere. */
export function otherNumber(digits: string): string | undefined {
  const key = personKey(digits);
  if (/^(?:521|549|55)/.test(digits) && key !== digits) return key;
  if (/^52\d{10}$/.test(digits)) return `521${digits.slice(2)}`;
  if (/^54\d{10}$/.test(digits)) return `549${digits.slice(2)}`;
  if (/^55\d\d[6-9]\d{7}$/.test(digits)) return `${digits.slice(0, 4)}9${digits.slice(4)}`;
  return undefined;
}

// Former numbers: a country has since lengthened or shortened them, and WhatsApp still knows many people by them. They
// are asked as written, because no rule tells which of the two an account has.

/** Today's number for digits in a former form: `553187654321` → `5531987654321`. */
export function todaysNumber(digits: string): string | undefined {
  // Mexico's mobiles had a 1 until 2019; Brazil's got their ninth digit from 2012 to 2016.
  const mexican = /^521(\d{10})$/.exec(digits)?.[1];
  if (mexican !== undefined) return `52${mexican}`;
  const brazilian = /^55(\d\d)([6-9]\d{7})$/.exec(digits);
  return brazilian === null ? undefined : `55${brazilian[1]}9${brazilian[2]}`;
}

/**
 * Today's number for a former form in a WhatsApp id (`…@c.us`, `wa.me/…`): Côte d'Ivoire until 2021, Benin until 2024.
 * Outside an id, such digits are more likely a number of today with two digits missing.
 */
export function todaysNumberOfId(id: string): string | undefined {
  const ivorian = /^225(\d(\d)\d{6})$/.exec(id);
  if (ivorian !== null) return `225${ivorianOperator(Number(ivorian[2]))}${ivorian[1]}`;
  const beninese = /^229([2-9]\d{7})$/.exec(id)?.[1];
  return beninese === undefined ? undefined : `22901${beninese}`;
}

/** Prefix of Moov, MTN or Orange: the second of the eight digits told the operator, and each got its own prefix. */
function ivorianOperator(second: number): string {
  if (second <= 3) return '01';
  return second <= 6 ? '05' : '07';
}

/** `120363371308389685@g.us` (18 digits), or the legacy `905301234567-1574073754@g.us`. Source: the API's page. */
const CHAT_ID = /^(?:\d{18}|\d{7,15}-\d{10})@g\.us$/;

/** The only maker of a ChatId: the text must be the exact id. The cohort cleans it before. */
export function parseChatId(text: string): ChatId | undefined {
  return CHAT_ID.test(text) ? (text as ChatId) : undefined;
}

/**
 * Group id for everything but the results, the ledger and the report. A legacy id begins with the phone number of the
 * group's creator, which is masked (`9053•••••567-1574073754@g.us`); other ids contain no phone number.
 */
export function maskChatId(chatId: string): string {
  return chatId.replace(/^(\d+)-/, (_, creator: string) => `${maskParticipant(creator)}-`);
}

const SENDER = /^(?:[1-9]\d{6,14}|phone-[a-z0-9]{4,40})$/i;

/** The only maker of a Sender: country code + number in digits (a leading `+` is dropped), or `phone-…`. */
export function parseSender(text: string): Sender | undefined {
  const bare = text.trim().replace(/^\+/, '');
  return SENDER.test(bare) ? (bare as Sender) : undefined;
}

/** Sender for logs and plans: a number is masked; an id is not, because it names no person. */
export function maskSender(sender: string): string {
  return sender.startsWith('phone-') ? sender : maskParticipant(sender);
}
