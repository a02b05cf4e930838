import { describe, expect, test } from 'vitest';
import { ALIASES } from '../../src/cohort/aliases.ts';
import {
  columnByAlias,
  columnByName,
  headerKey,
  looksLikeHeader,
  missingColumn,
} from '../../src/cohort/columns.ts';

const find = (columns: readonly string[], role: 'chat' | 'phone') => {
  const index = columnByAlias(columns, role, 'c.csv');
  return index === undefined ? undefined : columns[index];
};

describe('phone', () => {
  test.each([
    // English, Spanish, Portuguese, German, French, Hindi, Indonesian, Arabic, Russian, Italian
    'phone',
    'Phone Number',
    'PHONE_NO.',
    'mobile',
    'Mobile No',
    'WhatsApp',
    'whatsapp-number',
    'Contact',
    'contact number',
    'Cell Phone',
    'teléfono',
    'Telefono',
    'Número de teléfono',
    'móvil',
    'celular',
    'telefone',
    'Telemóvel',
    'Telefon',
    'Telefonnummer',
    'Handy-Nr.',
    'Handynummer',
    'téléphone',
    'N° de téléphone',
    'Portable',
    'टेलीफोन',
    'मोबाइल नंबर',
    'फ़ोन',
    'nomor',
    'Nomor HP',
    'No. WhatsApp',
    'هاتف',
    'رقم الهاتف',
    'الجوال',
    'телефон',
    'Номер телефона',
    'cellulare',
    'Numero di telefono',
    'Cep Telefonu',
    'Phone 1 - Value',
    // A form's question
    'What is your WhatsApp number (with country code)?',
    'Your phone number *',
  ])('%s', (header) => expect(find(['name', 'email', header, 'chat_id'], 'phone')).toBe(header));

  test.each([
    'Emergency phone',
    'Parent phone',
    'Guardian Mobile',
    'Teacher WhatsApp',
    'Sales rep phone',
    'Old phone',
    'Phone (do not use)',
    'Phone verified',
    'phone_id',
  ])('%s is somebody else’s, or none: nobody is asked by a guess', (header) => {
    expect(find(['name', header, 'chat_id'], 'phone')).toBeUndefined();
    expect(find(['name', header, 'Booking phone', 'chat_id'], 'phone')).toBe('Booking phone');
  });

  test('a number in the place of a name is not read out', () => {
    const said = missingColumn(['Ravi +91 98745 32466', '98745*32456', 'plan'], 'phone', 'c.csv').message;
    expect(said).toContain('“Ravi 9198•••••466”, “9874•••456” and “plan”');
  });

  test('a better name wins over one that means other things as well', () => {
    expect(find(['contact', 'number', 'phone'], 'phone')).toBe('phone');
    expect(find(['WhatsApp group name', 'whatsapp'], 'phone')).toBe('whatsapp');
  });

  test('two candidates are named, with the flag that decides', () => {
    expect(() => find(['phone', 'mobile'], 'phone')).toThrow(
      'c.csv: “phone” and “mobile” can each be the phone column: choose with --phone-column',
    );
    expect(() => find(['contact', 'number'], 'phone')).toThrow('“contact” and “number”');
    expect(() => find(['phone', 'x', 'phone'], 'phone')).toThrow(
      'columns 1 and 3 are both called “phone”: rename one',
    );
  });

  test('no name is a guess', () => expect(find(['name', 'email', 'zip'], 'phone')).toBeUndefined());
});

describe('chat_id', () => {
  test.each([
    'chat_id',
    'chatId',
    'Chat ID',
    'CHAT-ID',
    'chat',
    'group',
    'Group ID',
    'group_id',
    'WhatsApp Group',
    'grupo',
    'ID do grupo',
    'Gruppe',
    'Gruppen-ID',
    'groupe',
    'gruppo',
    'grup',
    'группа',
    'المجموعة',
    'समूह',
    'Your WhatsApp group ID, please',
  ])('%s', (header) => expect(find(['name', header, 'phone'], 'chat')).toBe(header));

  test('the API’s own word wins over all others, and two others are named', () => {
    expect(find(['group', 'group id', 'chat_id'], 'chat')).toBe('chat_id');
    expect(find(['group', 'group id'], 'chat')).toBe('group id');
    expect(() => find(['group', 'grupo'], 'chat')).toThrow('--chat-column');
  });

  test('is not taken for a phone', () =>
    expect(find(['WhatsApp group', 'WhatsApp chat'], 'phone')).toBeUndefined());
});

test('no alias plays both roles, and each is found under its own key', () => {
  const keys = (role: 'chat' | 'phone') =>
    [ALIASES[role].exact, ALIASES[role].strong, ALIASES[role].weak].flat().map(headerKey);
  expect(keys('chat').filter((key) => keys('phone').includes(key))).toEqual([]);
  expect([...keys('chat'), ...keys('phone')].filter((key) => key === '')).toEqual([]);
});

describe('a name that the user gives', () => {
  const columns = ['Full Name', 'Téléphone Élève', 'Group', 'GROUP '];
  const byName = (name: string, role: 'chat' | 'phone' = 'phone') =>
    columnByName(columns, name, role, 'c.csv');

  test('matches without case, spaces, punctuation and accents', () => {
    expect(byName('telephone_eleve')).toBe(1);
    expect(byName('TÉLÉPHONE ÉLÈVE')).toBe(1);
  });

  test('matches to the letter first', () => {
    expect(byName('Group')).toBe(2);
    expect(byName('GROUP ')).toBe(3);
    expect(() => byName('group', 'chat')).toThrow('c.csv: --chat-column “group” fits columns 3 and 4');
  });

  test('mistyped, suggests the nearest; far off, lists the columns', () => {
    expect(() => byName('telefone eleve')).toThrow('did you mean “Téléphone Élève”?');
    expect(() => byName('fullnmae')).toThrow('did you mean “Full Name”?');
    expect(() => byName('zzz')).toThrow(
      'c.csv has no column “zzz” (--phone-column). Its columns: “Full Name”, “Téléphone Élève”, “Group” and “GROUP”',
    );
  });
});

test('a missing column names those that are there, and a header that looks like data is told', () => {
  expect(missingColumn(['name', ''], 'phone', 'c.csv').message).toBe(
    'c.csv has no phone column (its columns: “name”); say which it is with --phone-column',
  );
  expect(missingColumn(['Ann', '+91 98745 32456'], 'chat', 'c.csv').message).toContain('looks like data');
  expect(missingColumn(['name'], 'chat', 'c.csv')).toMatchObject({ code: 'COHORT_COLUMNS', exitCode: 3 });
  const many = Array.from({ length: 50 }, (_, i) => `c${i}`);
  expect(missingColumn(many, 'chat', 'c.csv').message).toContain('“c19” and 30 more');
});

test.each([
  [['name', 'group', 'phone'], true, true],
  [['name', 'phone'], true, false],
  [['name', 'phone'], false, true],
  [['Asha Rao', '120363371308389685@g.us', '+91 98745 32456'], true, false],
])('%j as the header of a cohort that needs a group (%s): %s', (fields, needsChat, looks) => {
  expect(looksLikeHeader(fields, needsChat)).toBe(looks);
});
