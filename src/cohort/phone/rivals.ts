import { type CountryCode, getCountries, getCountryCallingCode } from 'libphonenumber-js/max';
import { callingCodeOf, MEXICAN_TRUNK, type MobilePlan, mobilePlanOf, trunkPrefix } from './numbering.ts';

/** Another reading of the same digits: a mobile number of a region, written without country code. */
export interface Rival {
  readonly country: CountryCode;
  readonly code: string;
  /** Country code + number. */
  readonly number: string;
}

interface Plans {
  readonly countries: readonly MobilePlan[];
  readonly byLength: ReadonlyMap<number, readonly MobilePlan[]>;
  readonly byCode: ReadonlyMap<string, readonly MobilePlan[]>;
  /** Plans of regions where people may write something other than 0 before their numbers. */
  readonly withPrefix: readonly MobilePlan[];
}
let compiled: Plans | undefined;

function plans(): Plans {
  if (compiled !== undefined) return compiled;
  const all = getCountries().flatMap((country) => mobilePlanOf(country) ?? []);
  const byLength = new Map<number, MobilePlan[]>();
  const byCode = new Map<string, MobilePlan[]>();
  for (const plan of all) {
    byCode.set(plan.code, [...(byCode.get(plan.code) ?? []), plan]);
    for (const length of plan.lengths) byLength.set(length, [...(byLength.get(length) ?? []), plan]);
  }
  const withPrefix = all.filter(({ prefix }) => prefix !== undefined && prefix.source !== '^(?:0)');
  compiled = { countries: all, byLength, byCode, withPrefix };
  return compiled;
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

/** Every region that can be a rival. */
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
 * Damage of digits that begin with the country's own code but are not a number with it, where people write a 0 before
 * national numbers: they may be a landline without its 0, or a mobile with a digit lost or doubled.
 */
export function damagedMobile(digits: string, country: CountryCode): 'short' | 'long' | undefined {
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
