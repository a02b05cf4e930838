import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type CohortOptions, openCohort } from '../../../src/cohort/cohort.ts';
import { readCountryCell } from '../../../src/cohort/phone/country.ts';
import { parseChatId } from '../../../src/domain/ids.ts';
import { RESULT_COLUMNS } from '../../../src/domain/words.ts';
import { scratch } from '../../helpers.ts';

const GROUP = '120363371308389685@g.us';
const TO = { chatId: parseChatId(GROUP) };

async function opened(text: string, options: CohortOptions = TO) {
  const path = join(await scratch(), 'c.csv');
  await writeFile(path, text);
  const cohort = await openCohort(path, options);
  const read: string[] = [];
  for await (const batch of cohort.readings()) {
    read.push(...batch.map((one) => (one.kind === 'pair' ? one.pair.participant : one.problem.code)));
  }
  return { cohort, read };
}

describe('a cell that names a country', () => {
  test.each([
    ['+55', 'BR'],
    ['55', 'BR'],
    ['0055', 'BR'],
    ['00 55', 'BR'],
    ['55.0', 'BR'],
    ['55,0', 'BR'],
    ['="+55"', 'BR'],
    ["'+55", 'BR'],
    ['(+55)', 'BR'],
    ['+ 55', 'BR'],
    ['＋５５', 'BR'],
    ['+٥٥', 'BR'],
    ['011 55', 'BR'],
    ['1', 'US'],
    ['+7', 'RU'],
    ['+7 7', 'KZ'],
    ['+1-868', 'TT'],
    ['1 (809)', 'DO'],
    ['39', 'IT'],
    ['BR', 'BR'],
    ['br', 'BR'],
    ['BRA', 'BR'],
    ['ind', 'IN'],
    ['UK', 'GB'],
    ['U.K.', 'GB'],
    ['UAE', 'AE'],
    ['USA', 'US'],
    ['U.S.A.', 'US'],
    ['🇧🇷', 'BR'],
    ['🇧🇷 +55', 'BR'],
    ['🇧🇷 Brazil', 'BR'],
    ['Brazil (+55)', 'BR'],
    ['+55 Brasil', 'BR'],
    ['BR +55', 'BR'],
    ['India - 91', 'IN'],
    ['Canada +1', 'CA'],
    ['Brasil', 'BR'],
    ['BRAZIL', 'BR'],
    ['Deutschland', 'DE'],
    ['Allemagne', 'DE'],
    ['Côte d’Ivoire', 'CI'],
    ["Cote d'Ivoire", 'CI'],
    ['Ivory Coast', 'CI'],
    ['The Netherlands', 'NL'],
    ['Türkiye', 'TR'],
    ['Turkey', 'TR'],
    ['Россия', 'RU'],
    ['भारत', 'IN'],
    ['中国', 'CN'],
    ['巴西', 'BR'],
    ['البرازيل', 'BR'],
    ['Mỹ', 'US'],
    ['ประเทศไทย', undefined],
    ['ไทย', 'TH'],
    ['대한민국', 'KR'],
    ['インド', 'IN'],
    ['ישראל', 'IL'],
    ['ایران', 'IR'],
    ['Ελλάδα', 'GR'],
    ['Suomi', 'FI'],
    ['বাংলাদেশ', 'BD'],
    ['இந்தியா', 'IN'],
    ['پاکستان', 'PK'],
    ['ब्राझिल', 'BR'],
    ['Iran, Islamic Republic of', 'IR'],
    ['Viet Nam', 'VN'],
    ['Hong Kong', 'HK'],
    // No country, or not for certain
    ['', undefined],
    ['x', undefined],
    ['NA', undefined],
    ['N/A', undefined],
    ['EU', undefined],
    ['Nga', undefined],
    ['My', undefined],
    ['030', undefined],
    ['-55', undefined],
    ['999', undefined],
    ['51987654321', undefined],
    ['Brazil / India', undefined],
    ['India +55', undefined],
    ['+55 +91', undefined],
    ['55, 91', undefined],
    ['Congo', undefined],
    ['Korea', undefined],
    ['Bayern', undefined],
  ])('%j is %s', (cell, country) => expect(readCountryCell(cell)?.country).toBe(country));
});

