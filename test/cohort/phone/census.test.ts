import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import parsePhoneNumber, { type CountryCode, getCountries, isValidPhoneNumber } from 'libphonenumber-js/max';
import { describe, expect, test } from 'vitest';
import { openCohort } from '../../../src/cohort/cohort.ts';
import { Census } from '../../../src/cohort/phone/census.ts';
import { readInFull, readPhoneCell } from '../../../src/cohort/phone/phone-cell.ts';
import type { Sender } from '../../../src/domain/words.ts';
import { SOAK, scratch } from '../../helpers.ts';
import { type Below, codeOf, random, randomMobile } from '../random-mobiles.ts';

const GROUP = '120363371308389685@g.us';
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
// Tristan da Cunha has no mobiles.
const regions = getCountries().filter((country) => country !== 'TA');

/** What a cohort of these cells reads as: participants, or reasons. */
async function cohortOf(cells: readonly string[], sender?: string): Promise<readonly string[]> {
  const path = join(await scratch(), 'cohort.csv');
  await writeFile(path, `chat_id,phone\n${cells.map((cell) => `${GROUP},"${cell}"\n`).join('')}`);
  const cohort = await openCohort(path, { defaultSender: sender as Sender | undefined });
  const read: string[] = [];
  for await (const batch of cohort.readings())
    for (const one of batch) read.push(one.kind === 'pair' ? one.pair.participant : one.problem.code);
  return read;
}

const times = (count: number, cell: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => cell(at));
/** Chicago, in the API's form; as many of them as not could be Chinese mobiles. */
const american = (at: number) => `1${at % 2 === 0 ? '312' : '212'}${5550100 + at}`;
const indian = (at: number) => `91${9876543210 + at}`;

describe('a bare number alone', () => {
  test.each<[cell: string, reason: string, readings: string]>([
    [
      '(516) 555-0132',
      'phone_ambiguous',
      '+5165550132 or, without a country code, as +15165550132 (United States)',
    ],
    ['516-555-0132', 'phone_ambiguous', '+15165550132'],
    ['(51) 98765-4321', 'phone_ambiguous', '+51987654321 or, without a country code, as +5551987654321'],
    ['51 98765-4321', 'phone_ambiguous', '+5551987654321'],
    ['51987654321', 'phone_ambiguous', '+5551987654321'],
    ['5165550132', 'phone_ambiguous', '+5165550132'],
    ['13123456789', 'phone_ambiguous', '+13123456789 or, without a country code, as +8613123456789 (China)'],
    ['131 2345 6789', 'phone_ambiguous', '+8613123456789'],
    ['532 123 45 67', 'phone_ambiguous', '+905321234567'],
    ['85291234567', 'phone_ambiguous', '+6285291234567 (Indonesia)'],
    ['6591234567', 'phone_ambiguous', '+526591234567 (Mexico)'],
    ['9198745 32456', 'phone_no_country', 'its gaps do not stand after that country code'],
    ['(91) 98745 32456', 'phone_no_country', 'its gaps do not stand'],
  ])('%j is %s', async (cell, reason, readings) => {
    expect(await cohortOf([cell])).toEqual([reason]);
    expect(await cohortOf([cell], '919876543210')).toEqual([reason]);
    expect(await cohortOf([cell], '13125550123')).toEqual([reason]);
    expect(readOf([cell])[0]).toMatchObject({
      code: reason,
      message: expect.stringContaining(readings),
    });
  });

  test.each([
    '919876543210',
    '91 98765 43210',
    '12125550123',
    '1 (212) 555-0123',
    '4915123456789',
    '447700900123'.replace('00900', '40900'),
  ])('%j is read: nobody writes a mobile so without its country code', async (cell) => {
    expect(await cohortOf([cell])).toEqual([cell.replace(/\D/g, '')]);
    expect(await cohortOf([cell], '8613123456789')).toEqual([cell.replace(/\D/g, '')]);
  });
});

