import { isSpreadsheetError, scientific, type Trouble, trouble } from '../cell.ts';

/** Phone numbers damaged by a spreadsheet or a mask: their digits are not the original ones. */

const AGAIN = 'format the column as text and paste the numbers again';

/** Damage of the whole cell, as far as its text alone shows. */
export function damageOf(text: string, shown: string): Trouble | undefined {
  if (isSpreadsheetError(text)) {
    return trouble(
      'phone_not_a_number',
      `${shown} is a spreadsheet’s error, not a phone number: correct the cell`,
    );
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
  if (date.test(text)) {
    return trouble('phone_not_a_number', `${shown} is a date, not a phone number: correct the cell`);
  }
  return undefined;
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
export const THOUSANDS = /^\d{1,3}(?:([.,])\d{3})(?:\1\d{3})+$/;

/**
 * Trouble with rounded digits: without `+` or gaps, and zeros after the first few. A spreadsheet showed them as
 * 9.19877E+11, and somebody turned that into a number again.
 */
export function rounded(digits: string, shown: string): Trouble | undefined {
  const quantity = digits.replace(/^0+/, '');
  if (quantity.length < 11 || quantity.replace(/0+$/, '').length > 6) return undefined;
  return trouble('phone_rounded', `${shown} is rounded: the last digits are gone; ${AGAIN}`);
}

/** Trouble with decimals such as 62812.3456789: a decimal number has lost any zeros at its end. */
export function decimal(text: string, shown: string): Trouble | undefined {
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

export function hasMaskingShapes(cell: string): boolean {
  return SHAPES.test(cell);
}

export function isMasked(text: string): boolean {
  return MASKED.test(text);
}

export function masked(shown: string): Trouble {
  return trouble('phone_masked', `${shown} is masked: some digits are hidden; fill in the whole number`);
}

/** Whether a bracket opens and does not close, or the reverse. */
export function hasOpenBracket(text: string): boolean {
  let left = text.replace(/[^()[\]]/g, '');
  for (let before = ''; before !== left; ) {
    before = left;
    left = left.replace(/\(\)|\[\]/g, '');
  }
  return left !== '';
}