describe('a country code in a column of its own', () => {
  test.each([
    ['+55', '51987654321', '5551987654321'],
    ['55', '(51) 98765-4321', '5551987654321'],
    ['55', '51 98765-4321', '5551987654321'],
    ['55', '51987654321.0', '5551987654321'],
    ['+55', '051987654321', '5551987654321'],
    ['0055', '11987654321', '5511987654321'],
    ['55.0', '51987654321', '5551987654321'],
    ['="+55"', '51987654321', '5551987654321'],
    ['86', '13123456789', '8613123456789'],
    ['+86', '131 2345 6789', '8613123456789'],
    ['49', '015123456789', '4915123456789'],
    ['49', '15123456789', '4915123456789'],
    ['39', '0612345678', '390612345678'],
    ['39', '3123456789', '393123456789'],
    ['90', '532 123 45 67', '905321234567'],
    ['20', '01001234567', '201001234567'],
    ['7', '89161234567', '79161234567'],
    ['52', '0445512345678', '525512345678'],
    ['+1-868', '6201234', '18686201234'],
    ['1', '(201) 555-0123', '12015550123'],
    // With its own code already
    ['91', '919876543210', '919876543210'],
    ['91', '+919876543210', '919876543210'],
    ['91', '00919876543210', '919876543210'],
    ['+91', 'https://wa.me/919876543210', '919876543210'],
    ['+91', '9876543210', '919876543210'],
    // As without the column
    ['', '+5551987654321', '5551987654321'],
    ['-', '5551987654321', '5551987654321'],
    ['N/A', '+919876543210', '919876543210'],
    // No certain number
    ['+55', '+51987654321', 'phone_conflict'],
    ['+91', '+12015550123', 'phone_conflict'],
    ['91', 'https://wa.me/5511987654321', 'phone_conflict'],
    ['+1-868', '2125550123', 'phone_conflict'],
    ['91', '5511987654321', 'phone_too_long'],
    // A landline together, and somebody's mobile alone
    ['49', '919876543210', 'phone_ambiguous'],
    ['Germany', '5511987654321', 'phone_ambiguous'],
    ['DE', '6281234567890', 'phone_ambiguous'],
    ['43', '5511987654321', 'phone_ambiguous'],
    ['55', '1198765', 'phone_too_short'],
    ['86', '98765432101', 'phone_invalid'],
    ['bogus', '51987654321', 'phone_no_country'],
    ['999', '51987654321', 'phone_no_country'],
    ['bogus', '+5551987654321', '5551987654321'],
    ['55', '5.19877E+10', 'phone_scientific_notation'],
    ['55', '', 'phone_missing'],
  ])('%j and %j: %s', async (code, phone, expected) => {
    const text = `Country Code,Phone Number\n"${code.replaceAll('"', '""')}","${phone}"\n`;
    expect((await opened(text)).read).toEqual([expected]);
  });

  test('of a code that two countries share, the number tells which', async () => {
    const { read } = await opened('Country Code,Phone\n1,4165550123\n7,7011234567\n44,1481960194\n');
    expect(read).toEqual(['14165550123', '77011234567', '441481960194']);
  });

  test('both readings are named, and the line that says which columns are taken', async () => {
    const { cohort } = await opened('Country Code,Phone\n+55,+51987654321\n');
    expect(cohort.mapping).toBe(
      'every row’s group is that of --chat-id, the phone in “Phone”, the country of each phone in “Country Code”',
    );
    for await (const [reading] of cohort.readings()) {
      expect(reading).toMatchObject({
        problem: {
          column: 'Phone',
          message:
            'column “Country Code” says “+55” (+55) and column “Phone” says “+51987654321”, which is +51: correct one of them (or give --country-column none)',
        },
      });
    }
  });
});

