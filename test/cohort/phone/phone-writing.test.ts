import fc from 'fast-check';
import parsePhoneNumber, {
  type CountryCode,
  getCountries,
  getCountryCallingCode,
  Metadata,
} from 'libphonenumber-js/max';
import { describe, expect, test } from 'vitest';
import { readInFull, readPhoneCell, readPhoneCellOf } from '../../../src/cohort/phone/phone-cell.ts';
import { maskParticipant, parseParticipant, personKey } from '../../../src/domain/ids.ts';
import { repeats, SOAK } from '../../helpers.ts';

type Expected = [cell: string, country: CountryCode | undefined, result: string];

/** The participant or the reason's code; the same on the fast path and without it. */
function read(cell: string, country?: CountryCode): string {
  const [quick, full] = [readPhoneCell(cell, country), readInFull(cell, { country })];
  expect(quick).toEqual(full);
  return typeof full === 'string' ? full : full.code;
}

function messageOf(cell: string, country?: CountryCode): string {
  const result = readPhoneCell(cell, country);
  return typeof result === 'string' ? '' : result.message;
}

describe('what a spreadsheet has calculated', () => {
  test.each<Expected>([
    ['-9876543119', 'IN', 'phone_calculated'],
    ['−9876543119', 'IN', 'phone_calculated'],
    ['–9876543119', 'IN', 'phone_calculated'],
    ['—9876543119', 'IN', 'phone_calculated'],
    ['➖9876543119', 'IN', 'phone_calculated'],
    ['- 9876543119', 'IN', 'phone_calculated'],
    ['--9876543119', 'IN', 'phone_calculated'],
    ['9876543119-', 'IN', 'phone_calculated'],
    ['9876543119 -', 'IN', 'phone_calculated'],
    ['9876543119−', 'IN', 'phone_calculated'],
    ['(9876543119)', 'IN', 'phone_calculated'],
    ['(9,876,543,119)', 'IN', 'phone_calculated'],
    ['(-9876543119)', 'IN', 'phone_calculated'],
    ['-9,876,543,119', 'IN', 'phone_calculated'],
    ['-9.876.543.119', 'IN', 'phone_calculated'],
    ['-9 876 543 119', 'IN', 'phone_calculated'],
    ['-9876543119.0', 'IN', 'phone_calculated'],
    ['-9.876543119E+9', 'IN', 'phone_calculated'],
    ['=-9876543119', 'IN', 'phone_calculated'],
    ["'-9876543119", 'IN', 'phone_calculated'],
    ['="-9876543119"', 'IN', 'phone_calculated'],
    ['-7911123412', 'GB', 'phone_calculated'],
    ['-919876543210', undefined, 'phone_calculated'],
    ['919876543210-', undefined, 'phone_calculated'],
    ['-1202', 'US', 'phone_calculated'],
    // Gaps and a + are a text's, and the dash before it a list's.
    ['- 98765 43119', 'IN', '919876543119'],
    ['- +919876543119', undefined, '919876543119'],
    ['=+91-9876543119', undefined, '919876543119'],
    ['(+919876543119)', undefined, '919876543119'],
    ['(98765) 43119', 'IN', '919876543119'],
    ['+91-9876543119', undefined, '919876543119'],
    // A division instead of a subtraction.
    ['1.32300132E-06', 'DE', 'phone_scientific_notation'],
    ['0.0000132', 'DE', 'phone_rounded'],
  ])('%j under %s is %s', (cell, country, result) => expect(read(cell, country)).toBe(result));

  test('says what happened', () =>
    expect(messageOf('-9876543119', 'IN')).toContain('a spreadsheet has calculated with the number'));
});

