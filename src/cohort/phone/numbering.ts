import type { CountryCode } from 'libphonenumber-js/max';
import { getCountryCallingCode, Metadata } from 'libphonenumber-js/max';
import { todaysNumber } from '../../domain/ids.ts';
import { remembering } from '../../lib/text.ts';

/**
 * libphonenumber's numbering plans, compiled once per country code into patterns that answer in well under a
 * microsecond; its parser takes tens of them. The patterns are the library's own; the parser stays the authority: tests
 * prove a fast "yes" equal to its answer, and everything else goes to the parser itself.
 */

/** Methods of the library's Metadata at run time that its types lack. */
interface Plans {
  hasCallingCode(code: string): boolean | undefined;
  getCountryCodesForCallingCode(code: string): readonly CountryCode[] | undefined;
  selectNumberingPlan(country: string): void;
  nationalNumberPattern(): string;
  nationalPrefixForParsing(): string | undefined;
  nationalPrefixTransformRule(): string | undefined;
  leadingDigits(): string | undefined;
  possibleLengths(): readonly number[];
  IDDPrefix(): string | undefined;
  hasTypes(): boolean;
  type(
    name: string,
  ): { pattern(): string | undefined; possibleLengths(): readonly number[] | undefined } | undefined;
  numberingPlan: { nationalPrefix(): string | undefined };
}

interface Region {
  readonly country: CountryCode;
  /** Leading digits of a region; where present, they alone decide that a number belongs to it. */
  readonly leading: RegExp | undefined;
  readonly valid: RegExp;
}

interface CallingCode {
  readonly code: string;
  readonly regions: readonly Region[];
  /** Prefix that the parser may remove from a national number: trunk prefix, carrier code. */
  readonly prefix: RegExp | undefined;
}

const TYPES = [
  'MOBILE',
  'FIXED_LINE',
  'PREMIUM_RATE',
  'TOLL_FREE',
  'SHARED_COST',
  'VOIP',
  'PERSONAL_NUMBER',
  'PAGER',
  'UAN',
  'VOICEMAIL',
];

/**
 * Prefixes that Mexicans dialled before ten digits until August 2019; many lists still have them. Not in the library.
 */
export const MEXICAN_TRUNK = /^(?:01|044|045|1)(\d{10})$/;

const plans = new Metadata() as unknown as Plans;
/** Most plans kept: more than there are digits of a country code. */
const COMPILED = 2_000;

/** Country code at the front of digits; undefined: none. Codes are prefix-free. */
export function callingCodeOf(digits: string): string | undefined {
  for (let length = 1; length <= 3; length++) {
    const code = digits.slice(0, length);
    if (code.length === length && plans.hasCallingCode(code)) return code;
  }
  return undefined;
}

/** Whether these digits, exactly as written, are country code + a valid number of that country. */
export function isValidAsWritten(digits: string): boolean {
  const plan = planFor(digits);
  return plan !== undefined && isValidIn(plan, digits.slice(plan.code.length));
}

/**
 * Result of the full reading for these digits, where it is certain: the participant's digits, or undefined when the
 * full reading is needed. `international` says that a country code comes first.
 */
export function readPlainly(
  digits: string,
  international: boolean,
  country: CountryCode | undefined,
): string | undefined {
  const abroad = standingAs(digits);
  if (international || country === undefined) return abroad === 'valid' ? digits : undefined;
  const own = ownPlan(country);
  if (digits.startsWith('0')) {
    const national = digits.slice(1);
    const plainTrunk = own.onlyZero && !national.startsWith('0') && !own.idd?.test(digits);
    return plainTrunk && isValidIn(own.plan, national) ? own.plan.code + national : undefined;
  }
  if (abroad === 'unsure' || own.unsure(digits)) return undefined;
  const home = isValidIn(own.plan, digits);
  // With the own code in front it may be a mobile with a digit lost: only the full reading can tell.
  if (home)
    return abroad === 'invalid' && !digits.startsWith(own.plan.code) ? own.plan.code + digits : undefined;
  return abroad === 'valid' && !looksNational(digits, country) ? digits : undefined;
}

