import { parseChatId, parseSender } from '../domain/ids.ts';
import type { ChatId, Sender } from '../domain/words.ts';
import { isSpreadsheetError, plainText, quote, scientific, type Trouble, trouble, unwrap } from './cell.ts';

const HOW =
  'a chat_id looks like 120363371308389685@g.us; copy it from the chat’s info in the Periskope console';

/**
 * A chat_id cell → the group's id. Cleaned are white space, wrappings, case, `%40`, a missing `@g.us`, and thousands
 * separators: none of them changes the digits. An id rounded by a spreadsheet is refused: it keeps 15 digits and then
 * has zeros. (One true id in a thousand also ends in three zeros; --chat-id, which is taken literally, reaches that
 * group.)
 */
export function readChatCell(cell: string): ChatId | Trouble {
  const text = unwrap(plainText(cell));
  if (text === '') return trouble('chat_id_missing', 'the chat_id is missing: fill it in, or give --chat-id');
  const shown = quote(cell);
  if (/chat\.whatsapp\.com|whatsapp:\/\/chat|wa\.me\/[a-z]/i.test(text)) {
    return trouble('chat_id_invite_link', `${shown} is an invite link, not a chat_id: ${HOW}`);
  }
  if (isSpreadsheetError(text)) {
    return trouble('chat_id_invalid', `${shown} is a spreadsheet’s error, not a chat_id: ${HOW}`);
  }
  const bare = text
    .replace(/%40/i, '@')
    .replace(/\s+/g, '')
    .toLowerCase()
    .replace(/@g\.us$/, '')
    .replace(/^(\d{1,3}(?:([.,'])\d{3})(?:\2\d{3})+)$/, (grouped) => grouped.replace(/\D/g, ''))
    .replace(/^(\d{16,})[.,]0+$/, '$1');
  const power = scientific(bare);
  if (power !== undefined) {
    if (!power.whole) return truncated(shown);
    return finish(power.digits, shown);
  }
  return finish(bare, shown);
}

function finish(bare: string, shown: string): ChatId | Trouble {
  const id = parseChatId(`${bare}@g.us`);
  if (id !== undefined) return /^\d{15}0{3}$/.test(bare) ? truncated(shown) : id;
  if (/^(?:\+?\d{5,15}(?::\d+)?@|.*@(?:c\.us|s\.whatsapp\.net|lid|newsletter|broadcast)$)/.test(bare)) {
    return trouble('chat_id_not_a_group', `${shown} is not a group’s id, which ends in @g.us: ${HOW}`);
  }
  if (/^\+?\d{7,15}$/.test(bare)) {
    return trouble('chat_id_not_a_group', `${shown} looks like a phone number, not a group’s id: ${HOW}`);
  }
  if (/^\d{15,}$/.test(bare)) {
    return trouble('chat_id_invalid', `${shown} has ${bare.length} digits where a chat_id has 18: ${HOW}`);
  }
  return trouble('chat_id_invalid', `${shown} is not a chat_id: ${HOW}`);
}

function truncated(shown: string): Trouble {
  return trouble(
    'chat_id_truncated',
    `${shown} was rounded by a spreadsheet, its last digits are gone: format the column as text and paste the ids again (an id that truly ends in 000 goes with --chat-id)`,
  );
}

/** Number with `+`, spaces, brackets and dashes: the `+` marks its beginning. */
const SPACED = /^\+\d[\d ()-]*$/;

/**
 * A sender cell → the sending phone, as `--phone` takes it (and with the spaces, brackets and dashes of a number that
 * begins with `+`); undefined: blank; Trouble: not readable. Never a guess.
 */
export function readSenderCell(cell: string): Sender | undefined | Trouble {
  const text = unwrap(plainText(cell));
  if (text === '') return undefined;
  const sender = parseSender(SPACED.test(text) ? text.replace(/[ ()-]/g, '') : text);
  if (sender !== undefined) return sender;
  return trouble(
    'sender_unreadable',
    `${quote(cell)} is no sending phone: write country code + number, like 919876543210, or its id, like phone-bqzvyibhmwkaergr`,
  );
}
