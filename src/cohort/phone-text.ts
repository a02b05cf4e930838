import { isSpreadsheetError, plainText, scientific, unwrap } from './plain-text.ts';
import { quote } from './quote.ts';
import { type Trouble, trouble } from './trouble.ts';

/** The digits of a cell that holds one phone number, and what its writing says about them. */
export interface PhoneText {
  readonly digits: string;
  /** The cell without its wrappings: what a person would see. */
  readonly written: string;
  /** Written with `+`, `00`, as a link or as a WhatsApp id: the digits start with a country code. */
  readonly international: boolean;
  /** It is `00` that says so, which some countries write differently (Australia's 0011). `digits` are without it. */
  readonly zeros: boolean;
  /** How many digits stand before each gap in the writing: `(201) 555-0123` has 3 and 6. */
  readonly gaps: readonly number[];
}

/** A cell → its digits, or what is wrong with it before any country is asked. */
export function readPhoneText(cell: string): PhoneText | Trouble {
  const text = unwrap(plainText(cell));
  const shown = quote(cell);
  if (text === '') return trouble('phone_missing', 'the phone number is missing: fill it in');
  return spreadsheetDamage(text, shown) ?? address(text, shown) ?? written(text, shown);
}

function spreadsheetDamage(text: string, shown: string): PhoneText | Trouble | undefined {
  if (isSpreadsheetError(text)) {
    return trouble(
      'phone_not_a_number',
      `${shown} is a spreadsheet’s error, not a phone number: correct the cell`,
    );
  }
  const power = scientific(text);
  if (power !== undefined) {
    if (power.whole) return bare(power.digits);
    return trouble(
      'phone_scientific_notation',
      `${shown} is scientific notation: the last digits are gone; format the column as text and paste the numbers again`,
    );
  }
  const date =
    /^(?:(?:19|20)\d\d[-/.](?:0?[1-9]|1[0-2])[-/.][0-3]?\d|[0-3]?\d[-/.][0-3]?\d[-/.](?:19|20)\d\d)(?:[ T][\d:.]+Z?)?$/;
  if (date.test(text)) {
    return trouble('phone_not_a_number', `${shown} is a date, not a phone number: correct the cell`);
  }
  // A number column shows 919874532456.0, or 919,874,532,456: the digits are all there.
  const decimal = /^(\+?\d{7,15})[.,]0+$/.exec(text)?.[1];
  if (decimal !== undefined) return written(decimal, shown);
  const thousands = /^\d{1,3}(?:,\d{3}){2,4}(?:\.0+)?$/.test(text);
  return thousands ? bare(text.replace(/\.0+$/, '').replaceAll(',', '')) : undefined;
}