/**
 * Whether these digits could be meant as a number of the country without being a valid one: no 0 is written before
 * national numbers there, and they are as long as its mobile numbers, so one wrong digit may be the only fault.
 */
export function looksNational(digits: string, country: CountryCode): boolean {
  const own = ownPlan(country);
  return own.mobileLengths.has(digits.length) && !digits.startsWith(own.plan.code);
}

/** Whether these digits are certainly not a number, neither abroad nor in the country; certain only on the fast path. */
export function isNowhere(digits: string, international: boolean, country: CountryCode | undefined): boolean {
  if (!digits.startsWith('0') && standingAs(digits) !== 'invalid') return false;
  if (international || country === undefined) return true;
  const own = ownPlan(country);
  if (digits.startsWith('0') && own.onlyZero && !own.idd?.test(digits)) {
    return !digits.startsWith('00') && !isValidIn(own.plan, digits) && !isValidIn(own.plan, digits.slice(1));
  }
  return !own.unsure(digits) && !isValidIn(own.plan, digits);
}

/** Whether these digits are country code + number; `unsure` where the parser could see a trunk prefix, or knows more. */
function standingAs(digits: string): 'valid' | 'invalid' | 'unsure' {
  const plan = planFor(digits);
  if (plan === undefined) return callingCodeOf(digits) === undefined ? 'invalid' : 'unsure';
  const national = digits.slice(plan.code.length);
  if (plan.prefix?.test(national)) return 'unsure';
  if (isValidIn(plan, national)) return 'valid';
  return todaysNumber(digits) === undefined ? 'invalid' : 'unsure';
}

/** Prefix that a country's people write before a national number (often `0`), if any. */
export function trunkPrefix(country: CountryCode): string | undefined {
  plans.selectNumberingPlan(country);
  return plans.numberingPlan.nationalPrefix() || undefined;
}

/** Least and most digits of fixed and mobile numbers after a country code. */
export function ordinaryLengths(code: string): readonly [least: number, most: number] | undefined {
  const countries = plans.getCountryCodesForCallingCode(code) ?? [];
  const lengths = countries.flatMap((country) => {
    plans.selectNumberingPlan(country);
    return ['MOBILE', 'FIXED_LINE'].flatMap(
      (name) => plans.type(name)?.possibleLengths() ?? plans.possibleLengths(),
    );
  });
  return lengths.length === 0 ? undefined : [Math.min(...lengths), Math.max(...lengths)];
}

/**
 * Region of a participant, as the parser has it: `IN`; of the countries that share +1 or +44, the one whose plan holds
 * the number. The country code itself, `+881`, for satellites and where none of several plans holds it.
 */
export function regionOfParticipant(participant: string): string {
  const plan = planFor(participant);
  if (plan === undefined) return `+${callingCodeOf(participant) ?? ''}`;
  // A former form that WhatsApp still knows, such as Mexico's 521, belongs to the code's only country too.
  const region =
    plan.regions.length === 1 ? plan.regions[0] : regionIn(plan, participant.slice(plan.code.length));
  return region === undefined || region.country.length !== 2 ? `+${plan.code}` : region.country;
}

/** Main country of a country code, for messages; undefined for satellites and other codes without a country. */
export function countryOf(code: string): CountryCode | undefined {
  return plans.getCountryCodesForCallingCode(code)?.[0];
}

/** Country of a country code; of several that share it, the one with the area in the next digits, or the main one. */
export function regionOf(code: string, area: string): CountryCode | undefined {
  if (area === '') return countryOf(code);
  return plans.getCountryCodesForCallingCode(code)?.find((country) => {
    plans.selectNumberingPlan(country);
    return start(plans.leadingDigits())?.test(area);
  });
}

/** Notation of a region's mobile numbers. */
export interface MobilePlan {
  readonly country: CountryCode;
  readonly code: string;
  readonly pattern: RegExp;
  readonly lengths: ReadonlySet<number>;
  /** Possible prefixes of the number at home, and the parser's replacement for them. */
  readonly prefix: RegExp | undefined;
  readonly transform: string;
}