describe('a column of countries', () => {
  test.each([
    ['Country', 'Brazil', '51987654321', '5551987654321'],
    ['País', 'Brasil', '51987654321', '5551987654321'],
    ['Land', 'Deutschland', '0151 23456789', '4915123456789'],
    ['Country/Region', 'BR', '51987654321', '5551987654321'],
    ['Country', 'Jamaica', '8765551234', '18765551234'],
    ['Country', 'India', '+919876543210', '919876543210'],
    ['Country', 'India', '919876543210', '919876543210'],
    ['Country', 'Canada', '+12015550123', '12015550123'],
    ['Country', 'Brazil', '+51987654321', '51987654321'],
  ])('%s: %s and %s: %s', async (header, country, phone, expected) => {
    expect((await opened(`${header},Phone\n${country},${phone}\n`)).read).toEqual([expected]);
  });

  test('a cell that names no country is no error beside a number with +', async () => {
    const { read } = await opened(
      'Country,Phone\nBrazil,51987654321\nsomewhere,+919876543210\nsomewhere,51987654321\nIndia,9876543210\n',
    );
    expect(read).toEqual(['5551987654321', '919876543210', 'phone_no_country', '919876543210']);
  });

  test('a column whose cells are something else is not one', async () => {
    const { read, cohort } = await opened('Land,Phone\nBayern,919876543210\nHessen,919876543211\n');
    expect([read, cohort.mapping.includes('Land')]).toEqual([['919876543210', '919876543211'], false]);
  });
});

describe('its name', () => {
  test.each([
    'Country Code',
    'country_code',
    'Dial code',
    'phone_country_code',
    'Código de país',
    'Código do país',
    'DDI',
    'cc',
    'Indicatif pays',
    'Ländervorwahl',
    'Prefijo internacional',
    'ülke kodu',
    'Код страны',
    '国家代码',
    '国码',
    'رمز الدولة',
    'kode negara',
    'Kode Negara',
    'mã quốc gia',
    'รหัสประเทศ',
    '국가 코드',
    '国番号',
    'קידומת מדינה',
    'کد کشور',
    'κωδικός χώρας',
    'maakoodi',
    'देश कोड',
    'দেশের কোড',
    'நாட்டின் குறியீடு',
    'ملک کا کوڈ',
    'contact/country_code',
    'Country code (e.g. 55)',
  ])('%s', async (header) => {
    const { read } = await opened(`"${header}",Phone\n55,51987654321\n`);
    expect(read).toEqual(['5551987654321']);
  });

  test.each(['Vorwahl', 'Prefijo', 'code', 'Area code'])(
    '%s is an area code as well: only + or 00 say that it is not, and else neither reading is taken',
    async (name) => {
      expect((await opened(`${name},Phone\n+55,51987654321\n`)).read).toEqual(['5551987654321']);
      const bare = await opened(`${name},Phone\n55,51987654321\n55,+919876543210\n030,919876543211\n`);
      expect(bare.read).toEqual(['phone_ambiguous', '919876543210', '919876543211']);
      expect(bare.cohort.mapping).not.toContain(name);
    },
  );

  test('two that differ are a question, two that agree are not', async () => {
    const both = 'Country code,Dial code,Phone';
    expect((await opened(`${both}\nBR,+55,51987654321\n`)).read).toEqual(['5551987654321']);
    await expect(opened(`${both}\nBR,+91,51987654321\n`)).rejects.toThrow(/--country-column/);
    expect((await opened(`Country,Dial code,Phone\nIndia,+55,51987654321\n`)).read).toEqual([
      '5551987654321',
    ]);
  });

  test('can be given, and given as none', async () => {
    const text = 'where,Country Code,Phone\nBR,+51,51987654321\n';
    expect((await opened(text, { ...TO, countryColumn: 'Where' })).read).toEqual(['5551987654321']);
    for (const countryColumn of ['none', '']) {
      expect(
        (await opened('Country Code,Phone\n+91,+5551987654321\n', { ...TO, countryColumn })).read,
      ).toEqual(['5551987654321']);
    }
    await expect(opened(text, { ...TO, countryColumn: 'wheer' })).rejects.toThrow(
      /no column “wheer” \(--country-column\); did you mean “where”/,
    );
  });
});

test('in a results CSV, the participant that was asked is complete as it stands', async () => {
  const results = `2,${GROUP},5551987654321,added,,,200,1,,,`;
  const text = `Country Code,Phone,${RESULT_COLUMNS.join(',')}\n+55,51987654321,${results}\n`;
  expect((await opened(text, {})).read).toEqual(['5551987654321']);
});
