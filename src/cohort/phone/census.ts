import type { CountryCode } from 'libphonenumber-js/max';
import { detached } from '../../lib/text.ts';
import { readSenderCell } from '../cell.ts';
import type { Roles } from '../columns/roles.ts';
import { type Layout, recordsBelow } from '../file/reader.ts';
import type { CsvRecord } from '../file/records.ts';
import { isMobile, type Judge, type Rival, rivalCountries, rivalsOf, standsAsWritten } from './doubt.ts';
import { callingCodeOf, readPlainly } from './numbering.ts';
import { readInternational } from './phone-cell.ts';
import { numberOf, type PhoneText, readPhoneText } from './phone-text.ts';

/** Cells of one country code that a nationally written column does not have by chance: 0.46 ** 12 < 0.0001. */
const ENOUGH = 12;
/** Enough cells when the rival cannot explain them at all. */
const TELLING = 3;
/** Fewest cells of a column in the API's form, if nearly all of it reads. */
const MANY = 50;
/** Country codes whose mobile numbers begin alike in a town: North America, Mexico, Argentina, Brazil, China. */
const BY_AREA: ReadonlySet<string> = new Set(['1', '52', '54', '55', '86']);
/** Most cells kept for a close look, spread over the whole column. */
const KEPT = 10_000;

/**
 * Evidence of the phone column about its bare cells: cells without any mark of a country code.
 *
 * A bare cell that reads as country code + number may be a mobile in the notation of another country: a rival. A cell
 * without rivals is read. A cell with rivals is read only when the column dismisses each of them:
 * - it holds enough cells of the same country code (`ENOUGH`, or `TELLING` that the rival cannot explain), and hardly
 *   any that only the rival explains; or
 * - nearly all of it reads (of `MANY` cells and more), and nothing in it, no number written with + and no sending
 *   phone, is of the rival's country.
 *
 * A rival needs more evidence against it, cells that it cannot explain, where mobiles have area codes (a whole town
 * looks alike) and the sending phone or a + supports it. A reading as a landline always yields to a mobile. Evidence
 * only ever doubts a reading: it adds no country code to any number.
 */
export class Census {
  /** Bare numbers, each once however often it is in the column, sampled by their digits alone. */
  readonly #kept = new Map<string, PhoneText>();
  /** Sampling rate: one number in `#share` is kept. Grows with the column, so that the sample does not. */
  #share = 1;
  /** Country codes of the sending phones and of the numbers written with +. */
  readonly #certain = new Set<string>();

