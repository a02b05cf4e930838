import { describe, expect, test } from 'vitest';
import {
  columnByAlias,
  columnByName,
  looksLikeHeader,
  missingColumn,
} from '../../../src/cohort/columns/columns.ts';
import { ALIASES, headerKey, type Role } from '../../../src/cohort/columns/names.ts';

const find = (columns: readonly string[], role: 'chat' | 'phone') => {
  const index = columnByAlias(columns, role, 'c.csv');
  return index === undefined ? undefined : columns[index];
};

const SOMEBODY_ELSES = [
  // A number that somebody else has by now.
  'Phone (old)',
  'Mobile - inactive',
  'Wrong number (phone)',
  'Teléfono anterior',
  'Telefone antigo',
  'Alte Telefonnummer',
  'Ancien numéro de téléphone',
  'Eski telefon',
  'No HP lama',
  'Старый телефон',
  'الهاتف القديم',
  'पुराना मोबाइल नंबर',
  'Số điện thoại cũ',
  // Children, in-laws, who invited, who filled in the form, whoever stands between.
  'Child’s mobile',
  'Telefon des Kindes',
  'Teléfono del hijo',
  'Telefone da filha',
  'No HP anak',
  'Çocuğun telefonu',
  'هاتف الابن',
  'बेटे का मोबाइल',
  'Телефон ребёнка',
  'Pita ka mobile number',
  'पिताजी का मोबाइल',
  'ICE phone',
  'Who invited you? (phone)',
  'Upline WhatsApp',
  'Teléfono de quien te invitó',
  'Telefone de quem indicou',
  'Geworben von (Telefon)',
  'Davet eden telefon',
  'Телефон пригласившего',
  'No HP PIC',
  'Contact person phone',
  'Telefone para recado',
  'Colleague phone',
  'Phone of the person filling this form',
  'Sponsor phone',
  'Driver mobile',
  'Mentor WhatsApp',
  'Spouse phone number',
  'Reference phone',
  "Mom's phone",
  'motherPhone',
  'fathermobile',
  'emergency_contact/phone_number',
  'Telefone do responsável',
  'Telefone dos pais ou responsáveis',
  'Celular da mãe',
  'WhatsApp do padrinho',
  'Teléfono de emergencia',
  'Teléfono del apoderado',
  'Celular de la mamá',
  'Téléphone des parents',
  'Téléphone d’urgence',
  'Telefono dei genitori',
  'Telefono di emergenza',
  'Notfallkontakt Telefon',
  'Telefon der Eltern',
  'Telefoon ouders',
  'No HP orang tua',
  'No. HP Ayah',
  'Nomor telepon wali',
  'Veli telefonu',
  'Acil durum telefonu',
  'Телефон родителя',
  'Телефон водителя',
  'Экстренный телефон',
  'هاتف ولي الأمر',
  'هاتف الطوارئ',
  'رقم هاتف السائق',
  'अभिभावक का फोन',
  'पिता का मोबाइल नंबर',
  'पालकांचा मोबाईल',
  '家长电话',
  '紧急联系人电话',
  '母親の電話番号',
  '緊急連絡先電話番号',
  '보호자 전화번호',
  '비상 연락처 전화',
  'Số điện thoại phụ huynh',
  'Số điện thoại mẹ',
  'เบอร์โทรศัพท์ผู้ปกครอง',
  'טלפון של ההורים',
  'طلفون والد فون',
  'شماره تلفن پدر',
  'Τηλέφωνο κηδεμόνα',
  'Huoltajan puhelinnumero',
  'অভিভাবকের ফোন',
  'பெற்றோர் தொலைபேசி',
];

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
    'Tél. portable',
    'N° tél.',
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
    // Vietnamese, Thai, Korean, Japanese, Hebrew, Persian, Greek, Finnish, Bengali, Tamil, Urdu, Marathi
    'Số điện thoại',
    'SĐT',
    'so dien thoai',
    'เบอร์โทรศัพท์',
    'เบอร์โทร',
    '전화번호',
    '휴대폰 번호',
    '연락처',
    '電話番号',
    '携帯電話',
    'טלפון',
    'מספר טלפון נייד',
    'شماره تلفن',
    'شماره موبايل',
    'Τηλέφωνο',
    'ΚΙΝΗΤΟ',
    'Puhelinnumero',
    'matkapuhelin',
    'মোবাইল নম্বর',
    'ফোন',
    'தொலைபேசி எண்',
    'கைபேசி',
    'موبائل نمبر',
    'فون نمبر',
    'मोबाईल क्रमांक',
    'दूरध्वनी',
    // Short for it
    'Ph No',
    'Ph. No.',
    'Mob. No',
    'Mob No.',
    'No. Telp/WA',
    'No HP/WA',
    'Phone (WhatsApp)',
    'Mobile / WhatsApp',
    'Celular/WhatsApp',
    // With the page of a form before it
    'group_x/phone_number',
    'group_x/sub/phone_number',
    'data.phone',
    'grp_contact-phone_number',
    'contact:mobile',
    // A form's question
    'Qual seu WhatsApp?',
    'Qual seu WhatsApp (com código do país)?',
    'Teléfono (con código de país)',
    'Preferred phone number',
    'Teléfono principal',
    'No. HP Bapak/Ibu',
    'What are your WhatsApp digits?',
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
    ...SOMEBODY_ELSES,
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

  test.each([
    [
      ['Nome completo', 'Qual seu WhatsApp?', 'CEP'],
      [['Ana', '+5511987654321', '01310-100']],
      'Qual seu WhatsApp?',
    ],
    [['Nome', 'CEP'], [['Ana', '01310100']], undefined],
    [['x', 'CEP'], [['Ana', '01310-100']], undefined],
    [['Ad Soyad', 'Cep'], [['Ali', '0532 123 45 67']], 'Cep'],
    [['Contact', 'Your WhatsApp number?'], [['Ravi', '+919876543210']], 'Your WhatsApp number?'],
    [['Contact', 'Phone'], [['+919876543211', '+919876543210']], 'Phone'],
    [['Nama', 'No HP', 'Mobil'], [['Budi', '081234567890', 'Toyota']], 'No HP'],
    [['WhatsApp', 'Telefone'], [['Sim', '+5511987654321']], 'Telefone'],
    [['mobile', 'phone'], [['', '+919876543210']], 'phone'],
    [['phone1', 'phone2'], [['+919876543210', '']], 'phone1'],
    [['phone1', 'phone2'], [['', '+919876543210']], 'phone2'],
    [['Phone 1 - Value', 'Phone 2 - Value'], [['+919876543210', '']], 'Phone 1 - Value'],
    [['Phone country code', 'Phone number only'], [['55', '51987654321']], 'Phone number only'],
  ] as const)('of %j, with the cells %j, %s is it', (columns, rows, expected) => {
    const index = columnByAlias(columns, 'phone', 'c.csv', rows);
    expect(index === undefined ? undefined : columns[index]).toBe(expected);
  });

  test.each([
    ['phone1', 'phone2'],
    ['Phone 1', 'Phone 2'],
    ['mobile', 'alternate mobile'],
    ['Phone', 'Your WhatsApp number?'],
    ['Contact', 'Your WhatsApp number?'],
    ['Telefone', 'Telefone 2'],
  ])('%s and %s, both filled, are a question', (...columns) => {
    const rows = [
      ['+919876543210', ''],
      ['', '+919876543211'],
    ];
    expect(() => columnByAlias(columns, 'phone', 'c.csv', rows)).toThrow(
      `c.csv: “${columns[0]}” and “${columns[1]}” can each be the phone column: choose with --phone-column`,
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
    'group_x/chat_id',
    'nhóm',
    '그룹',
    'グループ',
    'גרופ קבוצה/group_id',
    'گروه',
    'ryhmä',
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
  const keys = (role: Role) =>
    [ALIASES[role].exact, ALIASES[role].strong, ALIASES[role].weak].flat().map(headerKey);
  const all = (['chat', 'phone', 'sender', 'country'] as const).flatMap((role) => [...new Set(keys(role))]);
  expect(all.filter((key, index) => all.indexOf(key) !== index)).toEqual([]);
  expect(all.filter((key) => key === '')).toEqual([]);
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
