import type { ChatId } from './words.ts';

/** `120363371308389685@g.us` (18 digits), or the legacy `905301234567-1574073754@g.us`. Source: the API's page. */
const SHAPE = /^(?:\d{18}|\d{7,15}-\d{10})@g\.us$/;

/** The only maker of a ChatId: the text must already be the exact id. Cleaning is the cohort's business. */
export function parseChatId(text: string): ChatId | undefined {
  return SHAPE.test(text) ? (text as ChatId) : undefined;
}
