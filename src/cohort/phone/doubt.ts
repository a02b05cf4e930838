import parsePhoneNumber, {
  type CountryCode,
  getCountries,
  getCountryCallingCode,
} from 'libphonenumber-js/max';
import { todaysNumber } from '../../domain/ids.ts';
import { quote, type Trouble, trouble } from '../cell.ts';
import {
  callingCodeOf,
  countryOf,
  looksNational,
  MEXICAN_TRUNK,
  type MobilePlan,
  mobilePlanOf,
  ordinaryLengths,
  trunkPrefix,
} from './numbering.ts';
import { writtenLike } from './phone-beside.ts';
import type { PhoneText } from './phone-text.ts';

export function ambiguous(cell: string, readings: readonly string[]): Trouble {
  const both = readings.map((one) => `+${one}`).join(' or ');
  return trouble(
    'phone_ambiguous',
    `${quote(cell)} can be read as ${both}: write it with + and the country code`,
  );
}

export const names = new Intl.DisplayNames(['en'], { type: 'region' });

/** Trouble with digits that begin with a country code but are not a number of that country. */
export function unreadable(digits: string, cell: string): Trouble {
  const shown = quote(cell);
  const code = callingCodeOf(digits);
  if (digits.length < 3) {
    return trouble('phone_too_short', `${shown} is too short for a phone number: complete it`);
  }
  if (code === undefined) {
    return trouble(
      'phone_unknown_country',
      `${shown} begins with no country’s code: correct the country code`,
    );
  }
  const country = countryOf(code);
  const where = `${country === undefined ? 'its country code' : names.of(country)} (+${code})`;
  const length = digits.length - code.length;
  const [least, most] = ordinaryLengths(code) ?? [0, 15];
  if (length < least) {
    return trouble('phone_too_short', `${shown} has too few digits for ${where}: complete the number`);
  }
  if (length > most || digits.length > 15) {
    return trouble('phone_too_long', `${shown} has too many digits for ${where}: correct the number`);
  }
  return trouble('phone_invalid', `${shown} is not a number that ${where} has: correct the number`);
}

/**
 * Objection to bare digits as country code + number:
 * - rivals: mobiles of other people that the digits can be;
 * - `stray`: the other numbers of the column have no country codes;
 * - `gaps`: the writing does not separate the country code.
 */
type Doubt = readonly Rival[] | 'stray' | 'gaps';

/** Bare digits, and their reading as country code + number → the column's objection, if any. */
export type Judge = (digits: string, reading: string) => Doubt | undefined;