describe('a bare number in its column', () => {
  test('many of its country settle what one cannot, each number counted once', async () => {
    const cells = times(12, american);
    expect(await cohortOf(cells)).toEqual(cells);
    expect(await cohortOf(times(12, () => '13123456789'))).toEqual(times(12, () => 'phone_ambiguous'));
  });

  test('a column that is written nationally does not, nor does one of several countries', async () => {
    const chinese = times(30, (at) => `1${3000000000 + ((at * 7_654_321_987) % 6_999_999_999)}`);
    expect(await cohortOf(['13123456789', ...chinese])).not.toContain('13123456789');
    const cells = [...times(30, indian), '6591234567'];
    expect(await cohortOf(cells)).toEqual([...times(30, indian), 'phone_ambiguous']);
  });

  test('a country code that no other number has is doubted where the others have none', async () => {
    const national = times(9, (at) => `${9876543210 + at}`);
    expect((await cohortOf([...national, '447740900123'])).at(-1)).toBe('phone_no_country');
    expect((await cohortOf([...national, '919876543219'])).at(-1)).toBe('919876543219');
  });

  test('numbers with + and the sending phone speak for their country, and complete nothing', async () => {
    // A town: where mobiles have area codes, all of a column may look alike.
    const town = times(20, (at) => `51${987654321 + at}`);
    expect(await cohortOf(town)).toEqual(town);
    expect(await cohortOf(town, '51987654321')).toEqual(town);
    expect(await cohortOf(town, '5511987654321')).toEqual(times(20, () => 'phone_ambiguous'));
    expect((await cohortOf([...town, '+55 11 98765-4321'])).slice(0, 20)).toEqual(
      times(20, () => 'phone_ambiguous'),
    );
    const arkansas = times(20, (at) => `479${2345678 + at}`);
    expect(await cohortOf(arkansas, '12125550123')).toEqual(times(20, () => 'phone_ambiguous'));
    expect(await cohortOf(['9876543210'], '919876543210')).toEqual(['phone_no_country']);
  });

  test('a landline gives way to a mobile, however many there are', async () => {
    const cells = times(40, (at) => `516555${String(100 + at).padStart(4, '0')}`);
    expect(await cohortOf(cells)).toEqual(times(40, () => 'phone_ambiguous'));
  });
});

describe('under a default country, with its code in front and a digit lost', () => {
  test.each<[cell: string, country: CountryCode, read: string]>([
    ['491523456789', 'DE', 'phone_too_short'],
    ['49152345678', 'DE', 'phone_too_short'],
    ['6282345678', 'ID', 'phone_too_short'],
    ['62 8234 5678', 'ID', 'phone_too_short'],
    ['4915123456789', 'DE', '4915123456789'],
    ['62812345678', 'ID', '62812345678'],
    ['49301234567', 'DE', '49301234567'],
    ['0491 523456', 'DE', '49491523456'],
  ])('%j under %s is %s', (cell, country, expected) => {
    const read = readPhoneCell(cell, country);
    expect(typeof read === 'string' ? read : read.code).toBe(expected);
    expect(readInFull(cell, { country })).toEqual(read);
  });

  test.each(['491523456789', '6282345678'])('%j without one is nobody', (cell) => {
    expect(readOf([cell])[0]).toMatchObject({ code: expect.stringMatching(/^phone_/) });
  });
});

/** As a cohort reads them; here without the file. The fast path and the full one have to agree. */
function readOf(cells: readonly string[], sender?: string) {
  const census = new Census();
  for (const cell of cells) census.count(cell);
  if (sender !== undefined) census.countSender(sender);
  const judge = census.judge();
  return cells.map((cell) => {
    const read = readPhoneCell(cell, undefined, judge);
    expect(readInFull(cell, { country: undefined, judge })).toEqual(read);
    return read;
  });
}

interface Person {
  readonly country: CountryCode;
  readonly participant: string;
  /** The number as it is in its own country, and as people write it there. */
  readonly national: string;
  readonly written: string;
}