/**
 * Mobile plan of a region; undefined: no number could be a mobile. Where mobiles have no range of their own, the
 * landlines include them.
 */
export function mobilePlanOf(country: CountryCode): MobilePlan | undefined {
  plans.selectNumberingPlan(country);
  const type = plans.type('MOBILE')?.pattern() ? plans.type('MOBILE') : plans.type('FIXED_LINE');
  const pattern = type?.pattern();
  if (!pattern) return undefined;
  return {
    country,
    code: getCountryCallingCode(country),
    pattern: new RegExp(`^(?:${pattern})$`),
    lengths: new Set(type?.possibleLengths() ?? plans.possibleLengths()),
    prefix: start(plans.nationalPrefixForParsing()),
    transform: plans.nationalPrefixTransformRule() ?? '',
  };
}

/** Rules of the default country. */
const ownPlan = remembering(COMPILED, (country: CountryCode) => {
  const plan = compile(getCountryCallingCode(country)) as CallingCode;
  plans.selectNumberingPlan(country);
  const prefix = start(plans.nationalPrefixForParsing());
  const idd = start(plans.IDDPrefix());
  const trunk = plans.numberingPlan.nationalPrefix();
  const mobile = trunk === '0' ? [] : (plans.type('MOBILE')?.possibleLengths() ?? plans.possibleLengths());
  const prefixes = [prefix, idd, plan.prefix, country === 'MX' ? MEXICAN_TRUNK : undefined];
  return {
    plan,
    /** Whether people write 0 before national numbers, and nothing else. */
    onlyZero: plans.nationalPrefixForParsing() === '0' && plan.prefix?.source === '^(?:0)',
    idd,
    /** Whether the parser could see a prefix of any kind in national digits. */
    unsure: (digits: string) => prefixes.some((one) => one?.test(digits)),
    /** Lengths of mobile numbers; empty for countries that write 0 before national numbers. */
    mobileLengths: new Set(mobile),
  };
});

function planFor(digits: string): CallingCode | undefined {
  const first = digits.slice(0, 1);
  if (first === '1' || first === '7') return compile(first);
  return compile(digits.slice(0, 2)) ?? compile(digits.slice(0, 3));
}

function isValidIn(plan: CallingCode, national: string): boolean {
  return regionIn(plan, national) !== undefined;
}

function regionIn(plan: CallingCode, national: string): Region | undefined {
  for (const region of plan.regions) {
    if (region.leading === undefined) {
      if (region.valid.test(national)) return region;
    } else if (region.leading.test(national)) return region.valid.test(national) ? region : undefined;
  }
  return undefined;
}

const compile = remembering(COMPILED, (code): CallingCode | undefined => {
  const countries = plans.getCountryCodesForCallingCode(code);
  if (countries === undefined) return undefined;
  plans.selectNumberingPlan(code);
  const prefix = start(plans.nationalPrefixForParsing());
  // A country with a code of its own owns all numbers, whatever the leading digits.
  return { code, prefix, regions: countries.map((country) => region(country, countries.length > 1)) };
});

function region(country: CountryCode, shared: boolean): Region {
  plans.selectNumberingPlan(country);
  const general = plans.nationalNumberPattern();
  const types = TYPES.flatMap((name) => {
    const type = plans.type(name);
    const pattern = type?.pattern();
    if (!pattern) return [];
    const lengths = type?.possibleLengths()?.map((length) => `\\d{${length}}`);
    return lengths === undefined ? [`(?:${pattern})`] : [`(?=(?:${lengths.join('|')})$)(?:${pattern})`];
  });
  return {
    country,
    leading: shared ? start(plans.leadingDigits()) : undefined,
    valid: new RegExp(plans.hasTypes() ? `^(?=(?:${general})$)(?:${types.join('|')})$` : `^(?:${general})$`),
  };
}

function start(pattern: string | undefined): RegExp | undefined {
  return pattern ? new RegExp(`^(?:${pattern})`) : undefined;
}
