/**
 * Cells that a spreadsheet does not take for a formula. A cell is dangerous if, after spaces, quotes and invisible
 * characters, it begins with `=`, `+`, `-`, `@` or a full-width form of these, or if it begins with a control character
 * (tab, CR, LF, NUL …). It then gets one `'` in front, which spreadsheets show or drop, and never execute.
 *
 * A number of a sign, digits and spaces (`-5`, `+91 98745 32456`) is not a formula, and stays unchanged, because a
 * phone column has to be readable again. One with a second operator (`+91-98745-32456`, `-1+2`) is arithmetic, and is
 * changed.
 *
 * Nothing is lost: `plainCell(safeCell(text)) === text` for every text. Source: OWASP, CSV Injection; ASVS 1.2.10.
 */

const DANGEROUS =
  /^(?:['"]*\p{Cc}|[\s\u0085\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"'`‘’“”«»＂＇]*[=+\-@＝＋－＠﹢﹣﹦﹫−])/u;
const SIGNED_NUMBER = /^[+-]\d[\d ]*(?:[.,]\d+)?$/;

/**
 * Pattern of cells that Excel would change into another number, in scientific notation or without zeros, for a file
 * opened with a double click (`--excel`). Leading `'` are skipped, so that the rule can be undone.
 */
const EXCEL_WOULD_CHANGE =
  /^'*(?:[+-]?0\d[\d ]*|[+-]?\d{12,}(?:[.,]\d+)?|\+[\d ]*|\d+(?:[.,]\d+)?[eE][+-]?\d+)$/;

interface SafeCellOptions {
  /** Whether long numbers, leading zeros and `+` are protected too. Default false. */
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

/** Cell of a results CSV, or of a list made from one, without the prefix of `safeCell`, whichever options it had. */
export function bareCell(text: string): string {
  return plainCell(text, { excel: true });
}

function isDangerous(text: string, { excel = false }: SafeCellOptions): boolean {
  if (excel && EXCEL_WOULD_CHANGE.test(text)) return true;
  return DANGEROUS.test(text) && !SIGNED_NUMBER.test(text);
}
