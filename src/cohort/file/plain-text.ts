/**
 * What contact apps, phones and spreadsheets wrap around digits, taken off: invisible direction marks, exotic
 * spaces and dashes, full-width forms, the decimal digits of any script. Nothing that carries a digit's value is
 * changed otherwise: superscripts, fractions and the like stay, and are refused by whoever reads the text.
 */
export function plainText(cell: string): string {
  if (/^[\x20-\x7e]*$/.test(cell)) return cell.trim();
  return cell
    .replace(/[\t\v\f\u0085]/g, ' ')
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(/[^\n\x20-\x7e]/gu, plainCharacter)
    .trim();
}

const digitOf = new Map<string, string>();

function plainCharacter(char: string): string {
  // A byte that could not be read may have been a digit.
  if (char === '\ufffd') return char;
  if (/\p{Nd}/u.test(char)) return decimalDigit(char);
  if (/\p{Zs}/u.test(char)) return ' ';
  if (/[\p{Pd}\u2212\u2796\u30fc\u301c\uff5e]/u.test(char)) return '-';
  // Format characters, variation selectors, the keycap of 9️⃣, and control characters: they show nothing.
  if (/[\p{Cf}\p{Cc}\p{M}]/u.test(char)) return '';
  // Telephone signs, flags and other emoji beside the number.
  if (/[\p{So}\p{Sk}]/u.test(char)) return ' ';
  const compatible = char.normalize('NFKC');
  return /^[\x20-\x2f\x3a-\x7e]$/.test(compatible) ? compatible : char;
}

/** Decimal digits stand in runs of ten, zero first, so the place in its run is a digit's value. */
function decimalDigit(char: string): string {
  const known = digitOf.get(char);
  if (known !== undefined) return known;
  const code = char.codePointAt(0) as number;
  let before = 0;
  while (/\p{Nd}/u.test(String.fromCodePoint(code - before - 1))) before++;
  const digit = String(before % 10);
  digitOf.set(char, digit);
  return digit;
}

/** Longer than any id, number or name of a country, with all its wrapping. */
const LONGEST_WRAPPED = 1_000;

/**
 * Takes off the marks by which a spreadsheet keeps a text a text: `'…`, `="…"`, quotes left around the value.
 * The apostrophe is also what our own results writer sets before a cell that looks like a formula.
 */
export function unwrap(text: string): string {
  // Layer by layer, which takes as long as a long text has layers.
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

/** `#REF!`, `#N/A`, `#VALUE!`, and the `#####` of a column that was too narrow. */
export function isSpreadsheetError(text: string): boolean {
  return /^#(?:[A-Z][A-Z0-9_/]*[!?]?|#+)$/i.test(text);
}

/** A number in scientific notation, as a spreadsheet shows what it holds as a number: `9.19875E+11`, `9,2e11`. */
export function scientific(text: string): { readonly digits: string; readonly whole: boolean } | undefined {
  const match = /^[+-]?(\d+)(?:[.,](\d*))?\s*e\s*\+?(-?\d{1,3})$/i.exec(text);
  if (match === null) return undefined;
  const [, lead = '', fraction = '', exponent = ''] = match;
  // Every digit is there only when the mantissa is as long as the number: 9.19874532456E+11 has lost nothing.
  const whole = /^[1-9]$/.test(lead) && fraction.length === Number(exponent);
  return { digits: lead + fraction, whole };
}