describe('what a spreadsheet has rounded', () => {
  test.each<Expected>([
    ['919877000000', undefined, 'phone_rounded'],
    ['919877000000', 'IN', 'phone_rounded'],
    ['5511980000000', undefined, 'phone_rounded'],
    ['919,877,000,000', undefined, 'phone_rounded'],
    ['919\u00a0877\u00a0000\u00a0000', 'IN', 'phone_rounded'],
    ['919\u202f877\u202f000\u202f000', undefined, 'phone_rounded'],
    ['+919\u00a0877\u00a0000\u00a0000', undefined, '919877000000'],
    ['919,877,000,000.00', undefined, 'phone_rounded'],
    ['919.877.000.000', undefined, 'phone_rounded'],
    ['919877000000.0', undefined, 'phone_rounded'],
    ['9.19877000000E+11', undefined, 'phone_rounded'],
    ['9,19877000000e11', undefined, 'phone_rounded'],
    ["'919877000000", undefined, 'phone_rounded'],
    ['="919877000000"', undefined, 'phone_rounded'],
    ['tel:919877000000', undefined, 'phone_rounded'],
    ['919877000000@c.us', undefined, 'phone_rounded'],
    ['https://wa.me/919877000000', undefined, 'phone_rounded'],
    ['00919877000000', undefined, 'phone_rounded'],
    ['19870000000', 'IN', 'phone_rounded'],
    ['13800000000', 'CN', 'phone_rounded'],
    ['+919877000000', undefined, '919877000000'],
    ['91 9877000000', undefined, '919877000000'],
    ['wa.me/+919877000000', undefined, '919877000000'],
    ['9877000000', 'IN', '919877000000'],
    ['919877100000', undefined, '919877100000'],
    // Decimals: the zeros at the end are not certain.
    ['62812.3456789', undefined, 'phone_rounded'],
    ['49.1512345678', undefined, 'phone_rounded'],
    ['49,1512345678', undefined, 'phone_rounded'],
    ['98745.32456', 'IN', 'phone_rounded'],
    ['.919874532456', undefined, 'phone_rounded'],
    ['+62812.3456789', undefined, '628123456789'],
    ['098745.32456', 'IN', '919874532456'],
    // .0 says nothing, however long the number is.
    ['22158.0', 'SH', '29022158'],
    ['919874532456.0', undefined, '919874532456'],
    ['+919874532456.0', undefined, '919874532456'],
    ['234567.0', 'FO', '298234567'],
    ['9198745324560000.0', undefined, 'phone_too_long'],
  ])('%j under %s is %s', (cell, country, result) => expect(read(cell, country)).toBe(result));
});