/** Links and ids that name a number: wa.me/…, 919874532456@c.us. Their digits are always country code + number. */
function address(text: string, shown: string): PhoneText | Trouble | undefined {
  const id = /^\+?(\d{5,})(?::\d+)?@(?:c\.us|s\.whatsapp\.net)$/i.exec(text)?.[1];
  if (id !== undefined) return international(id);
  const link =
    /^(?:https?:\/\/)?(?:www\.)?wa\.me\/(?:\+|%2b)?([\d\s().-]+)(?:[/?#].*)?$/i.exec(text)?.[1] ??
    /^(?:(?:https?:\/\/)?(?:api|web|www)\.whatsapp\.com\/send\/?|whatsapp:\/\/send\/?)\?(?:.*&)?phone=(?:\+|%2b)?([\d\s().-]+)(?:[&#].*)?$/i.exec(
      text,
    )?.[1];
  if (link !== undefined) return international(digitsOf(link).replace(/^00/, ''));
  if (/@g\.us$|chat\.whatsapp\.com/i.test(text)) {
    return trouble('phone_not_a_number', `${shown} is a group, not a phone number: correct the cell`);
  }
  if (/@lid$/i.test(text)) {
    return trouble(
      'phone_not_a_number',
      `${shown} is a WhatsApp LID, whose digits are no phone number: give the number`,
    );
  }
  if (/@|:\/\/|wa\.me/i.test(text)) {
    return trouble('phone_not_a_number', `${shown} holds no phone number: correct the cell`);
  }
  return undefined;
}

const LABEL =
  /^(?:tel(?:[eé]fono|[eé]phone|efon|ephone|efone)?|tlf|phone|ph|mobile|mob|m[oó]vil|cell|cel|celular|handy|whats\s?app|wa|call(?:to)?|sms(?:to)?|nr|no|num(?:ber)?|[tmp])(?:\s*[.:#]+|(?=[\s+(]))[\s.:#/]*(?=[+(\d])/i;
const EXTENSION =
  /\d[\s.,;]*(?:;\s*ext=|ext(?:ension|n)?[.:]?|x[.:]?|#|доб\.?|anexo|ramal|int(?:erno)?\.?)\s*\d{1,7}$/i;
const BETWEEN_NUMBERS = /[;\n|,/\\&]|\b(?:or|and|ou|et|oder|und|o|y|e)\b/i;

/** What a person or a contact app wrote. */
function written(text: string, shown: string): PhoneText | Trouble {
  const context = /^tel:.*;phone-context=(\+\d{1,3})(?:;|$)/i.exec(text)?.[1];
  const spoken = text
    .replace(LABEL, '')
    .replace(/;(?:phone-context|isub|cic|rn|npdi|npi)=[^;]*/gi, '')
    .trim();
  if (EXTENSION.test(spoken)) {
    return trouble(
      'phone_extension',
      `${shown} has an extension, which no WhatsApp account has: give the person’s mobile number`,
    );
  }
  const several = numbersIn(spoken);
  if (several.length > 1) {
    const named = several.map(quote).join(' and ');
    return trouble('phone_multiple', `${named} are ${several.length} numbers in one cell: keep one per row`);
  }
  if (/\p{L}/u.test(spoken) && /\d{3}/.test(spoken)) {
    return trouble(
      'phone_not_a_number',
      `${shown} holds words beside its digits: keep nothing but the phone number`,
    );
  }
  const number = spoken.replace(/\n/g, ' ').replace(/^[\s([-]*\++/, '+');
  if (!/^\+?[\d\s().\-/[\]•·_~]*\d[\d\s().\-/[\]•·_~]*$/.test(number)) {
    return trouble('phone_not_a_number', `${shown} holds no phone number: correct the cell`);
  }
  const digits = digitsOf(number);
  if (number.startsWith('+') || digits.startsWith('00')) {
    return international(digits.replace(/^00/, ''), !number.startsWith('+'));
  }
  if (context !== undefined) {
    return international(context.slice(1) + digits);
  }
  return { digits, written: number.trim(), international: false, zeros: false, gaps: gapsOf(number) };
}

/** The numbers that stand in one cell, each as it was written; one (or none) when the cell cannot be several. */
function numbersIn(text: string): readonly string[] {
  const plus = text.split(/(?=\+)/).filter((part) => digitsOf(part).length >= 5);
  const marked = text.split(BETWEEN_NUMBERS).filter((part) => digitsOf(part).length >= 7);
  if (marked.length > 1) return marked.map((part) => part.trim());
  if (plus.length > 1) return plus.map((part) => part.replace(/[\s(]+$/, ''));
  // 030 1234567/68: the switchboard's way to write two numbers that differ in their end.
  const range = /^(.*\d{4,})\s*\/\s*(\d{1,4})$/.exec(text);
  if (range !== null) return [range[1] as string, range[2] as string];
  // Nothing but a space between them: only when the whole is too long to be one number.
  if (digitsOf(text).length <= 15) return [text];
  const words = text.split(/\s+/);
  for (let at = 1; at < words.length; at++) {
    const halves = [words.slice(0, at).join(' '), words.slice(at).join(' ')];
    const lengths = halves.map((half) => digitsOf(half).length);
    if (lengths.every((length) => length >= 8 && length <= 15) && lengths[0] === lengths[1]) return halves;
  }
  return [text];
}

function bare(digits: string): PhoneText {
  if (digits.startsWith('00')) return international(digits.slice(2), true);
  return { digits, written: digits, international: false, zeros: false, gaps: [] };
}

function international(digits: string, zeros = false): PhoneText {
  return { digits, written: digits, international: true, zeros, gaps: [] };
}

function digitsOf(text: string): string {
  return text.replace(/\D/g, '');
}

function gapsOf(number: string): readonly number[] {
  const gaps: number[] = [];
  let count = 0;
  for (const group of number.split(/\D+/)) {
    if (group === '') continue;
    if (count > 0) gaps.push(count);
    count += group.length;
  }
  return gaps;
}
