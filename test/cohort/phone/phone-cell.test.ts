import type { CountryCode } from 'libphonenumber-js/max';
import { describe, expect, test } from 'vitest';
import { normalizePhone } from '../one-cell.ts';

function read(cell: string, defaultCountry?: CountryCode): string {
  const result = normalizePhone(cell, { defaultCountry, column: 'phone' });
  return 'participant' in result ? result.participant : result.code;
}

const fullWidth = (text: string) =>
  text.replace(/[+\d]/g, (c) => String.fromCodePoint(c.charCodeAt(0) + 0xfee0));
const inScript = (text: string, zero: number) =>
  text.replace(/\d/g, (c) => String.fromCodePoint(zero + Number(c)));

describe('every way to write +91 98745 32456 gives 919874532456', () => {
  const plain = '+91 98745 32456';
  test.each([
    plain,
    '919874532456',
    '0091-98745-32456',
    '+0091 98745 32456',
    '(+91) 98745.32456',
    '[+91] 98745/32456',
    '++91 98745 32456',
    '+91 (0) 98745 32456',
    '91 98745 32456',
    'tel:+91-98745-32456',
    'tel:98745-32456;phone-context=+91',
    'Tel.: +91 98745 32456',
    'WhatsApp: +91 98745 32456',
    'callto:+919874532456',
    'wa.me/919874532456',
    'https://wa.me/919874532456?text=hello',
    'https://wa.me/+919874532456',
    'https://api.whatsapp.com/send?phone=919874532456&text=hi',
    'https://web.whatsapp.com/send/?text=hi&phone=%2B919874532456',
    'whatsapp://send?phone=+919874532456',
    '919874532456@c.us',
    '919874532456@s.whatsapp.net',
    '919874532456:12@s.whatsapp.net',
    fullWidth(plain),
    inScript(plain, 0x0660), // Arabic-Indic
    inScript(plain, 0x06f0), // Persian
    inScript(plain, 0x0966), // Devanagari
    inScript(plain, 0x1d7ce), // mathematical bold: runs of ten that touch each other
    inScript(plain, 0x1d7f6), // mathematical monospace
    '+91\u00a098745\u202f32456',
    '+91\u2011 98745\u201332456',
    '\u202a+91 98745 32456\u202c',
    '\u200e+91\u200f98745\u200b32456\ufeff',
    '\u2066+91 98745 32456\u2069',
    '+91\t98745\t32456',
    '+91 98745\n32456',
    '📞 +91 98745 32456',
    '☎\ufe0f+91 98745 32456',
    '9\ufe0f\u20e31\ufe0f\u20e3 98745 32456',
    "'919874532456",
    "'+91 98745 32456",
    '’919874532456',
    '="919874532456"',
    '=+919874532456',
    '"+91 98745 32456"',
    '919874532456.0',
    '919874532456.00',
    '919874532456,0',
    '919,874,532,456',
    '919,874,532,456.00',
    '9.19874532456E+11',
    '9,19874532456e11',
    '- +91 98745 32456',
    '98745 32456\u0000'.replace('98745', '+91 98745'),
  ])('%j', (cell) => {
    expect(read(cell)).toBe('919874532456');
    expect(read(`  ${cell} `)).toBe('919874532456');
  });

  test.each(['98745 32456', '098745 32456', '(0)98745-32456', '919874532456', '9874532456.0'])(
    '%j under IN',
    (cell) => expect(read(cell, 'IN')).toBe('919874532456'),
  );
});