/** Whether the gaps of bare digits, if any, separate the country code, without brackets. */
export function standsAsWritten(text: PhoneText, abroad: string): boolean {
  return text.gaps.length === 0 || (gapAfterCode(text, abroad) && !/^[([]/.test(text.written));
}

export function gapAfterCode(text: PhoneText, abroad: string): boolean {
  return text.gaps.includes(callingCodeOf(abroad)?.length ?? 0);
}

/** Objection to bare digits as country code + number: their gaps first, then the column. */
export function doubtOf(text: PhoneText, abroad: string, judge: Judge | undefined): Doubt | undefined {
  if (standsAsWritten(text, abroad)) return judge?.(text.digits, abroad);
  const rivals = rivalsOf(text.digits).filter((rival) => rival.number !== abroad);
  return rivals.length === 0 ? 'gaps' : rivals;
}

/** Trouble with a number that people type into a compulsory field to get past it: some stranger has it. */
export function fillerOf(read: string, cell: string): Trouble | undefined {
  const national = read.slice(callingCodeOf(read)?.length);
  if (!/(\d)\1{7}$/.test(read) && national !== '1234567890') return undefined;
  return trouble(
    'phone_invalid',
    `${quote(cell)} looks typed only to fill the cell: give the person’s own number (a person who truly has this one has to be added by hand)`,
  );
}

/**
 * Trouble with bare digits read as a number abroad, under a default country that has none like it. They may be a number
 * of that country all the same: in a former form, without its area code, with a digit lost or doubled. Abroad counts
 * only where the gaps allow it, and as a mobile, or as a landline in its country's own writing.
 */
export function doubtAtHome(
  text: PhoneText,
  read: string,
  cell: string,
  country: CountryCode | undefined,
): Trouble | undefined {
  const abroad = callingCodeOf(read) as string;
  if (country === undefined || text.international || !text.digits.startsWith(abroad)) return undefined;
  const code = getCountryCallingCode(country);
  if (abroad === code) return undefined;
  const own = rivalsOf(text.digits).find((rival) => rival.code === code);
  if (own !== undefined) return ambiguous(cell, [read, own.number]);
  const isClear = text.gaps.length > 0 ? standsAsWritten(text, read) : !looksNational(text.digits, country);
  const isLikely = isMobile(todaysNumber(read) ?? read) || writtenLike(text.written, read);
  if (isClear && isLikely) return undefined;
  return trouble(
    'phone_ambiguous',
    `${quote(cell)} would be +${read} abroad, and may be a number of ${names.of(country)} that is not whole: correct it, or write it with + and the country code`,
  );
}

const NAMED = 3;
const TO_DO = 'write it with + and the country code, or give --default-country';

/** Trouble for a doubt, with every reading that a person may have meant. */
export function doubtful(text: PhoneText, shown: string, abroad: string, doubt: Doubt): Trouble {
  if (doubt === 'gaps') {
    const message = `${shown} would be +${abroad}, but its gaps do not stand after that country code: ${TO_DO}`;
    return trouble('phone_no_country', message);
  }
  if (doubt === 'stray') {
    const message = `${shown} would be +${abroad}, but the other numbers of its column have no country code: ${TO_DO}`;
    return trouble('phone_no_country', message);
  }
  // Regions that share a country code share the number: each number appears once, under its first region.
  const numbers = new Map(doubt.toReversed().map((rival) => [rival.number, rival]));
  const rivals = [...numbers.values()].reverse();
  const isWrittenSo = ({ number }: Rival) =>
    Number(text.gaps.length > 0 && parsePhoneNumber(`+${number}`)?.formatNational() === text.written);
  rivals.sort((a, b) => isWrittenSo(b) - isWrittenSo(a));
  const named = rivals.slice(0, NAMED).map(({ number, country }) => `+${number} (${names.of(country)})`);
  const more = rivals.length - named.length;
  const message = `${shown} can be read as +${abroad} or, without a country code, as ${named.join(' or ')}${more > 0 ? ` or in ${more} more countries` : ''}: ${TO_DO}`;
  return trouble('phone_ambiguous', message);
}

/** Another reading of the same digits: a mobile number of a region, written without country code. */
export interface Rival {
  readonly country: CountryCode;
  readonly code: string;
  /** Country code + number. */
  readonly number: string;
}

let compiled: ReturnType<typeof compile> | undefined;

function plans() {
  compiled ??= compile();
  return compiled;
}

function compile() {
  const countries = getCountries().flatMap((country) => mobilePlanOf(country) ?? []);
  const byLength = new Map<number, MobilePlan[]>();
  const byCode = new Map<string, MobilePlan[]>();
  for (const plan of countries) {
    byCode.set(plan.code, [...(byCode.get(plan.code) ?? []), plan]);
    for (const length of plan.lengths) byLength.set(length, [...(byLength.get(length) ?? []), plan]);
  }
  // Where people may write something other than 0 before their numbers.
  const withPrefix = countries.filter(({ prefix }) => prefix !== undefined && prefix.source !== '^(?:0)');
  return { countries, byLength, byCode, withPrefix };
}

/** Every region where bare digits could be a mobile number, with its trunk prefix or without. */
export function rivalsOf(digits: string): readonly Rival[] {
  const { byLength, withPrefix } = plans();
  const rivals: Rival[] = [];
  const add = ({ country, code }: MobilePlan, national: string) => {
    if (rivals.every((rival) => rival.country !== country))
      rivals.push({ country, code, number: code + national });
  };
  // Italy's zero is part of the number; elsewhere a zero is the trunk prefix.
  for (const national of digits.startsWith('0') ? [digits, digits.slice(1)] : [digits]) {
    for (const plan of byLength.get(national.length) ?? []) {
      if (plan.pattern.test(national)) add(plan, national);
    }
  }
  for (const plan of withPrefix) {
    const national = withoutPrefix(digits, plan);
    if (national !== undefined) add(plan, national);
  }
  return rivals;
}

export function rivalCountries(): readonly Pick<Rival, 'country' | 'code'>[] {
  return plans().countries;
}

/** Whether country code + number can be a mobile of that country; also true where landlines and mobiles look alike. */
export function isMobile(digits: string): boolean {
  const code = callingCodeOf(digits);
  if (code === undefined) return false;
  const national = digits.slice(code.length);
  const today = code === '52' ? (MEXICAN_TRUNK.exec(national)?.[1] ?? national) : national;
  return (
    plans()
      .byCode.get(code)
      ?.some((plan) => isMobileIn(plan, today)) === true
  );
}

function isMobileIn(plan: MobilePlan, national: string): boolean {
  return plan.lengths.has(national.length) && plan.pattern.test(national);
}

/** Mobile after a trunk prefix, a carrier code, or a local habit missing from the plans. */
function withoutPrefix(digits: string, plan: MobilePlan): string | undefined {
  const { country, prefix, transform } = plan;
  // Before 2016 Brazil's mobiles had eight digits, and WhatsApp still knows many by them.
  if (country === 'BR' && /^[1-9]{2}[6-9]\d{7}$/.test(digits)) return digits;
  // From abroad Argentina's mobiles begin with 9, at home they do not.
  if (country === 'AR' && digits.length === 10 && isMobileIn(plan, `9${digits}`)) return `9${digits}`;
  if (prefix?.test(digits) !== true) return undefined;
  const national = digits.replace(prefix, transform);
  return national !== digits && isMobileIn(plan, national) ? national : undefined;
}

/**
 * Trouble with digits that begin with the country's own code but are not a number with it, where people write a 0 before
 * national numbers: they may be a landline without its 0, or a mobile with a digit lost or doubled.
 */
export function damagedMobile(digits: string, country: CountryCode, shown: string): Trouble | undefined {
  const damage = damageOf(digits, country);
  if (damage === undefined) return undefined;
  const [kind, toDo] = damage === 'short' ? ['few', 'complete'] : ['many', 'correct'];
  return trouble(
    damage === 'short' ? 'phone_too_short' : 'phone_too_long',
    `${shown} has too ${kind} digits for a mobile number with +${getCountryCallingCode(country)} (${names.of(country)}): ${toDo} it, or write a landline with + and the country code`,
  );
}

function damageOf(digits: string, country: CountryCode): 'short' | 'long' | undefined {
  const code = getCountryCallingCode(country);
  if (trunkPrefix(country) !== '0' || !digits.startsWith(code)) return undefined;
  if (rivalsOf(digits).some((rival) => rival.code === code)) return undefined;
  const rest = digits.slice(code.length);
  const places = Array.from({ length: rest.length + 1 }, (_, at) => at);
  const could = (end: string) => isMobile(code + end);
  for (const digit of '0123456789') {
    if (places.some((at) => could(rest.slice(0, at) + digit + rest.slice(at)))) return 'short';
    if (could(rest + digit.repeat(2)) || could(rest + digit.repeat(3))) return 'short';
  }
  return places.some((at) => could(rest.slice(0, at) + rest.slice(at + 1))) ? 'long' : undefined;
}
