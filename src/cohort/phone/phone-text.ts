import { plainText, quote, scientific, type Trouble, trouble, unwrap } from '../cell.ts';
import { callingCodeOf } from './numbering.ts';
import {
  damageOf,
  decimal,
  hasMaskingShapes,
  hasOpenBracket,
  isMasked,
  masked,
  rounded,
  THOUSANDS,
} from './phone-damage.ts';

/** Digits of a cell with one phone number, and facts about their notation. */
export interface PhoneText {
  readonly digits: string;
  /** The number as a person would see it, without wrappings. */
  readonly written: string;
  /** Whether the digits start with a country code: written with `+`, `00`, as a link or as a WhatsApp id. */
  readonly international: boolean;
  /**
   * Whether `00` marks the country code; some countries dial something else (Australia's 0011). `digits` exclude it.
   */
  readonly zeros: boolean;
  /** Whether it is a WhatsApp id, which may have a form that the country itself no longer uses. */
  readonly id: boolean;
  /** Number of digits before each gap: `(201) 555-0123` has 3 and 6. */
  readonly gaps: readonly number[];
}

/** Longer than any number in any notation, and any link to one, in characters. */
const LONGEST = 200;

/** A cell → its digits, or the trouble with it regardless of the country. */
export function readPhoneText(cell: string): PhoneText | Trouble {
  const shown = quote(cell);
  if (cell.length > LONGEST && cell.trim().length > LONGEST) {
    return trouble(
      'phone_not_a_number',
      `${shown} is longer than any phone number (over ${LONGEST} characters): correct the cell`,
    );
  }
  const text = unwrap(plainText(cell));
  if (text === '') return trouble('phone_missing', 'the phone number is missing: fill it in');
  if (cell.includes('\ufffd')) {
    return trouble(
      'phone_not_a_number',
      `${shown} holds a damaged character: correct the cell, or give the file’s --encoding`,
    );
  }
  if (hasMaskingShapes(cell)) return masked(shown);
  return (
    damageOf(text, shown) ??
    quantity(text, shown) ??
    roundedBetweenBlanks(cell, shown) ??
    address(text, shown) ??
    written(text, shown)
  );
}

/** Number cell such as 919874532456.0, 919,874,532,456 or 9.19874532456E+11: all digits are there. */
function quantity(text: string, shown: string): PhoneText | Trouble | undefined {
  const power = scientific(text)?.digits;
  if (power !== undefined) return bare(power, shown);
  const decimals = /^(\+?\d+)[.,]0+$/.exec(text)?.[1];
  if (decimals !== undefined) return written(decimals, shown);
  const thousands = /^(\d{1,3}(?:,\d{3}){2,4})(?:\.0+)?$/.exec(text)?.[1];
  return thousands === undefined ? undefined : bare(digitsOf(thousands), shown);
}

/**
 * Trouble with a number of a French, Russian or Swedish sheet: narrow or fixed blanks between thousands do not mark
 * text.
 */
function roundedBetweenBlanks(cell: string, shown: string): Trouble | undefined {
  if (!/^\d{1,3}(?:[\u00a0\u2009\u202f]\d{3}){2,4}$/.test(cell.trim())) return undefined;
  const read = bare(digitsOf(cell), shown);
  return 'code' in read ? read : undefined;
}

