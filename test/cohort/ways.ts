/** The ways in which people, contact apps and spreadsheets write a phone number, right and wrong. */
import type { Random } from '../e2e/kill/seed.ts';
import type { Person } from './people.ts';

/** The default country that a cell is read with: none, the person's own, somebody else's. */
export type Given = 'none' | 'own' | 'other';

export interface Way {
  readonly name: string;
  /** The cell; undefined where nobody writes so. */
  readonly write: (person: Person, random: Random) => string | undefined;
  /** Where the cell must be read, and as the truth. Nowhere else may it be read as anybody else. */
  readonly read?: readonly Given[];
  /** The share of cells that no rule can tell from another's number, at most, with what makes it so. */
  readonly unavoidable?: Partial<Record<Given, number>>;
}

const ALWAYS: readonly Given[] = ['none', 'own', 'other'];

const digits = (text: string) => text.replace(/\D/g, '');
/** The gaps of a number, written as something else. */
const gaps = (text: string, gap: string) =>
  text
    .replace(/[\s()-]+/g, ' ')
    .trim()
    .replaceAll(' ', gap);
const withTrunk = ({ trunk, bare }: Person) => (trunk === '' ? undefined : trunk + bare);
const without = (text: string, at: number) => text.slice(0, at) + text.slice(at + 1);
const doubled = (text: string, at: number) => text.slice(0, at + 1) + text.slice(at);
/** A place among the digits of a number behind its first three. */
const place = (text: string, random: Random) => 3 + random.below(Math.max(1, text.length - 3));
const thousands = (text: string) =>
  text.startsWith('0') ? undefined : text.replace(/\B(?=(\d{3})+$)/g, ',');
/** To six digits, as a narrow column of a spreadsheet shows it. */
const rounded = (text: string) => Number(Number(text).toPrecision(6)).toFixed(0);
const exponential = (text: string, places?: number) =>
  Number(text)
    .toExponential(places)
    .toUpperCase()
    .replace(/E\+(\d)$/, 'E+0$1');
/** What a spreadsheet makes of `+55-11-98765-4321`: a difference. Undefined where it is no negative one. */
function difference(text: string): string | undefined {
  const [first = 0, ...others] = text.match(/\d+/g)?.map(Number) ?? [];
  const left = others.reduce((sum, part) => sum - part, first);
  return left < 0 ? String(left) : undefined;
}
/** Three digits in the middle that are not shown. */
function masked(text: string, sign: string): string {
  const from = Math.max(2, text.length - 6);
  return text.slice(0, from) + sign.repeat(3) + text.slice(from + 3);
}
/** Groups of two and three digits, as somebody reads it out. */
function spoken(text: string, random: Random): string {
  const parts: string[] = [];
  for (let at = 0; at < text.length; ) {
    const size = 2 + random.below(2);
    parts.push(text.slice(at, at + size));
    at += size;
  }
  return parts.join(' ');
}
const inScript = (text: string, zero: number) =>
  text.replace(/\d/g, (digit) => String.fromCodePoint(zero + Number(digit)));

type Write = Way['write'];
const certain = (name: string, write: Write, read = ALWAYS): Way => ({ name, write, read });
/** Whoever gives a default country has said where the numbers without a code are from. */
const ELSEWHERE = 0.25;
/** Of one cell alone, that is valid as code + number: in a file the others of the column speak against it. */
const ALONE = 0.06;
const home = (name: string, write: Write): Way => ({
  name,
  write,
  read: ['own'],
  unavoidable: { none: ALONE, other: ELSEWHERE },
});
const doubtful = (name: string, write: Write, unavoidable: Partial<Record<Given, number>> = {}): Way => ({
  name,
  write,
  unavoidable,
});
/** National, and a digit away from what it could be under its own country. */
const national = (name: string, write: Write): Way => ({
  ...doubtful(name, write, { none: ALONE, other: ELSEWHERE, own: 0.002 }),
});