describe('a digit beside a complete number', () => {
  test.each<Expected>([
    ['1) 9123456789', 'IN', 'phone_not_a_number'],
    ['(1) 9123456789', 'IN', 'phone_ambiguous'],
    ['[1] 9123456789', 'IN', 'phone_ambiguous'],
    ['1. 9123456789', 'IN', 'phone_ambiguous'],
    ['1.9123456789', 'IN', 'phone_rounded'],
    ['1 - 9123456789', 'IN', 'phone_ambiguous'],
    ['1/ 9123456789', 'IN', 'phone_ambiguous'],
    ['7. 8123456789', 'IN', 'phone_ambiguous'],
    ['7. 8123456789', undefined, 'phone_ambiguous'],
    ['(201) 555-0123 (2)', 'US', 'phone_ambiguous'],
    ['(201) 555-0123 2', 'US', 'phone_ambiguous'],
    ['2) (11) 98765-4321', 'BR', 'phone_not_a_number'],
    ['2 (11) 98765-4321', 'BR', 'phone_ambiguous'],
    ['0812-3456-7890 (1)', 'ID', 'phone_ambiguous'],
    ['0812-3456-7890 1', 'ID', 'phone_ambiguous'],
    ['+62 812-3456-7890 (1)', undefined, 'phone_ambiguous'],
    ['62 812-3456-7890 (1)', undefined, 'phone_ambiguous'],
    ['0812 345678-90', 'ID', 'phone_ambiguous'],
    ['9876543210-11', 'IN', 'phone_ambiguous'],
    ['98765 43210 (11)', 'IN', 'phone_ambiguous'],
    ['030 12345/67890', 'DE', 'phone_ambiguous'],
    ['+49 30 12345/67890', undefined, 'phone_ambiguous'],
    ['(+91 98765 43210', undefined, 'phone_not_a_number'],
    ['+1 201) 555-0123', undefined, 'phone_not_a_number'],
    [')98765( 43210', 'IN', 'phone_not_a_number'],
    // Two complete numbers, each too short to be told from the other by its length.
    ['962785 218388', 'FO', 'phone_ambiguous'],
    ['962785/218388', 'FO', 'phone_ambiguous'],
    ['523230-404783', 'GL', 'phone_ambiguous'],
    ['49285 75048', 'AC', 'phone_ambiguous'],
    ['8889844 7558969', 'IS', 'phone_ambiguous'],
    ['508899 320193', 'PM', 'phone_ambiguous'],
    // One number, in the ways of its country.
    ['(11) 98765-4321', 'BR', '5511987654321'],
    ['+91 98765 43210', undefined, '919876543210'],
    ['91 98765 43210', 'IN', '919876543210'],
    ['0091 98765 43210', 'IN', '919876543210'],
    ['0812-3456-7890', 'ID', '6281234567890'],
    ['0812 345 678 90', 'ID', '6281234567890'],
    ['(0) 151 23456789', 'DE', '4915123456789'],
    ['+1 (516) 555-0132', undefined, '15165550132'],
    ['(516) 555-0132', 'US', '15165550132'],
    ['1 516 555 0132', 'US', '15165550132'],
    ['011 44 20 7946 0958', 'US', '442079460958'],
    ['030 12 34 56 78', 'DE', '493012345678'],
    ['+49 30 12345-67', undefined, '49301234567'],
    ['0228/1234567', 'DE', '492281234567'],
    ['030 2345678', 'DE', '49302345678'],
    ['040 1234 567', 'FI', '358401234567'],
    ['040-1234 567', 'FI', '358401234567'],
    ['06 3123 45678', 'IT', '3906312345678'],
  ])('%j under %s is %s', (cell, country, result) => expect(read(cell, country)).toBe(result));

  test('also where the row itself says the country', () => {
    expect(readPhoneCellOf('0812-3456-7890 (1)', 'ID')).toMatchObject({ code: 'phone_ambiguous' });
    expect(readPhoneCellOf('0812-3456-7890', 'ID')).toBe('6281234567890');
    expect(readPhoneCellOf('(0) 312 345 6789', 'IT')).toBe('393123456789');
  });

  test('both readings are named', () => {
    expect(messageOf('7. 8123456789', 'IN')).toContain('+78123456789, or as +918123456789 with “7” beside');
    expect(messageOf('9876543210-11', 'IN')).toContain('+987654321011, or as +919876543210 with “11” beside');
  });
});

describe('masked digits', () => {
  test.each<Expected>([
    ['+62 812-34••-5678', undefined, 'phone_masked'],
    [maskParticipant('919512345844'), undefined, 'phone_masked'],
    [maskParticipant('919512345844'), 'IN', 'phone_masked'],
    ...[...'•·_~.-*xX×#?●○█▒■□▪◦⬤⚫✱✕❌'].map(
      (mark): Expected => [`+62 812-34${mark}${mark}-5678`, undefined, 'phone_masked'],
    ),
    ['+62 812-34_ _-5678', undefined, 'phone_masked'],
    ['+62 812-34•-5678', undefined, 'phone_masked'],
    ['6863•681', 'DE', 'phone_masked'],
    ['6863•681', undefined, 'phone_masked'],
    ['+62 812 34• 5678', undefined, 'phone_masked'],
    ['+62 812345678••', undefined, 'phone_masked'],
    ['••9123456789', 'IN', 'phone_masked'],
    ['98…9123456789', 'IN', 'phone_not_a_number'],
    ['+62 812-34\ufffd\ufffd-5678', undefined, 'phone_not_a_number'],
    ['wa.me/62812-34--5678', undefined, 'phone_masked'],
    ['98765xxxxx', 'IN', 'phone_masked'],
    // One mark is a gap, and a bullet before the number hides nothing.
    ['98745•32456', 'IN', '919874532456'],
    ['+91 98745 • 32456', undefined, '919874532456'],
    ['+91_98745_32456', undefined, '919874532456'],
    ['• +91 98745 32456', undefined, '919874532456'],
    ['● 98745 32456', 'IN', '919874532456'],
    ['Ph:- 98745 32456', 'IN', '919874532456'],
    ['+91-(98745)-32456', undefined, '919874532456'],
    ['98745 32456 ✅✅', 'IN', '919874532456'],
    ['🇮🇳 98745 32456', 'IN', '919874532456'],
  ])('%j under %s is %s', (cell, country, result) => expect(read(cell, country)).toBe(result));
});