/** Link or id of a number: wa.me/…, 919874532456@c.us. The digits are always country code + number. */
function address(text: string, shown: string): PhoneText | Trouble | undefined {
  const id = /^\+?(\d{5,})(?::\d+)?@(?:c\.us|s\.whatsapp\.net)$/i.exec(text)?.[1];
  if (id !== undefined) return asId(id, text, shown);
  const link =
    /^(?:https?:\/\/)?(?:www\.)?wa\.me\/(?:\+|%2b)?([\d\s().-]+)(?:[/?#].*)?$/i.exec(text)?.[1] ??
    /^(?:(?:https?:\/\/)?(?:api|web|www)\.whatsapp\.com\/send\/?|whatsapp:\/\/send\/?)\?(?:.*&)?phone=(?:\+|%2b)?([\d\s().-]+)(?:[&#].*)?$/i.exec(
      text,
    )?.[1];
  if (link !== undefined) return asId(link, text, shown);
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
  /^(?:tel(?:[eé]fono|[eé]phone|efon|ephone|efone)?|tlf|phone|ph|mobile|mob|m[oó]vil|cell|cel|celular|handy|whats\s?app|wa|call(?:to)?|sms(?:to)?|nr|no|num(?:ber)?|[tmp])(?:\s*[.:#]+|(?=[\s+(]))[\s.:#/-]*(?=[+(\d])/i;
const EXTENSION =
  /\d[\s.,;]*(?:;\s*ext=|ext(?:ension|n)?[.:]?|x[.:]?|#|доб\.?|anexo|ramal|int(?:erno)?\.?)\s*\d{1,7}$/i;
const BETWEEN_NUMBERS = /[;\n|,/\\&]|\b(?:or|and|ou|et|oder|und|o|y|e)\b/i;

/** Number as written by a person or a contact app. */
function written(text: string, shown: string): PhoneText | Trouble {
  const context = /;phone-context=([^;]*)/i.exec(text)?.[1];
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
  if (isMasked(spoken)) return masked(shown);
  if (/\p{L}/u.test(spoken) && /\d{3}/.test(spoken)) {
    return trouble(
      'phone_not_a_number',
      `${shown} holds words beside its digits: keep nothing but the phone number`,
    );
  }
  if (hasOpenBracket(spoken)) {
    return trouble(
      'phone_not_a_number',
      `${shown} has a bracket without its other half: keep nothing but the phone number`,
    );
  }
  const fraction = decimal(spoken, shown);
  if (fraction !== undefined) return fraction;
  const number = spoken
    .replace(/\n/g, ' ')
    .replace(/^[\s([\-•·]*\++/, '+')
    .trim();
  if (!/^\+?[\d\s().\-/[\]•·_~]*\d[\d\s().\-/[\]•·_~]*$/.test(number)) {
    return trouble('phone_not_a_number', `${shown} holds no phone number: correct the cell`);
  }
  const digits = digitsOf(number);
  if (number.startsWith('+')) return international(digits.replace(/^00/, ''), number);
  const gaps = gapsOf(number);
  const whole = gaps.length === 0 || THOUSANDS.test(number) ? rounded(digits, shown) : undefined;
  if (whole !== undefined) return whole;
  if (digits.startsWith('00')) return international(digits.slice(2), number, { zeros: true });
  if (context !== undefined) return inContext(digits, context, shown);
  return { digits, written: number, international: false, zeros: false, id: false, gaps };
}

/** Local number with its dialling context: only a country code completes it. */
function inContext(digits: string, context: string, shown: string): PhoneText | Trouble {
  const code = context.startsWith('+') ? digitsOf(context) : '';
  if (code !== '' && callingCodeOf(code) === code) return international(code + digits);
  return trouble(
    'phone_no_country',
    `${shown} is a local number of ${quote(context)}: write it with + and the country code`,
  );
}

/** The numbers in one cell, each as written; one (or none) when the cell cannot be several. */
function numbersIn(text: string): readonly string[] {
  const plus = text.split(/(?=\+)/).filter((part) => digitsOf(part).length >= 5);
  const marked = text.split(BETWEEN_NUMBERS).filter((part) => digitsOf(part).length >= 7);
  if (marked.length > 1) return marked.map((part) => part.trim());
  if (plus.length > 1) return plus.map((part) => part.replace(/[\s(]+$/, ''));
  // 030 1234567/68: two numbers of a switchboard that differ in their end.
  const range = /^(.*\d{4,})\s*\/\s*(\d{1,4})$/.exec(text);
  if (range !== null) return [range[1] as string, range[2] as string];
  // Separated by spaces only: several numbers only when the whole is too long for one.
  if (digitsOf(text).length <= 15) return [text];
  const words = text.split(/\s+/);
  for (let at = 1; at < words.length; at++) {
    const halves = [words.slice(0, at).join(' '), words.slice(at).join(' ')];
    const lengths = halves.map((half) => digitsOf(half).length);
    if (lengths.every((length) => length >= 8 && length <= 15) && lengths[0] === lengths[1]) return halves;
  }
  return [text];
}

function bare(digits: string, shown: string): PhoneText | Trouble {
  return (
    rounded(digits, shown) ?? {
      digits,
      written: digits,
      international: false,
      zeros: false,
      id: false,
      gaps: [],
    }
  );
}

function asId(writing: string, text: string, shown: string): PhoneText | Trouble {
  if (isMasked(writing)) return masked(shown);
  const digits = digitsOf(writing).replace(/^00/, '');
  const isText = /\+|%2b/i.test(text) || gapsOf(writing).length > 0;
  return (isText ? undefined : rounded(digits, shown)) ?? international(digits, digits, { id: true });
}

function international(
  digits: string,
  written = digits,
  { zeros = false, id = false }: { readonly zeros?: boolean; readonly id?: boolean } = {},
): PhoneText {
  return { digits, written, international: true, zeros, id, gaps: [] };
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
