import { maskParticipant } from './participant.ts';
import type { ChatId } from './words.ts';

/** `120363371308389685@g.us` (18 digits), or the legacy `905301234567-1574073754@g.us`. Source: the API's page. */
const SHAPE = /^(?:\d{18}|\d{7,15}-\d{10})@g\.us$/;

/** The only maker of a ChatId: the text must already be the exact id. Cleaning is the cohort's business. */
export function parseChatId(text: string): ChatId | undefined {
  return SHAPE.test(text) ? (text as ChatId) : undefined;
}

/**
 * The id as it may be shown outside the results, the ledger and the report: a legacy one begins with the phone number of
 * whoever made the group, which is masked (`9053•••••567-1574073754@g.us`); the others are nobody's number.
 */
export function maskChatId(chatId: string): string {
  return chatId.replace(/^(\d+)-/, (_, creator: string) => `${maskParticipant(creator)}-`);
}