describe('a zero, a country and a context that may not be meant', () => {
  test.each<Expected>([
    ['+39 (0) 312 345 6789', undefined, '393123456789'],
    ['+39(0)312 345 6789', undefined, '393123456789'],
    ['0039 (0) 312 345 6789', undefined, '393123456789'],
    ['00 39 (0) 312 345 6789', 'IT', '393123456789'],
    ['(+39) (0) 312 345 6789', 'IT', '393123456789'],
    ['0039 (0)312 3456789', undefined, 'phone_ambiguous'],
    ['(0) 312 345 6789', 'IT', '393123456789'],
    ['+39 (0) 3123456789', undefined, 'phone_ambiguous'],
    ['+39 0 312 345 6789', undefined, 'phone_ambiguous'],
    ['+39 (0)6 1234 5678', undefined, '390612345678'],
    ['+39 (0) 6 1234 5678', undefined, '390612345678'],
    ['+49 (0) 151 23456789', undefined, '4915123456789'],
    ['+44 (0) 20 7946 0958', undefined, '442079460958'],
    ['+225 (0)7 07 12 34 56', undefined, '2250707123456'],
    ['963 949 672 562', 'CZ', 'phone_ambiguous'],
    ['963 949 672 562', undefined, '963949672562'],
    ['+963 949 672 562', 'CZ', '963949672562'],
    ['tel:863-1234;phone-context=+1-914-555', undefined, 'phone_no_country'],
    ['tel:863-1234;phone-context=+1-914-555', 'IS', 'phone_no_country'],
    ['tel:863-1234;phone-context=example.com', 'IS', 'phone_no_country'],
    ['tel:0123;phone-context=+1-201-555', undefined, 'phone_no_country'],
    ['tel:98745-32456;phone-context=+914', undefined, 'phone_no_country'],
    ['tel:98745-32456;phone-context=+91', undefined, '919874532456'],
    ['tel:+91-98745-32456;phone-context=+1', undefined, '919874532456'],
  ])('%j under %s is %s', (cell, country, result) => expect(read(cell, country)).toBe(result));
});

describe('WhatsApp ids of a country’s former numbers', () => {
  test.each<Expected>([
    ['553187654321', undefined, '553187654321'],
    ['553187654321', 'BR', '553187654321'],
    ['553187654321@c.us', undefined, '553187654321'],
    ['https://wa.me/553187654321', undefined, '553187654321'],
    ['+553187654321', undefined, '553187654321'],
    ['+55 31 8765-4321', undefined, '553187654321'],
    ['5531987654321', undefined, '5531987654321'],
    ['552087654321', undefined, 'phone_invalid'],
    ['553117654321', undefined, 'phone_invalid'],
    ['22507123456@c.us', undefined, '22507123456'],
    ['wa.me/22504123456', undefined, '22504123456'],
    ['22997123456@s.whatsapp.net', undefined, '22997123456'],
    // Beside an id, it is as likely a number of today with two digits missing.
    ['22507123456', undefined, 'phone_no_country'],
    ['+225 07 12 34 56', undefined, 'phone_too_short'],
    ['+229 97 12 34 56', undefined, 'phone_too_short'],
    ['2250707123456@c.us', undefined, '2250707123456'],
    ['22901123456@c.us', undefined, 'phone_too_short'],
  ])('%j under %s is %s', (cell, country, result) => expect(read(cell, country)).toBe(result));

  test.each([
    ['553187654321', '5531987654321', true],
    ['22507123456', '2250707123456', true],
    ['22504123456', '2250504123456', true],
    ['22501123456', '2250101123456', true],
    // Another operator's prefix: another person.
    ['22507123456', '2250507123456', false],
    ['22997123456', '2290197123456', true],
  ])('%s and %s are one person: %s', (one, other, same) =>
    expect(personKey(one) === personKey(other)).toBe(same),
  );
});

