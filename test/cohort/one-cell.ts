import type { CountryCode } from 'libphonenumber-js/max';
import { readChatCell, type Trouble } from '../../src/cohort/cell.ts';
import { readPhoneCell } from '../../src/cohort/phone/phone-cell.ts';
import type { ChatId, Participant, Problem } from '../../src/domain/words.ts';

/** A phone cell → the participant, or the problem with it. Pure. */
export function normalizePhone(
  cell: string,
  options: { readonly defaultCountry?: CountryCode | undefined; readonly column?: string } = {},
): { readonly participant: Participant } | Problem {
  const read = readPhoneCell(cell, options.defaultCountry);
  return typeof read === 'string' ? { participant: read } : problem(read, options.column, cell);
}

/** A chat_id cell → the group's id, or the problem with it. Pure. */
export function normalizeChatId(
  cell: string,
  options: { readonly column?: string } = {},
): { readonly chatId: ChatId } | Problem {
  const read = readChatCell(cell);
  return typeof read === 'string' ? { chatId: read } : problem(read, options.column, cell);
}

function problem({ code, message }: Trouble, column: string | undefined, value: string): Problem {
  return column === undefined ? { code, message, value } : { code, message, column, value };
}
