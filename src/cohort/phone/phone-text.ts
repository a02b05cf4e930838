import { isSpreadsheetError, plainText, quote, scientific, type Trouble, trouble, unwrap } from '../cell.ts';
import { callingCodeOf } from './numbering.ts';

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
    const why = `is longer than any phone number (over ${LONGEST} characters): correct the cell`;
    return notANumber(shown, why);
  }
  const text = unwrap(plainText(cell));
  if (text === '') return trouble('phone_missing', 'the phone number is missing: fill it in');
  if (cell.includes('\ufffd')) {
    return notANumber(shown, 'holds a damaged character: correct the cell, or give the file’s --encoding');
  }
  if (SHAPES.test(cell)) return masked(shown);
  if (CROSSED.test(cell)) return notANumber(shown, 'is crossed out: give the number that counts');
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
    return notANumber(shown, 'is a group, not a phone number: correct the cell');
  }
  if (/@lid$/i.test(text)) {
    return notANumber(shown, 'is a WhatsApp LID, whose digits are not a phone number: give the number');
  }
  return /@|:\/\/|wa\.me/i.test(text) ? holdsNone(shown) : undefined;
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
  if (MASKED.test(spoken)) return masked(shown);
  if (/\p{L}/u.test(spoken) && /\d{3}/.test(spoken)) {
    return notANumber(shown, 'holds words beside its digits: keep nothing but the phone number');
  }
  if (hasOpenBracket(spoken)) {
    return notANumber(shown, 'has a bracket without its other half: keep nothing but the phone number');
  }
  const fraction = decimal(spoken, shown);
  if (fraction !== undefined) return fraction;
  const number = spoken
    .replace(/\n/g, ' ')
    .replace(/^[\s([\-•·]*\++/, '+')
    .trim();
  if (!/^\+?[\d\s().\-/[\]•·_~]*\d[\d\s().\-/[\]•·_~]*$/.test(number)) {
    return holdsNone(shown);
  }
  const digits = digitsOf(number);
  if (number.startsWith('+'))
    return numberOf(digits.replace(/^00/, ''), { written: number, international: true });
  const gaps = gapsOf(number);
  const whole = gaps.length === 0 || THOUSANDS.test(number) ? rounded(digits, shown) : undefined;
  if (whole !== undefined) return whole;
  if (digits.startsWith('00'))
    return numberOf(digits.slice(2), { written: number, international: true, zeros: true });
  if (context !== undefined) return inContext(digits, context, shown);
  return numberOf(digits, { written: number, gaps });
}

/** Local number with its dialling context: only a country code completes it. */
function inContext(digits: string, context: string, shown: string): PhoneText | Trouble {
  const code = context.startsWith('+') ? digitsOf(context) : '';
  if (code !== '' && callingCodeOf(code) === code) return numberOf(code + digits, { international: true });
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

function notANumber(shown: string, why: string): Trouble {
  return trouble('phone_not_a_number', `${shown} ${why}`);
}

function holdsNone(shown: string): Trouble {
  return notANumber(shown, 'holds no phone number: correct the cell');
}

/** A number without a mark of a country code, unless `marks` say more. */
export function numberOf(digits: string, marks: Partial<PhoneText> = {}): PhoneText {
  return { digits, written: digits, international: false, zeros: false, id: false, gaps: [], ...marks };
}

function bare(digits: string, shown: string): PhoneText | Trouble {
  return rounded(digits, shown) ?? numberOf(digits);
}

function asId(writing: string, text: string, shown: string): PhoneText | Trouble {
  if (MASKED.test(writing)) return masked(shown);
  const digits = digitsOf(writing).replace(/^00/, '');
  const isText = /\+|%2b/i.test(text) || gapsOf(writing).length > 0;
  return (isText ? undefined : rounded(digits, shown)) ?? numberOf(digits, { international: true, id: true });
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

// Below: numbers damaged by a spreadsheet or a mask, whose digits are not the original ones.

const AGAIN = 'format the column as text and paste the numbers again';

/** Damage of the whole cell, as far as its text alone shows. */
function damageOf(text: string, shown: string): Trouble | undefined {
  if (isSpreadsheetError(text)) {
    return notANumber(shown, 'is a spreadsheet’s error, not a phone number: correct the cell');
  }
  if (isCalculated(text)) {
    return trouble(
      'phone_calculated',
      `${shown} has a minus sign: a spreadsheet has calculated with the number (+91-98… gives -98…); ${AGAIN}`,
    );
  }
  if (scientific(text)?.whole === false) {
    return trouble(
      'phone_scientific_notation',
      `${shown} is scientific notation: the last digits are gone; ${AGAIN}`,
    );
  }
  const date =
    /^(?:(?:19|20)\d\d[-/.](?:0?[1-9]|1[0-2])[-/.][0-3]?\d|[0-3]?\d[-/.][0-3]?\d[-/.](?:19|20)\d\d)(?:[ T][\d:.]+Z?)?$/;
  return date.test(text) ? notANumber(shown, 'is a date, not a phone number: correct the cell') : undefined;
}

/** A quantity in a spreadsheet's notation: 9876543119, 9876543119.5, 9.876E+9, 9,876,543,119. */
const QUANTITY = /^(?:\d+(?:[.,]\d*)?(?:e[+-]?\d{1,3})?|\d{1,3}(?:([.,' ])\d{3})(?:\1\d{3})*(?:[.,]\d+)?)$/i;

/** Whether the text is a negative quantity: with a minus before or after it, or in accounting brackets. */
function isCalculated(text: string): boolean {
  const inner = text.replace(/^[=\s([-]+|[\s)\]-]+$/g, '');
  if (!QUANTITY.test(inner)) return false;
  const around = text.split(inner) as [string, string];
  return around.some((side) => side.includes('-')) || (around[0].includes('(') && around[1].includes(')'));
}

/** Digits with thousands separators: 919,877,000,000 or 919.877.000.000. */
const THOUSANDS = /^\d{1,3}(?:([.,])\d{3})(?:\1\d{3})+$/;

/**
 * Trouble with rounded digits: without `+` or gaps, and zeros after the first few. A spreadsheet showed them as
 * 9.19877E+11, and somebody turned that into a number again.
 */
function rounded(digits: string, shown: string): Trouble | undefined {
  const quantity = digits.replace(/^0+/, '');
  if (quantity.length < 11 || quantity.replace(/0+$/, '').length > 6) return undefined;
  return trouble('phone_rounded', `${shown} is rounded: the last digits are gone; ${AGAIN}`);
}

/** Trouble with decimals such as 62812.3456789: a decimal number has lost any zeros at its end. */
function decimal(text: string, shown: string): Trouble | undefined {
  if (!/^(?:0|[1-9]\d*)?[.,]\d+$/.test(text)) return undefined;
  return trouble(
    'phone_rounded',
    `${shown} is a number with decimals, which loses the zeros at its end; ${AGAIN}`,
  );
}

/** Two of these in a row hide digits; a single one is a gap. */
const HIDING = String.raw`[•·_~.\-*x×#?]`;
const MASKED = new RegExp(
  [
    // After the first digit, in any position …
    String.raw`[+\d].*${HIDING}\s*${HIDING}`,
    // … before the first, without a + that marks the beginning …
    String.raw`^[^+\d]*${HIDING}\s*${HIDING}\s*\d`,
    // … and a single one attached to one side. The last alternative is the mask of an eight-digit number in our own
    // log.
    String.raw`\d[•·_~](?!\d)|\d\s+[•·_~]\d|^\d{4}•\d{3}$`,
  ].join('|'),
  'is',
);
/** Blocks, discs, squares and crosses, which `plainText` takes for decoration. */
const SHAPES =
  /[+\p{Nd}].*[\u2580-\u25ff\u26aa\u26ab\u2715-\u2718\u2731-\u273d\u274c\u2b1b\u2b1c\u2b24\u{1f534}\u{1f535}\u{1f7e0}-\u{1f7eb}]/su;

/** Lines through the digits, and signs that say no. */
const CROSSED =
  /[\u0335-\u0338\u20d2\u20d3\u20e0\u20e5-\u20eb\u26d4\u2716-\u2718\u274c\u274e\u{1f4f5}\u{1f645}\u{1f6ab}\u{1f6d1}]/u;

function masked(shown: string): Trouble {
  return trouble('phone_masked', `${shown} is masked: some digits are hidden; fill in the whole number`);
}

/** Whether a bracket opens and does not close, or the reverse. */
function hasOpenBracket(text: string): boolean {
  let left = text.replace(/[^()[\]]/g, '');
  for (let before = ''; before !== left; ) {
    before = left;
    left = left.replace(/\(\)|\[\]/g, '');
  }
  return left !== '';
}