test('a cell of more than 200 characters is not a phone, and takes no time', () => {
  for (const cell of [
    '1 '.repeat(30_000),
    "'".repeat(60_000),
    `${'"'.repeat(60_000)}1`,
    '(1) '.repeat(15_000),
  ])
    expect(read(cell, 'IN')).toBe('phone_not_a_number');
  expect(read(`+91 98745 32456${' '.repeat(60_000)}`)).toBe('919874532456');
  expect(read(' '.repeat(60_000))).toBe('phone_missing');
  expect(readPhoneCell('1 '.repeat(30_000))).toMatchObject({
    message: expect.stringContaining('longer than any phone number'),
  });
});

describe('the library’s own ways to write a number', () => {
  interface Plan {
    selectNumberingPlan(country: string): void;
    possibleLengths(): readonly number[];
    type(
      name: string,
    ): { pattern(): string | undefined; possibleLengths(): readonly number[] | undefined } | undefined;
  }
  const types = ['MOBILE', 'FIXED_LINE', 'VOIP', 'TOLL_FREE', 'PREMIUM_RATE', 'SHARED_COST', 'PAGER', 'UAN'];
  const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
  const each = repeats(3, 1 / 3);

  /** Random valid numbers of a country, by type. */
  function numbersOf(country: CountryCode, type: string) {
    const plan = new Metadata() as unknown as Plan;
    plan.selectNumberingPlan(country);
    const pattern = plan.type(type)?.pattern();
    if (pattern === undefined || pattern === '') return [];
    const lengths = plan.type(type)?.possibleLengths() ?? plan.possibleLengths();
    const digits = fc.stringMatching(new RegExp(`^(?:${pattern.replaceAll('\\d', '[0-9]')})$`));
    return fc
      .sample(digits, { numRuns: each * 4, seed })
      .filter((one) => lengths.includes(one.length))
      .flatMap(
        (one) => parsePhoneNumber(`+${getCountryCallingCode(country)}${one}`, { extract: false }) ?? [],
      )
      .filter((one) => one.isValid() && parseParticipant(one.number.slice(1)) !== undefined)
      .slice(0, each);
  }

  test.each(types.slice(0, repeats(types.length, 1 / 4)))(
    `never make it look like two: %s (SEED=${seed})`,
    (type) => {
      const wrong: unknown[] = [];
      let seen = 0;
      for (const country of getCountries().filter((_, at) => SOAK || at % 8 === 0)) {
        for (const number of numbersOf(country, type)) {
          const abroad = number.formatInternational();
          for (const written of [number.formatNational(), abroad, `00${abroad.slice(1)}`, number.getURI()]) {
            for (const gap of [' ', '-', '.']) {
              const cell = written.replaceAll(' ', gap);
              // A spreadsheet's decimals look no other.
              if (/^[1-9]\d*\.\d+$/.test(cell)) continue;
              seen++;
              const result = readInFull(cell, { country });
              const isWrong =
                typeof result === 'string'
                  ? result !== number.number.slice(1) && cell.startsWith('+')
                  : cell.startsWith('+') || /beside|masked|bracket|spreadsheet/.test(result.message);
              if (isWrong) wrong.push({ cell, country, result });
            }
          }
        }
      }
      expect(wrong).toEqual([]);
      expect(seen).toBeGreaterThan(repeats(300, 1 / 8));
    },
    300_000,
  );
});
