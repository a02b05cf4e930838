/** Cells: their text as a person meant it, and the ids of groups and sending phones in them. */

import { parseChatId, parseSender } from '../domain/ids.ts';
import type { ReasonCode } from '../domain/reasons.ts';
import type { ChatId, Sender } from '../domain/words.ts';
import { remembering } from '../lib/text.ts';

/** Reason why a cell cannot be used, without its column. `message` is one sentence. */
export interface Trouble {
  readonly code: ReasonCode;
  readonly message: string;
}

export function trouble(code: ReasonCode, message: string): Trouble {
  return { code, message };
}

const LONGEST = 40;

/**
 * Text for a one-line message: white space and control characters collapsed, invisible format characters (which could
 * reorder a terminal's line) dropped.
 */
export function onOneLine(text: string): string {
  return text
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .replace(/[\p{Cf}\p{Cs}]/gu, '')
    .trim();
}

/** Cell quoted for a one-line message: “…” around it, at most 40 characters. */
export function quote(cell: string): string {
  const head = cell.length > 4 * LONGEST ? cell.slice(0, 4 * LONGEST) : cell;
  const flat = onOneLine(head);
  const letters = [...flat];
  const cut = letters.length > LONGEST || head.length < cell.length;
  return `“${cut ? `${letters.slice(0, LONGEST - 1).join('')}…` : flat}”`;
}

/** `“a”, “b” and “c”`; after `most` names, the number of the others. */
export function quoteAll(names: readonly string[], most = 20): string {
  const shown = names.slice(0, most).map(quote);
  if (names.length > most) return `${shown.join(', ')} and ${names.length - most} more`;
  const last = shown.pop();
  return shown.length === 0 ? (last ?? '') : `${shown.join(', ')} and ${last}`;
}

/**
 * Text of a cell without the wrapping of contact apps, phones and spreadsheets: invisible direction marks, exotic
 * spaces and dashes, full-width forms, decimal digits of any script. Superscripts, fractions and other characters with
 * a digit's value stay, so that the reader of the cell refuses them.
 */
export function plainText(cell: string): string {
  if (/^[\x20-\x7e]*$/.test(cell)) return cell.trim();
  return cell
    .replace(/[\t\v\f\u0085]/g, ' ')
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(/[^\n\x20-\x7e]/gu, plainCharacter)
    .trim();
}

function plainCharacter(char: string): string {
  // An unreadable byte may have been a digit.
  if (char === '\ufffd') return char;
  if (/\p{Nd}/u.test(char)) return decimalDigit(char);
  if (/\p{Zs}/u.test(char)) return ' ';
  if (/[\p{Pd}\u2212\u2796\u30fc\u301c\uff5e]/u.test(char)) return '-';
  // Format characters, variation selectors, the keycap of 9️⃣, and control characters: all invisible.
  if (/[\p{Cf}\p{Cc}\p{M}]/u.test(char)) return '';
  // Telephone signs, flags and other emoji next to the number.
  if (/[\p{So}\p{Sk}]/u.test(char)) return ' ';
  const compatible = char.normalize('NFKC');
  return /^[\x20-\x2f\x3a-\x7e]$/.test(compatible) ? compatible : char;
}

/** Value of a decimal digit: its place in its run of ten, which begins with zero. */
const decimalDigit = remembering(1_000, (char) => {
  const code = char.codePointAt(0) as number;
  let before = 0;
  while (/\p{Nd}/u.test(String.fromCodePoint(code - before - 1))) before++;
  return String(before % 10);
});

/** Longer than any id, number or name of a country with its wrapping, in characters. */
const LONGEST_WRAPPED = 1_000;

/**
 * Text without the marks by which a spreadsheet keeps text as text: `'…`, `="…"`, quotes left around the value. Our own
 * results writer also puts the apostrophe before a cell that looks like a formula.
 */
export function unwrap(text: string): string {
  // Removed layer by layer, which would be slow for a long text of many layers.
  if (text.length > LONGEST_WRAPPED) return text;
  let inner = text;
  for (let previous = ''; previous !== inner; ) {
    previous = inner;
    inner = inner
      .replace(/^=\s*"(.*)"$/s, '$1')
      .replace(/^=(?=\+?\d)/, '')
      .replace(/^"(.*)"$/s, '$1')
      .replace(/^['`´‘’]+|['`´‘’]+$/g, '')
      .trim();
  }
  return inner;
}

/** Whether the text is `#REF!`, `#N/A`, `#VALUE!`, or the `#####` of a narrow column. */
export function isSpreadsheetError(text: string): boolean {
  return /^#(?:[A-Z][A-Z0-9_/]*[!?]?|#+)$/i.test(text);
}

/** Number in scientific notation, as a spreadsheet shows large numbers: `9.19875E+11`, `9,2e11`. */
export function scientific(text: string): { readonly digits: string; readonly whole: boolean } | undefined {
  const match = /^[+-]?(\d+)(?:[.,](\d*))?\s*e\s*\+?(-?\d{1,3})$/i.exec(text);
  if (match === null) return undefined;
  const [, lead = '', fraction = '', exponent = ''] = match;
  // All digits are there only when the mantissa is as long as the number: 9.19874532456E+11 has lost nothing.
  const whole = /^[1-9]$/.test(lead) && fraction.length === Number(exponent);
  return { digits: lead + fraction, whole };
}

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
    `${quote(cell)} is not a sending phone: write country code + number, like 919876543210, or its id, like phone-bqzvyibhmwkaergr`,
  );
}