describe('what cannot be read with certainty', () => {
  test.each<[cell: string, code: string, country?: CountryCode]>([
    ['', 'phone_missing'],
    [' \u00a0\u200b', 'phone_missing'],
    ["'", 'phone_missing'],
    ['9.19875E+11', 'phone_scientific_notation'],
    ['9,19875e+11', 'phone_scientific_notation'],
    ['9.19875E11', 'phone_scientific_notation'],
    ['9E+11', 'phone_scientific_notation'],
    ['+9.19875E+11', 'phone_scientific_notation'],
    ["'9.19875E+11", 'phone_scientific_notation'],
    ['9.19875E+11', 'phone_scientific_notation', 'IN'],
    ['98745 32456', 'phone_no_country'],
    ['098745 32456', 'phone_no_country'],
    ['612 34 56 34', 'phone_no_country'],
    ['020 7946 0958', 'phone_no_country'],
    ['13012345678', 'phone_ambiguous', 'CN'],
    ['2015550123', 'phone_ambiguous', 'US'],
    ['15512345678', 'phone_ambiguous', 'MX'],
    ['+91 98745 32456 / +91 98745 32457', 'phone_multiple'],
    ['+91 98745 32456, 98745 32457', 'phone_multiple'],
    ['9198745 32456; 9198745 32457', 'phone_multiple'],
    ['+91 98745 32456 or +91 98745 32457', 'phone_multiple'],
    ['+91 98745 32456\n+91 98745 32457', 'phone_multiple'],
    ['+91 98745 32456 +91 98745 32457', 'phone_multiple'],
    ['919874532456 919874532457', 'phone_multiple'],
    ['+49 30 1234567/68', 'phone_multiple'],
    ['+1 201 555 0123 x12', 'phone_extension'],
    ['+1 201 555 0123 ext. 12', 'phone_extension'],
    ['+1 201 555 0123 #12', 'phone_extension'],
    ['tel:+1-201-555-0123;ext=12', 'phone_extension'],
    ['12345', 'phone_too_short'],
    ['7', 'phone_too_short'],
    ['+91', 'phone_too_short'],
    ['+91 98745 3245', 'phone_too_short'],
    ['98745 3245', 'phone_too_short', 'IN'],
    ['+91 98745 324567', 'phone_too_long'],
    ['98745 324567', 'phone_too_long', 'IN'],
    ['12345678901234567890', 'phone_too_long'],
    ['+999 1234 5678', 'phone_unknown_country'],
    ['+091 98745 32456', 'phone_unknown_country'],
    ['0000 1234 5678', 'phone_unknown_country'],
    ['999123456789', 'phone_unknown_country'],
    ['wa.me/99912345678', 'phone_unknown_country'],
    ['Ann', 'phone_not_a_number'],
    ['N/A', 'phone_not_a_number'],
    ['-', 'phone_not_a_number'],
    ['+', 'phone_not_a_number'],
    ['#REF!', 'phone_not_a_number'],
    ['#N/A', 'phone_not_a_number'],
    ['#######', 'phone_not_a_number'],
    ['ann@example.org', 'phone_not_a_number'],
    ['2026-01-15', 'phone_not_a_number'],
    ['25.12.2023', 'phone_not_a_number', 'DK'],
    ['1-800-FLOWERS', 'phone_not_a_number'],
    ['+91 98745 32456 (mother)', 'phone_not_a_number'],
    ['+91 98745² 32456', 'phone_not_a_number'],
    ['120363371308389685@g.us', 'phone_not_a_number'],
    ['https://chat.whatsapp.com/Hk3TqVtY9sB2cXw1ZdLmNp', 'phone_not_a_number'],
    ['https://wa.me/message/ABC', 'phone_not_a_number'],
    ['123456789012345@lid', 'phone_not_a_number'],
    ['*123#', 'phone_not_a_number'],
    // Struck out by a combining line, or marked as a number not to use.
    [[...'+91 98745 32456'].join('\u0336'), 'phone_not_a_number'],
    ['9\u03381\u03389874532456', 'phone_not_a_number'],
    ['❌ +91 98745 32456', 'phone_not_a_number'],
    ['+91 98745 32456 🚫', 'phone_not_a_number'],
    ['📵 919874532456', 'phone_not_a_number'],
    ['⛔919874532456', 'phone_not_a_number'],
    // Fillers of a form's compulsory field, which belong to strangers.
    ['9999999999', 'phone_invalid', 'IN'],
    ['+91 99999 99999', 'phone_invalid'],
    ['+55 11 99999-9999', 'phone_invalid'],
    ['5511999999999', 'phone_invalid'],
    ['+966 5 5555 5555', 'phone_invalid'],
    ['1234567890', 'phone_invalid', 'IN'],
    ['+44 1234 567890', 'phone_invalid'],
    ['+44 7700 900123', 'phone_invalid'],
    ['+39 6 1234 5678', 'phone_invalid'],
    ['+1 555 555 5555', 'phone_invalid'],
    ['6 1234 5678', 'phone_invalid', 'IT'],
    // Brazil: mobiles from before the ninth digit, and numbers without their area code.
    ['4798765432', 'phone_ambiguous', 'BR'],
    ['(47) 9876-5432', 'phone_ambiguous', 'BR'],
    ['47 9876-5432', 'phone_ambiguous', 'BR'],
    ['65 9876-5432', 'phone_ambiguous', 'BR'],
    ['95123-4567', 'phone_ambiguous', 'BR'],
    ['951234567', 'phone_ambiguous', 'BR'],
    ['4312-3456', 'phone_ambiguous', 'BR'],
    // A digit too many makes a landline of Germany or Hungary.
    ['49876543210', 'phone_ambiguous', 'IN'],
    ['(614) 88123456', 'phone_ambiguous', 'IN'],
  ])('%j is %s', (cell, code, country) => {
    expect(read(cell, country)).toBe(code);
  });

  test('the message says what was found and what to do, and the problem says where', () => {
    expect(normalizePhone('9.19875E+11', { column: 'Phone No.' })).toEqual({
      code: 'phone_scientific_notation',
      message:
        '“9.19875E+11” is scientific notation: the last digits are gone; format the column as text and paste the numbers again',
      column: 'Phone No.',
      value: '9.19875E+11',
    });
    expect(normalizePhone('13012345678', { defaultCountry: 'CN' })).toMatchObject({
      message: expect.stringContaining('+13012345678 or +8613012345678'),
    });
    expect(normalizePhone('+91 98745 32456 / +91 98745 32457')).toMatchObject({
      message: expect.stringContaining('“+91 98745 32456” and “+91 98745 32457”'),
    });
    expect(normalizePhone('+91 98745 3245')).toMatchObject({
      message: expect.stringContaining('India (+91)'),
    });
  });

  test('a quoted cell is short, on one line, and free of what could steer a terminal', () => {
    const result = normalizePhone(`\u001b[31mBob\n\u202eeve ${'x'.repeat(500)}`);
    expect(result).toHaveProperty('message');
    const { message } = result as { message: string };
    expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(message.length).toBeLessThan(150);
  });
});

