import { parseSender } from '../domain/sender.ts';
import type { Sender } from '../domain/words.ts';
import { plainText, unwrap } from './file/plain-text.ts';
import { quote } from './file/quote.ts';
import { type Trouble, trouble } from './trouble.ts';

/** A number written for people: with its `+`, it is certain where it begins. */
const SPACED = /^\+\d[\d ()-]*$/;

/**
 * A sender cell → the sending phone, as `--phone` takes it (and with the spaces, brackets and dashes of a number that
 * begins with `+`); undefined when it is blank; or why it cannot be read. Never a guess.
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