/** With a country code that says that it is one. */
const ABROAD: readonly Way[] = [
  certain('+digits', ({ participant }) => `+${participant}`),
  certain('+ with spaces', ({ international }) => international),
  certain('+ with dashes', ({ international }) => gaps(international, '-')),
  certain('+ with dots', ({ international }) => gaps(international, '.')),
  certain('+ with no-break spaces', ({ international }) => gaps(international, '\u00a0')),
  certain('+ code in brackets', ({ code, bare }) => `(+${code}) ${bare}`),
  certain('+ area in brackets', ({ code, bare }) => `+${code} (${bare.slice(0, 3)}) ${bare.slice(3)}`),
  certain('+ behind an apostrophe', ({ international }) => `'${international}`),
  certain('+ as a formula', ({ participant }) => `="+${participant}"`),
  certain('+ in Arabic digits', ({ international }) => inScript(international, 0x660)),
  certain('tel:+', ({ participant }) => `tel:+${participant}`),
  certain('tel: with a context', ({ code, bare }) => `tel:${bare};phone-context=+${code}`),
  certain('wa.me', ({ participant }) => `https://wa.me/${participant}`),
  certain(
    'api.whatsapp.com',
    ({ participant }) => `https://api.whatsapp.com/send?phone=${participant}&text=Hi`,
  ),
  certain('@c.us', ({ participant }) => `${participant}@c.us`),
  certain('@s.whatsapp.net', ({ participant }) => `${participant}@s.whatsapp.net`),
  certain('00', ({ participant }) => `00${participant}`, ['none']),
  doubtful('00 with spaces', ({ international }) => `00 ${international.slice(1)}`),
  doubtful('+ and (0)', ({ code, trunk, bare }) => (trunk === '0' ? `+${code} (0) ${bare}` : undefined)),
  doubtful('+ and the trunk prefix', ({ code, trunk, bare }) =>
    trunk === '' ? undefined : `+${code} ${trunk}${bare}`,
  ),
  doubtful('+ and slashes', ({ international }) => gaps(international, '/')),
];

/** In the API's own form: the country code first, and nothing that says so. */
const API_FORM: readonly Way[] = [
  doubtful('code + number', ({ participant }) => participant),
  doubtful('code + number, spaces', ({ international }) => international.slice(1)),
  doubtful('code + number, code in brackets', ({ code, bare }) => `(${code}) ${bare}`),
  doubtful('code + number, .0', ({ participant }) => `${participant}.0`),
  doubtful('code + number, thousands', ({ participant }) => thousands(participant)),
  doubtful('code + number, scientific and whole', ({ participant }) => exponential(participant)),
  doubtful('0 + code + number', ({ participant }) => `0${participant}`, { own: 0.03, other: ELSEWHERE }),
];

/** As the country writes it at home. */
const NATIONAL: readonly Way[] = [
  home('national', ({ national }) => national),
  home('national, apostrophe', ({ national }) => `'${national}`),
  home('national, formula', ({ national }) => `="${national}"`),
  national('national, dots', ({ national }) => gaps(national, '.')),
  national('national, slashes', ({ national }) => gaps(national, '/')),
  national('national, no-break spaces', ({ national }) => gaps(national, '\u00a0')),
  national('national, digits', ({ national }) => digits(national)),
  national('bare', ({ bare }) => bare),
  national('bare, spoken', ({ bare }, random) => spoken(bare, random)),
  national('bare, area in brackets', ({ bare }) => `(${bare.slice(0, 3)}) ${bare.slice(3)}`),
  national('bare, area of two in brackets', ({ bare }) => `(${bare.slice(0, 2)}) ${bare.slice(2)}`),
  national('bare, .0', ({ bare }) => `${bare}.0`),
  national('bare, thousands', ({ bare }) => thousands(bare)),
  national('bare, tel:', ({ bare }) => `tel:${bare}`),
  national('trunk', withTrunk),
  national('trunk, spoken', (person, random) => {
    const text = withTrunk(person);
    return text && spoken(text, random);
  }),
  doubtful('+ before a national number', ({ bare }) => `+${bare}`, { none: ALONE, own: ALONE, other: ALONE }),
];

/**
 * Numbers of different lengths are valid with one or two digits more (Austria, Germany, Finland), and `12 9876543210`
 * has a gap where a country code has it.
 */
const LONGER = { none: 0.03, own: 0.03, other: 0.03 };
const BESIDE_HOME = { none: 0.16, own: 0.04, other: 0.3 };
const BESIDE_CODE = { none: 0.08, own: 0.03, other: 0.15 };

/** Each form, with something beside the number. */
function beside(name: string, put: (text: string, random: Random) => string): Way[] {
  return [
    doubtful(`${name}: bare`, ({ bare }, random) => put(bare, random), BESIDE_HOME),
    doubtful(`${name}: national`, ({ national }, random) => put(national, random), BESIDE_HOME),
    doubtful(`${name}: code + number`, ({ participant }, random) => put(participant, random), BESIDE_CODE),
    doubtful(`${name}: +`, ({ international }, random) => put(international, random), LONGER),
  ];
}
const BESIDE: readonly Way[] = [
  ...beside('1) …', (text, random) => `${1 + random.below(9)}) ${text}`),
  ...beside('1. …', (text, random) => `${1 + random.below(20)}. ${text}`),
  ...beside('1 …', (text, random) => `${1 + random.below(99)} ${text}`),
  ...beside('#1 …', (text, random) => `#${1 + random.below(99)} ${text}`),
  ...beside('… (1)', (text, random) => `${text} (${1 + random.below(9)})`),
  ...beside('…-11', (text, random) => `${text}-${10 + random.below(90)}`),
  ...beside('…/67', (text, random) => `${text}/${10 + random.below(90)}`),
  ...beside('… 1', (text, random) => `${text} ${1 + random.below(999)}`),
  ...beside('… ext 12', (text, random) => `${text} ext ${10 + random.below(90)}`),
  ...beside('… x12', (text, random) => `${text} x${10 + random.below(90)}`),
];