function person(country: CountryCode, next: Below): Person {
  for (;;) {
    const national = randomMobile(country, next);
    const participant = codeOf(country) + national;
    const parsed = parsePhoneNumber(`+${participant}`, { extract: false });
    if (parsed?.isValid() && parsed.number === `+${participant}`)
      return { country, participant, national, written: parsed.formatNational() };
  }
}

function misread(people: readonly Person[], cells: readonly string[], sender?: string) {
  return readOf(cells, sender).flatMap((read, at) =>
    typeof read === 'string' && read !== people[at]?.participant ? [`${cells[at]} as ${read}`] : [],
  );
}

describe(`random mobiles of every region (SEED=${seed})`, () => {
  const some = regions.filter((_, at) => SOAK || at % 60 === seed % 60);
  const someone = (next: Below) => person(regions[next(regions.length)] as CountryCode, next);

  test.each(some)(
    '%s, written nationally: nobody is misread',
    (country) => {
      const next = random(seed + regions.indexOf(country));
      for (const size of [1, 2, 3, 20, 200]) {
        const people = Array.from({ length: size }, () => person(country, next));
        const own = `${codeOf(country)}${people[0]?.national}`;
        for (const write of [
          (one: Person) => one.national,
          (one: Person) => one.written,
          (one: Person) => one.written.replace(/\D/g, ''),
          (one: Person) => one.written.replace(/^\(?0/, ''),
        ]) {
          for (const sender of size > 20 ? [undefined] : [undefined, '919876543210', own])
            expect(misread(people, people.map(write), sender)).toEqual([]);
        }
        // Among others that have their country codes.
        const mixed = people.map((one, at) => (at % 10 === 3 ? one.national : one.participant));
        if (size >= 20) expect(misread(people, mixed)).toEqual([]);
      }
    },
    300_000,
  );

  /** A digit lost or doubled, or a letter: where nobody can tell any more. */
  function damaged(digits: string, next: Below): string {
    const at = next(digits.length);
    const middle = ['', `${digits[at]}${digits[at]}`, 'x'][next(3)] as string;
    return digits.slice(0, at) + middle + digits.slice(at + 1);
  }

  /** Of people in the API's form, one in twenty with a defect: good ones, and how many of them are not read. */
  function lost(people: readonly Person[], next: Below): readonly [good: number, lost: number] {
    const isGood = people.map((_, at) => at % 20 !== 7);
    const cells = people.map((one, at) => (isGood[at] ? one.participant : damaged(one.participant, next)));
    const read = readOf(cells);
    const unread = people.filter((one, at) => isGood[at] && read[at] !== one.participant);
    return [isGood.filter((good) => good).length, unread.length];
  }

  const columns: Readonly<
    Record<string, (size: number, country: CountryCode, next: Below) => readonly Person[]>
  > = {
    'of one region': (size, country, next) => Array.from({ length: size }, () => person(country, next)),
    'of three': (size, country, next) => {
      const others = [country, someone(next).country, someone(next).country];
      return Array.from({ length: size }, (_, at) => person(others[at % 3] as CountryCode, next));
    },
    // But for a foreigner whose digits are a number at home, too: there two readings stay possible.
    'of one and rare foreigners': (size, country, next) => {
      const foreigner = (): Person => {
        const one = someone(next);
        return isValidPhoneNumber(`+${codeOf(country)}${one.participant}`) ? foreigner() : one;
      };
      return Array.from({ length: size }, (_, at) => (at % 50 === 3 ? foreigner() : person(country, next)));
    },
  };

  test.each(Object.keys(columns))(
    'a column in the API’s form %s reads as before, whatever defects it has',
    (kind) => {
      const next = random(seed + 1);
      let all = 0;
      let unread = 0;
      for (const country of some) {
        const people = columns[kind]?.(200, country, next) ?? [];
        const [good, missed] = lost(people, next);
        all += good;
        unread += missed;
      }
      expect(unread / all).toBeLessThanOrEqual(0.001);
    },
    300_000,
  );
});