  count(cell: string): void {
    if (/^[1-9]\d{6,14}$/.test(cell)) {
      if (this.#isKept(cell)) this.#keep(numberOf(detached(cell)));
      return;
    }
    const certain = /^\+([1-9]\d{0,2} ?\d)[\d ()-]{6,22}$/.exec(cell)?.[1];
    if (certain !== undefined) {
      this.#certainly(certain.replace(' ', ''));
      return;
    }
    const text = readPhoneText(detached(cell));
    if ('code' in text) return;
    if (text.international) this.#certainly(text.digits);
    else if (text.digits.length >= 7 && text.digits.length <= 15 && this.#isKept(text.digits))
      this.#keep(text);
  }

  /** Counts a sender cell, or `--phone`. An id tells no country. */
  countSender(cell: string): void {
    const sender = readSenderCell(cell);
    if (typeof sender === 'string' && !sender.startsWith('phone-')) this.#certainly(sender);
  }

  #certainly(digits: string): void {
    const code = callingCodeOf(digits);
    if (code !== undefined) this.#certain.add(code);
  }

  /** Judge of single cells, by all cells counted. */
  judge(): Judge {
    return judgeOf([...this.#kept.values()], this.#certain);
  }

  #keep(text: PhoneText): void {
    this.#kept.set(text.digits, text);
    while (this.#kept.size > KEPT) {
      this.#share *= 2;
      for (const digits of this.#kept.keys()) if (!this.#isKept(digits)) this.#kept.delete(digits);
    }
  }

  #isKept(digits: string): boolean {
    return hash(digits) % this.#share === 0;
  }
}

/**
 * Reads the file once for the evidence of its phone column. Undefined where no cell needs it.
 * @param see receives each record: then the file is read even where no cell needs the evidence
 */
export async function takeCensus(
  layout: Layout,
  roles: Roles,
  signal?: AbortSignal,
  see?: (record: CsvRecord) => void,
): Promise<Judge | undefined> {
  const { ownPhone, sender, defaultSender, defaultCountry } = roles;
  const isNeeded = ownPhone !== undefined && defaultCountry === undefined;
  if (!isNeeded && see === undefined) return undefined;
  const census = new Census();
  if (defaultSender !== undefined) census.countSender(defaultSender);
  // A cell with a country needs no evidence from the column.
  const said = ownPhone?.country?.inDoubt === false ? ownPhone.country.index : undefined;
  for await (const records of recordsBelow(layout)) {
    signal?.throwIfAborted();
    for (const record of records) {
      see?.(record);
      if (!isNeeded) continue;
      const { fields } = record;
      const isSaid = said !== undefined && (fields[said] ?? '').trim() !== '';
      if (!isSaid) census.count(fields[ownPhone.index] ?? '');
      if (sender !== undefined) census.countSender(fields[sender.index] ?? '');
    }
  }
  return isNeeded ? census.judge() : undefined;
}

/** Cells of one country code. */
interface Code {
  cells: number;
  /** Per region, the number of cells that its people could have written without country code. */
  readonly explained: Map<CountryCode, number>;
  readonly lengths: Set<number>;
}

function judgeOf(cells: readonly PhoneText[], certain: ReadonlySet<string>): Judge {
  const codes = new Map<string, Code>();
  const unread: { readonly digits: string; readonly rivals: readonly Rival[] }[] = [];
  for (const text of cells) {
    const { digits } = text;
    const reading = digits.startsWith('0')
      ? undefined
      : (readPlainly(digits, true, undefined) ?? readInternational(digits));
    const code = reading === undefined ? undefined : callingCodeOf(reading);
    const rivals = rivalsOf(digits).filter((rival) => rival.number !== reading);
    const stands = reading !== undefined && standsAsWritten(text, reading);
    if (code === undefined || !stands || (rivals.length > 0 && !isMobile(reading))) {
      unread.push({ digits, rivals });
      continue;
    }
    const of = codes.get(code) ?? { cells: 0, explained: new Map(), lengths: new Set() };
    of.cells++;
    of.lengths.add(digits.length);
    for (const { country } of rivals) add(of.explained, country);
    codes.set(code, of);
  }

  // Per region, the number of cells that only its own notation explains.
  const only = new Map<CountryCode, number>();
  const onlyOf = new Map<string, number>();
  const sound = unread.filter(({ digits }) => ![...codes].some(([code, of]) => isDamaged(digits, code, of)));
  for (const { rivals } of sound) {
    for (const { country } of rivals) add(only, country);
    for (const code of new Set(rivals.map((rival) => rival.code))) add(onlyOf, code);
  }
  // One defect in twenty is tolerated; a part of the column written nationally is not.
  const whole = cells.length >= MANY && unread.length <= 0.06 * cells.length;
  const national = [...onlyOf].flatMap(([code, count]) => (count * 3 >= cells.length * 2 ? [code] : []));

  const isSupported = (code: string) =>
    certain.has(code) || (codes.get(code)?.cells ?? 0) >= 0.05 * cells.length;
  const isDismissed = (code: string, { country, code: rivals }: Pick<Rival, 'country' | 'code'>): boolean => {
    const own = codes.get(code);
    if (own === undefined) return false;
    const unexplained = own.cells - (own.explained.get(country) ?? 0);
    const against = only.get(country) ?? 0;
    if (BY_AREA.has(rivals) && certain.has(rivals) && unexplained < Math.max(TELLING, 0.05 * own.cells))
      return false;
    // Chance alone: in a national column that reads as often as any (0.46), more than half of the cells speak against
    // it.
    const few = Math.max(own.cells >= 24 ? 1 : 0, 0.02 * own.cells);
    if ((own.cells >= ENOUGH || unexplained >= TELLING) && against <= few) return true;
    return whole && against <= 0.01 * cells.length && !isSupported(rivals);
  };
  const weight = (rival: Rival) =>
    (certain.has(rival.code) ? cells.length : 0) + (only.get(rival.country) ?? 0);

  // Per country code, the regions that are not dismissed: hardly any where the column is in the API's form.
  const known = new Map<string, ReadonlySet<CountryCode>>();
  const standingOf = (code: string): ReadonlySet<CountryCode> => {
    const left = () => rivalCountries().filter((rival) => !isDismissed(code, rival));
    const standing = known.get(code) ?? new Set(left().map(({ country }) => country));
    known.set(code, standing);
    return standing;
  };

  return (digits, reading) => {
    const code = callingCodeOf(reading) as string;
    const mobile = isMobile(reading);
    const standing = standingOf(code);
    const isKnown = !national.length || national.includes(code) || (codes.get(code)?.cells ?? 0) >= ENOUGH;
    if (mobile && standing.size === 0 && isKnown) return undefined;
    const rivals = rivalsOf(digits).filter((rival) => rival.number !== reading);
    if (rivals.length === 0) return isKnown ? undefined : 'stray';
    const left = mobile ? rivals.filter(({ country }) => standing.has(country)) : rivals;
    return left.length === 0 ? undefined : left.sort((a, b) => weight(b) - weight(a));
  };
}

/**
 * Whether the digits are a number of the column's frequent kind with a digit lost or doubled: they begin like it, or
 * would be one with an undamaged country code.
 */
function isDamaged(digits: string, code: string, { cells, lengths }: Code): boolean {
  const isShort = lengths.has(digits.length + 1);
  const isLong = lengths.has(digits.length - 1);
  if (cells < ENOUGH || !(isShort || isLong)) return false;
  if (digits.startsWith(code)) return true;
  return [...code].some((digit, at) => {
    const [before, after] = [code.slice(0, at), code.slice(at + 1)];
    const lost = before + after;
    const doubled = before + digit + digit + after;
    return (
      (isShort && digits.startsWith(lost) && isMobile(code + digits.slice(lost.length))) ||
      (isLong && digits.startsWith(doubled) && isMobile(code + digits.slice(doubled.length)))
    );
  });
}

function add<T>(counts: Map<T, number>, one: T): void {
  counts.set(one, (counts.get(one) ?? 0) + 1);
}

function hash(digits: string): number {
  let sum = 0x811c9dc5;
  for (let at = 0; at < digits.length; at++) sum = Math.imul(sum ^ digits.charCodeAt(at), 0x01000193);
  return (sum ^ (sum >>> 15)) >>> 0;
}
