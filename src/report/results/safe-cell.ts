/**
 * Text that no spreadsheet takes for a formula. A cell is dangerous when, after spaces, quotes and invisible characters,
 * it begins with `=`, `+`, `-`, `@` or a full-width form of these, or when it begins with a control character (tab, CR,
 * LF, NUL …). It is then written with one `'` before it, which spreadsheets show or swallow, and never execute.
 *
 * A number with a sign, and digits and spaces only (`-5`, `+91 98745 32456`), is no formula, and is left as it is:
 * a phone column has to read again. One with a second operator (`+91-98745-32456`, `-1+2`) is arithmetic, and is not.
 *
 * Nothing is lost: `plainCell(safeCell(text)) === text` for every text. Source: OWASP, CSV Injection; ASVS 1.2.10.
 */

const DANGEROUS =
  /^(?:['"]*\p{Cc}|[\s\u0085\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"'`‘’“”«»＂＇]*[=+\-@＝＋－＠﹢﹣﹦﹫−])/u;
const SIGNED_NUMBER = /^[+-]\d[\d ]*(?:[.,]\d+)?$/;

/**
 * For a file that is going to be opened with a double click (`--excel`): also what Excel would turn into another number,
 * and show in scientific notation or without its zeros. Leading `'` are looked through, so that the rule can be undone.
 */
const EXCEL_WOULD_CHANGE =
  /^'*(?:[+-]?0\d[\d ]*|[+-]?\d{12,}(?:[.,]\d+)?|\+[\d ]*|\d+(?:[.,]\d+)?[eE][+-]?\d+)$/;

export interface SafeCellOptions {
  /** Protect long numbers, leading zeros and `+` too. Default false. */
  readonly excel?: boolean;
}

export function safeCell(text: string, options: SafeCellOptions = {}): string {
  return isDangerous(text, options) ? `'${text}` : text;
}

/** Undoes `safeCell` with the same options. */
export function plainCell(text: string, options: SafeCellOptions = {}): string {
  if (!text.startsWith("'")) return text;
  const rest = text.slice(1);
  return isDangerous(rest, options) ? rest : text;
}

function isDangerous(text: string, { excel = false }: SafeCellOptions): boolean {
  if (excel && EXCEL_WOULD_CHANGE.test(text)) return true;
  return DANGEROUS.test(text) && !SIGNED_NUMBER.test(text);
}
