import parsePhoneNumber, {
  type CountryCode,
  getCountries,
  getCountryCallingCode,
  getExampleNumber,
} from 'libphonenumber-js/max';
import examples from 'libphonenumber-js/mobile/examples';
import { describe, expect, test } from 'vitest';
import { readPlainly, regionOfParticipant } from '../../../src/cohort/phone/numbering.ts';
import { readInFull, readPhoneCell } from '../../../src/cohort/phone/phone-cell.ts';
import { repeats } from '../../helpers.ts';

const countries = getCountries();

describe('every region’s example mobile number', () => {
  const forms = countries.flatMap((country) => {
    const example = getExampleNumber(country, examples);
    if (example === undefined) return [];
    const participant = example.number.slice(1);
    return [
      { country, participant, form: 'national', cell: example.formatNational(), needsCountry: true },
      { country, participant, form: 'international', cell: example.formatInternational() },
      { country, participant, form: 'RFC 3966', cell: example.getURI() },
      { country, participant, form: '00', cell: `00${example.formatInternational().slice(1)}` },
      // All but bare 821020000000 of South Korea, which a spreadsheet may have rounded.
      ...(participant.endsWith('0000000')
        ? []
        : [{ country, participant, form: 'bare digits', cell: participant }]),
    ];
  });

  test('there are some 240 of them', () => expect(forms.length / 5).toBeGreaterThanOrEqual(240));

  test('in each form, with its default country, is the same participant', () => {
    const wrong = forms.filter(
      ({ cell, country, participant }) => readPhoneCell(cell, country) !== participant,
    );
    expect(wrong).toEqual([]);
  });

  test('in each form with a country code, without a default country, is the same participant', () => {
    const wrong = forms.filter(
      ({ cell, participant, needsCountry }) => !needsCountry && readPhoneCell(cell) !== participant,
    );
    expect(wrong).toEqual([]);
  });

  test('in no form and under no other default country is it anybody else without a word', () => {
    const others: readonly CountryCode[] = ['IN', 'US', 'BR', 'DE', 'IT', 'MX', 'AR', 'CN', 'RU', 'ID'];
    const wrong = forms.filter(({ cell, participant, needsCountry }) =>
      others.some((other) => {
        if (needsCountry) return false;
        const read = readPhoneCell(cell, other);
        return typeof read === 'string' ? read !== participant : read.code !== 'phone_ambiguous';
      }),
    );
    expect(wrong).toEqual([]);
  });
});

describe('the region of a participant', () => {
  test('is the parser’s own, for every region’s example', () => {
    const wrong = countries.flatMap((country) => {
      const example = getExampleNumber(country, examples);
      if (example === undefined) return [];
      const region = regionOfParticipant(example.number.slice(1));
      const parsed = parsePhoneNumber(example.number);
      return region === (parsed?.country ?? `+${parsed?.countryCallingCode}`) ? [] : [{ country, region }];
    });
    expect(wrong).toEqual([]);
  });

  test.each([
    ['919874532456', 'IN'],
    ['12015550123', 'US'],
    ['14165550123', 'CA'],
    ['18765550123', 'JM'],
    ['17875550123', 'PR'],
    ['447400123456', 'GB'],
    ['447797712345', 'JE'],
    ['79161234567', 'RU'],
    ['77012345678', 'KZ'],
    ['5213312345678', 'MX'],
    ['553187654321', 'BR'],
    ['881612345678', '+881'],
    ['10005550123', '+1'],
  ])('%s is of %s', (participant, region) => expect(regionOfParticipant(participant)).toBe(region));
});

/** A linear congruential generator: the failing input is found again from the seed in the message. */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe('the fast path agrees with the full parser', () => {
  const inputs = repeats(1_000_000, 1 / 40);
  const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
  const codes = [...new Set(countries.map((country) => getCountryCallingCode(country) as string))];
  const numbers = countries.flatMap((country) => getExampleNumber(country, examples)?.number.slice(1) ?? []);

  /** Real country codes with random digits, and real numbers with a few digits changed, added or taken away. */
  function digitsFrom(next: (below: number) => number): string {
    if (next(3) === 0) {
      const code = codes[next(codes.length)] as string;
      return code + Array.from({ length: 5 + next(8) }, () => next(10)).join('');
    }
    let digits = numbers[next(numbers.length)] as string;
    for (let changes = next(5); changes > 0; changes--) {
      const at = next(digits.length);
      const kept = next(6) === 0 ? at : at + 1;
      digits =
        digits.slice(0, at) + next(10) + digits.slice(next(8) === 0 ? at : kept + (next(8) === 0 ? 1 : 0));
    }
    return digits.slice(0, 15);
  }

  test(`on ${inputs} random numbers (SEED=${seed})`, () => {
    const next = random(seed);
    let fast = 0;
    const wrong: string[] = [];
    for (let i = 0; i < inputs; i++) {
      const digits = digitsFrom(next);
      if (readPlainly(digits, true, undefined) === undefined) continue;
      fast++;
      const parsed = parsePhoneNumber(`+${digits}`, { extract: false });
      if (parsed?.isValid() !== true || parsed.number !== `+${digits}`) wrong.push(digits);
    }
    expect(wrong).toEqual([]);
    // Not vacuous: a fair share of the inputs takes the fast path.
    expect(fast).toBeGreaterThan(inputs / 5);
  }, 300_000);

  test(`as does a cell under a random default country (SEED=${seed})`, () => {
    const next = random(seed + 1);
    const wrong: unknown[] = [];
    let surely = 0;
    for (let i = 0; i < inputs / 10; i++) {
      const digits = digitsFrom(next);
      const country = countries[next(countries.length)] as CountryCode;
      const sign = next(4) === 0 ? '+' : '';
      const cell =
        next(2) === 0
          ? sign + digits
          : `${sign}${digits.slice(0, 2)} ${digits.slice(2, 6)}-${digits.slice(6)}`;
      if (readPlainly(digits, sign !== '', country) !== undefined) surely++;
      const quick = readPhoneCell(cell, country);
      const full = readInFull(cell, { country });
      if (JSON.stringify(quick) !== JSON.stringify(full)) wrong.push({ cell, country, quick, full });
    }
    expect(wrong).toEqual([]);
    expect(surely).toBeGreaterThan(inputs / 50);
  }, 300_000);

  test('and leaves alone what the parser takes a prefix off', () => {
    expect(readPlainly('3758102557900', true, undefined)).toBeUndefined();
    expect(readPhoneCell('+3758102557900')).toMatchObject({ code: expect.stringMatching(/^phone_/) });
  });

  test('under its own default country, where both readings compete', () => {
    const next = random(seed + 2);
    const wrong: unknown[] = [];
    for (let i = 0; i < inputs / 20; i++) {
      const country = countries[next(countries.length)] as CountryCode;
      const code = getCountryCallingCode(country) as string;
      const digits = digitsFrom(next);
      // As it is, without its country code, or with a trunk 0: what a spreadsheet of that country holds.
      const national = digits.startsWith(code) ? digits.slice(code.length) : digits.slice(next(3));
      const cell = [digits, code + national, national, `0${national}`][next(4)] as string;
      const quick = readPhoneCell(cell, country);
      const full = readInFull(cell, { country });
      if (JSON.stringify(quick) !== JSON.stringify(full)) wrong.push({ cell, country, quick, full });
    }
    expect(wrong).toEqual([]);
  }, 300_000);
});
