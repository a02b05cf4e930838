/** People of every region of the numbering plans, with numbers that could be theirs, by seed. */
import fc from 'fast-check';
import parsePhoneNumber, {
  type CountryCode,
  getCountries,
  getCountryCallingCode,
  Metadata,
} from 'libphonenumber-js/max';
import type { Random } from '../e2e/kill/seed.ts';

export interface Person {
  readonly region: CountryCode;
  readonly kind: 'MOBILE' | 'FIXED_LINE';
  /** The truth: country code + number. */
  readonly participant: string;
  readonly code: string;
  /** The number without its country code and its trunk prefix. */
  readonly bare: string;
  /** As its country writes it: `(11) 98765-4321`, `0171 1234567`. */
  readonly national: string;
  /** `+55 11 98765-4321`. */
  readonly international: string;
  /** What stands before a national number where people write it, often `0`. */
  readonly trunk: string;
}

/** What the library's Metadata tells at run time, and its types do not mention. */
interface Plans {
  selectNumberingPlan(country: string): void;
  type(name: string): { pattern(): string | undefined } | undefined;
  numberingPlan: { nationalPrefix(): string | undefined };
}
const plans = new Metadata() as unknown as Plans;

export const REGIONS: readonly CountryCode[] = getCountries();

/** Up to so many different people of a region and kind, whose numbers the parser takes for that region's. */
export function peopleOf(
  region: CountryCode,
  kind: Person['kind'],
  wanted: number,
  random: Random,
): readonly Person[] {
  plans.selectNumberingPlan(region);
  const pattern = plans.type(kind)?.pattern();
  if (!pattern) return [];
  // What is not there is 0 in the library's data.
  const trunk = plans.numberingPlan.nationalPrefix() || '';
  const code = getCountryCallingCode(region) as string;
  const numbers = new Set<string>();
  // The patterns hold more than the parser takes: lengths, and other regions of the same country code.
  const drawn = fc.sample(fc.stringMatching(new RegExp(`^(?:${pattern})$`)), {
    numRuns: wanted * 2 + 8,
    seed: random.below(2 ** 31),
  });
  for (const bare of drawn) {
    if (numbers.size === wanted) break;
    const { length } = code + bare;
    // Six digits in all, which a few landlines of Vienna have, are no participant.
    if (length >= 7 && parsePhoneNumber(`+${code}${bare}`)?.country === region) numbers.add(bare);
  }
  return [...numbers].flatMap((bare) => {
    const parsed = parsePhoneNumber(`+${code}${bare}`);
    if (parsed?.isValid() !== true || parsed.number !== `+${code}${bare}`) return [];
    const [national, international] = [parsed.formatNational(), parsed.formatInternational()];
    // Gabon's former numbers are valid still, and nobody's: written nationally they are those that took their place.
    if (parsePhoneNumber(national, region)?.number !== parsed.number) return [];
    return [{ region, kind, participant: code + bare, code, bare, national, international, trunk }];
  });
}