describe('national habits', () => {
  test.each<[cell: string, country: CountryCode | undefined, participant: string]>([
    // Italy: the zero is part of the number.
    ['06 1234 5678', 'IT', '390612345678'],
    ['+39 06 1234 5678', undefined, '390612345678'],
    ['312 345 6789', 'IT', '393123456789'],
    // Ivory Coast: so it is in every mobile number.
    ['01 23 45 67 89', 'CI', '2250123456789'],
    // Argentina: 0…15… at home is 549… abroad; 54 without the 9 stays as it was written.
    ['011 15 2345-6789', 'AR', '5491123456789'],
    ['11 15 2345-6789', 'AR', '5491123456789'],
    ['+54 11 15 2345 6789', undefined, '5491123456789'],
    ['+54 9 11 2345 6789', undefined, '5491123456789'],
    ['+54 11 2345 6789', undefined, '541123456789'],
    // Mexico: the old 1 stays where it was written after 52, and is no part of what is written at home.
    ['+52 1 55 1234 5678', undefined, '5215512345678'],
    ['5215512345678', 'MX', '5215512345678'],
    ['+52 55 1234 5678', undefined, '525512345678'],
    ['55 1234 5678', 'MX', '525512345678'],
    ['01 55 1234 5678', 'MX', '525512345678'],
    ['044 55 1234 5678', 'MX', '525512345678'],
    ['045 55 1234 5678', 'MX', '525512345678'],
    // Brazil: carrier codes.
    ['0 15 11 96123-4567', 'BR', '5511961234567'],
    ['(0xx11) 96123-4567'.replace('xx', '15'), 'BR', '5511961234567'],
    ['11 96123-4567', 'BR', '5511961234567'],
    // Russia: 8 as trunk prefix; +7 with it.
    ['8 912 345-67-89', 'RU', '79123456789'],
    ['+7 912 345 67 89', undefined, '79123456789'],
    // Abroad, dialled from home.
    ['011 91 98745 32456', 'US', '919874532456'],
    ['00 91 98745 32456', 'US', '919874532456'],
    ['0011 91 98745 32456', 'AU', '919874532456'],
    // The gaps tell which reading was meant.
    ['(201) 555-0123', 'US', '12015550123'],
    ['131 2345 6789', 'CN', '8613123456789'],
    // A whole mobile number with the own country code, in a country that writes 0 before its own numbers.
    ['4915123456789', 'DE', '4915123456789'],
    ['62812345678', 'ID', '62812345678'],
    // A mobile abroad, where nothing says that it is a damaged number of the country.
    ['447911123456', 'IN', '447911123456'],
    ['1 305 555 1234', 'BR', '13055551234'],
    ['554798765432', 'PT', '554798765432'],
    ['33 1 42 68 53 00', 'IN', '33142685300'],
    ['+91 98989 99999', undefined, '919898999999'],
    ['+971 50 123 4567', undefined, '971501234567'],
    // A landline is a number too: WhatsApp Business runs on it.
    ['+44 20 7946 0958', undefined, '442079460958'],
  ])('%j under %s is %s', (cell, country, participant) => {
    expect(read(cell, country)).toBe(participant);
  });
});