/** One digit more or less is a number of somebody where numbers have different lengths. */
const SLIP = { none: 0.12, own: 0.16, other: 0.35 };
/** A country code and a whole number are a landline of 15 digits in Germany, a number of 10 in Cuba. */
const TWICE = { none: 0.03, own: 0.03, other: 0.06 };

/** Each form in digits, with something done to it: the number is not in the cell any more. */
function damaged(
  name: string,
  harm: (text: string, random: Random) => string | undefined,
  unavoidable: Way['unavoidable'] = {},
): Way[] {
  const way = (form: string, text: (person: Person) => string | undefined, sign = '') =>
    doubtful(
      `${name}: ${form}`,
      (person, random) => {
        const whole = text(person);
        const left = whole && harm(whole, random);
        return left && sign + left;
      },
      unavoidable,
    );
  return [
    way('bare', ({ bare }) => bare),
    way('trunk', withTrunk),
    way('code + number', ({ participant }) => participant),
    way('+', ({ participant }) => participant, '+'),
  ];
}
/** The same to a cell that a spreadsheet holds as a number: it has no plus and no zero in front. */
const inNumbers = (name: string, harm: (text: string, random: Random) => string | undefined): Way[] =>
  damaged(name, (text, random) => (text.startsWith('0') ? undefined : harm(text, random))).filter(
    (way) => !way.name.endsWith(': +'),
  );
/** Numbers that a spreadsheet rounds have more digits than a column of ordinary width shows. */
const long = (text: string) => (text.length < 11 ? undefined : text);
const DAMAGED: readonly Way[] = [
  ...['•', 'x', '*', '_', '.', '-', '·', '~', 'X', '#', '?'].flatMap((sign) =>
    damaged(`mask ${sign}`, (text) => masked(text, sign)),
  ),
  doubtful(
    'mask of our log',
    ({ participant: p }) => `${p.slice(0, 4)}${'•'.repeat(p.length - 7)}${p.slice(-3)}`,
  ),
  ...inNumbers('rounded', (text) => long(text) && rounded(text)),
  ...inNumbers('rounded, thousands', (text) => long(text) && thousands(rounded(text))),
  ...inNumbers('rounded, scientific', (text) => long(text) && exponential(text, 5)),
  ...inNumbers('rounded, scientific of 9 digits', (text) => long(text) && exponential(text, 8)),
  ...inNumbers('decimal point inside', (text, random) => {
    const at = place(text, random);
    const decimals = text.slice(at).replace(/0+$/, '');
    return decimals === '' ? undefined : `${text.slice(0, at)}.${decimals}`;
  }),
  doubtful('calculated: + with a dash', ({ code, bare }) => difference(`${code}-${bare}`)),
  doubtful('calculated: + with dashes', ({ international }) => difference(international)),
  doubtful('calculated: national with dashes', ({ national }) => difference(gaps(national, '-'))),
  doubtful('calculated, in brackets', ({ code, bare }) =>
    difference(`${code}-${bare}`)?.replace(/^-(.*)$/, '($1)'),
  ),
  doubtful('calculated, minus behind', ({ code, bare }) =>
    difference(`${code}-${bare}`)?.replace(/^-(.*)$/, '$1-'),
  ),
  doubtful('calculated, true minus', ({ code, bare }) => difference(`${code}-${bare}`)?.replace('-', '−')),
  doubtful('calculated, dash', ({ code, bare }) => difference(`${code}-${bare}`)?.replace('-', '–')),
  ...damaged('a digit lost', (text, random) => without(text, place(text, random)), SLIP),
  ...damaged('the last digit lost', (text) => text.slice(0, -1), SLIP),
  ...damaged('a digit doubled', (text, random) => doubled(text, place(text, random)), SLIP),
  doubtful('code twice', ({ code, participant }) => `+${code}${participant}`, TWICE),
  doubtful('code twice, bare', ({ code, participant }) => `${code}${participant}`, TWICE),
];

export const WAYS: readonly Way[] = [...ABROAD, ...API_FORM, ...NATIONAL, ...BESIDE, ...DAMAGED];
