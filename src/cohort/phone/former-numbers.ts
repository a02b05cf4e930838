/**
 * Former numbers: a country has since lengthened or shortened them, and WhatsApp still knows many people by them. They
 * are asked as written, because no rule tells which of the two an account has.
 */

/** Today's number for digits in a former form: `553187654321` → `5531987654321`. */
export function todaysNumber(digits: string): string | undefined {
  // Mexico's mobiles had a 1 until 2019; Brazil's got their ninth digit from 2012 to 2016.
  const mexican = /^521(\d{10})$/.exec(digits)?.[1];
  if (mexican !== undefined) return `52${mexican}`;
  const brazilian = /^55(\d\d)([6-9]\d{7})$/.exec(digits);
  return brazilian === null ? undefined : `55${brazilian[1]}9${brazilian[2]}`;
}

/**
 * Today's number for a former form in a WhatsApp id (`…@c.us`, `wa.me/…`): Côte d'Ivoire until 2021, Benin until 2024.
 * Outside an id, such digits are more likely a number of today with two digits missing.
 */
export function todaysNumberOfId(id: string): string | undefined {
  const ivorian = /^225(\d(\d)\d{6})$/.exec(id);
  if (ivorian !== null) return `225${ivorianOperator(Number(ivorian[2]))}${ivorian[1]}`;
  const beninese = /^229([2-9]\d{7})$/.exec(id)?.[1];
  return beninese === undefined ? undefined : `22901${beninese}`;
}

/** Prefix of Moov, MTN or Orange: the second of the eight digits told the operator, and each got its own prefix. */
function ivorianOperator(second: number): string {
  if (second <= 3) return '01';
  return second <= 6 ? '05' : '07';
}
