import { type CountryCode, getCountryCallingCode, Metadata } from 'libphonenumber-js/max';

/** Of a numbering plan's patterns: what is left to choose, with how many numbers each choice stands for. */
type Choice =
  | { readonly kind: 'digits'; readonly of: string; readonly size: number }
  | { readonly kind: 'all' | 'one'; readonly of: readonly Choice[]; readonly size: number };

export type Below = (below: number) => number;

/** A linear congruential generator: the failing input is found again from the seed in the message. */
export function random(seed: number): Below {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface Mobiles {
  readonly choice: Choice;
  readonly lengths: readonly number[];
}
const known = new Map<CountryCode, Mobiles>();

/** Any mobile number that a region's plan holds valid, each as likely as the next: the national digits. */
export function randomMobile(country: CountryCode, next: Below): string {
  let mobiles = known.get(country);
  if (mobiles === undefined) {
    const metadata = new Metadata();
    metadata.selectNumberingPlan(country);
    const plan = metadata as unknown as {
      type(name: string): { pattern(): string | undefined; possibleLengths(): readonly number[] } | undefined;
    };
    // Where mobiles look like landlines, the plan holds them among those.
    const type = plan.type('MOBILE')?.pattern() ? plan.type('MOBILE') : plan.type('FIXED_LINE');
    const pattern = type?.pattern();
    if (type === undefined || !pattern) throw new Error(`${country} has no mobile numbers`);
    mobiles = { choice: parsePattern(pattern), lengths: type.possibleLengths() };
    known.set(country, mobiles);
  }
  for (;;) {
    const digits = pick(mobiles.choice, next);
    if (mobiles.lengths.includes(digits.length)) return digits;
  }
}

export const codeOf = (country: CountryCode): string => getCountryCallingCode(country);

function pick(choice: Choice, next: Below): string {
  if (choice.kind === 'digits') return choice.of[next(choice.of.length)] as string;
  if (choice.kind === 'all') return choice.of.map((one) => pick(one, next)).join('');
  // In 2 ** 30 steps: the generator has no more, and no pattern needs finer shares.
  let at = (next(2 ** 30) / 2 ** 30) * choice.size;
  for (const one of choice.of) {
    at -= one.size;
    if (at < 0) return pick(one, next);
  }
  return pick(choice.of.at(-1) as Choice, next);
}

/** The part of regular expressions that numbering plans use: digits, classes, groups, alternatives, repetitions. */
function parsePattern(pattern: string): Choice {
  let at = 0;
  const all = (of: readonly Choice[]): Choice => ({
    kind: 'all',
    of,
    size: of.reduce((size, one) => size * one.size, 1),
  });
  const one = (of: readonly Choice[]): Choice => ({
    kind: 'one',
    of,
    size: of.reduce((size, each) => size + each.size, 0),
  });
  const digits = (of: string): Choice => ({ kind: 'digits', of, size: of.length });

  function alternatives(): Choice {
    const options = [sequence()];
    while (pattern[at] === '|') {
      at++;
      options.push(sequence());
    }
    return options.length === 1 ? (options[0] as Choice) : one(options);
  }
  function sequence(): Choice {
    const parts: Choice[] = [];
    while (at < pattern.length && pattern[at] !== '|' && pattern[at] !== ')') parts.push(repeated(atom()));
    return all(parts);
  }
  function atom(): Choice {
    if (pattern.startsWith('(?:', at)) {
      at += 3;
      const inside = alternatives();
      at++;
      return inside;
    }
    if (pattern.startsWith('\\d', at)) {
      at += 2;
      return digits('0123456789');
    }
    if (pattern[at] === '[') {
      const end = pattern.indexOf(']', at);
      const inside = pattern.slice(at + 1, end);
      at = end + 1;
      return digits([...'0123456789'].filter((digit) => new RegExp(`[${inside}]`).test(digit)).join(''));
    }
    const digit = pattern[at++] as string;
    if (!/\d/.test(digit)) throw new Error(`${pattern} holds ${digit}, which this cannot read`);
    return digits(digit);
  }
  function repeated(part: Choice): Choice {
    const counts = /^(?:\{(\d+)(?:,(\d+))?\}|\?)/.exec(pattern.slice(at));
    if (counts === null) return part;
    at += counts[0].length;
    const least = Number(counts[1] ?? 0);
    const most = counts[1] === undefined ? 1 : Number(counts[2] ?? least);
    const lengths = Array.from({ length: most - least + 1 }, (_, more) => least + more);
    const choices = lengths.map((length) => all(Array.from({ length }, () => part)));
    return choices.length === 1 ? (choices[0] as Choice) : one(choices);
  }
  return alternatives();
}
