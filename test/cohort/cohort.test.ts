import { chmod, mkdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CohortOptions, openCohort } from '../../src/cohort/cohort.ts';
import { parseChatId } from '../../src/domain/ids.ts';
import { REASON_CODES } from '../../src/domain/reasons.ts';
import type { Reading } from '../../src/domain/words.ts';
import { repeats, scratch } from '../helpers.ts';

const GROUP = '120363371308389685@g.us';
const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));

async function readAll(path: string, options: CohortOptions = {}): Promise<readonly Reading[]> {
  const readings: Reading[] = [];
  for await (const batch of (await openCohort(path, options)).readings()) readings.push(...batch);
  return readings;
}

/** `line participant` or `line reason`, for a look at a glance. */
async function glance(path: string, options: CohortOptions = {}): Promise<readonly string[]> {
  const readings = await readAll(path, options);
  return readings.map((r) => `${r.row.line} ${r.kind === 'pair' ? r.pair.participant : r.problem.code}`);
}

async function file(content: string | Uint8Array, name = 'c.csv'): Promise<string> {
  const path = join(await scratch(), name);
  await writeFile(path, content);
  return path;
}

const AARAV = '918123456712';
const SOFIA = '525512345679';
const JOERG = '4915123456799';
const ALL_THREE = [`2 ${AARAV}`, `3 ${SOFIA}`, `4 ${JOERG}`];

describe('the same three people', () => {
  test.each([
    'semicolon.csv',
    'tab.tsv',
    'pipe.csv',
    'cr-only.csv',
    'crlf.csv',
    'mixed-line-ends.csv',
    'bom.csv',
    'utf-16le.csv',
    'utf-16be.csv',
    'utf-16le-without-bom.csv',
    'windows-1252.csv',
  ])('%s', async (name) => {
    const readings = await readAll(fixture(name));
    expect(await glance(fixture(name))).toEqual(ALL_THREE);
    expect(readings.map((reading) => reading.row.fields[0])).toEqual([
      'Aarav Sharma',
      'Sofía Hernández',
      'Jörg Weiß',
    ]);
    expect(readings.every((reading) => reading.kind === 'pair' && reading.pair.chatId === GROUP)).toBe(true);
  });

  test.each([
    ['sep-line.csv', [`3 ${AARAV}`, `4 ${SOFIA}`, `5 ${JOERG}`]],
    ['semicolon-with-commas-inside.csv', [`2 ${AARAV}`, `3 ${JOERG}`]],
    ['crlf-quoted-newlines.csv', [`2 ${AARAV}`, `5 ${SOFIA}`]],
    ['blank-lines.csv', [`5 ${AARAV}`, `8 ${JOERG}`]],
    ['trailing-delimiters.csv', [`2 ${AARAV}`, `3 ${JOERG}`]],
    ['quote-inside.csv', [`2 ${AARAV}`, `3 ${JOERG}`]],
    ['nul-characters.csv', [`2 ${AARAV}`]],
    ['group-name-beside-chat-id.csv', [`2 ${AARAV}`]],
    ['too-few-fields.csv', ['2 too_few_fields', `3 ${JOERG}`]],
    ['too-many-fields.csv', ['2 too_many_fields', `3 ${JOERG}`]],
    ['text-after-quote.csv', ['2 unreadable_row', `3 ${JOERG}`]],
    ['quote-never-closed.csv', ['2 unreadable_row', '3 unreadable_row', '4 unreadable_row']],
    ['quote-closed-rows-later.csv', [`2 ${JOERG}`]],
    ['invite-links.csv', ['2 chat_id_invite_link', '3 chat_id_invalid']],
    [
      'excel-scientific.csv',
      [
        '2 phone_scientific_notation',
        '3 chat_id_truncated',
        '4 chat_id_truncated',
        '5 918123456725',
        '6 phone_not_a_number',
        '7 phone_not_a_number',
      ],
    ],
  ])('%s', async (name, expected) => expect(await glance(fixture(name))).toEqual(expected));
});

describe('notes', () => {
  test.each([
    [
      'windows-1252.csv',
      [
        'read as Windows-1252, as it is not UTF-8 (line 3); if names look wrong, give --encoding',
        'delimiter is “;”',
      ],
    ],
    ['utf-16le.csv', ['read as UTF-16LE', 'delimiter is a tab']],
    ['bom.csv', []],
  ])('%s', async (name, notes) => expect((await openCohort(fixture(name))).notes).toEqual(notes));
});

describe('the demo', () => {
  test('has some 60 people in 4 groups, a few of them unreadable', async () => {
    const readings = await readAll(fixture('cohort.csv'));
    const pairs = readings.flatMap((reading) => (reading.kind === 'pair' ? [reading.pair] : []));
    expect(readings.length).toBe(65);
    expect(new Set(pairs.map((pair) => pair.chatId)).size).toBe(4);
    expect(readings.length - pairs.length).toBe(7);
    expect(new Set(pairs.map((pair) => pair.chatId + pair.participant)).size).toBe(pairs.length - 3);
    const endings = pairs
      .map((pair) => pair.participant.slice(-4))
      .filter((ending) => ending.startsWith('00'));
    expect(endings.sort()).toEqual(['0003', '0003', '0004', '0005', '0006']);
  });

  test('gives the same readings from gzip', async () => {
    expect(await readAll(fixture('cohort.csv.gz'))).toEqual(await readAll(fixture('cohort.csv')));
  });
});

describe('a row as it can be written again', () => {
  test('is as wide as the header, whatever it held', async () => {
    const path = await file(
      `a,chat_id,phone\n1\n1,2,3,4\n1,${GROUP},919874532456,,\n"x"y,2\n${'z'.repeat(3_000_000)}\nlast,${GROUP},919874532456\n`,
    );
    const readings = await readAll(path);
    expect(readings.map((reading) => reading.row.fields.length)).toEqual([3, 3, 3, 3, 3, 3]);
    expect(readings[0]?.row.fields).toEqual(['1', '', '']);
    expect(readings[1]?.row.fields).toEqual(['1', '2', '3']);
    expect(readings[3]?.row.fields).toEqual(['"x"y', '2', '']);
    expect(readings[4]).toMatchObject({
      row: { line: 6 },
      problem: { code: 'unreadable_row', message: expect.stringContaining('longer') },
    });
    expect(readings[5]).toMatchObject({ kind: 'pair', row: { line: 7 } });
  });

  test('a field of 10 MB between good rows costs one row', async () => {
    const good = `x,${GROUP},919874532456\n`;
    for (const giant of [
      `${'y'.repeat(10_000_000)},${GROUP},1\n`,
      `"${'y'.repeat(10_000_000)}",${GROUP},1\n`,
    ]) {
      const path = await file(`name,chat_id,phone\n${good}${giant}${good}`);
      expect(await glance(path)).toEqual(['2 919874532456', '3 unreadable_row', '4 919874532456']);
    }
  });

  test('problems say in which column and what stood there', async () => {
    const path = await file(`Handy,Gruppe,Name\n12345,${GROUP},A\n919874532456,Cohort A,B\n,,C\n`);
    const problems = (await readAll(path)).map((reading) =>
      reading.kind === 'invalid' ? reading.problem : undefined,
    );
    expect(problems).toMatchObject([
      { code: 'phone_too_short', column: 'Handy', value: '12345' },
      { code: 'chat_id_invalid', column: 'Gruppe', value: 'Cohort A' },
      { code: 'phone_missing', column: 'Handy', message: expect.stringContaining('the chat_id is missing') },
    ]);
  });
});

describe('options', () => {
  test('--chat-id sends every row to one group, and no column is looked for', async () => {
    const chatId = parseChatId('905301234567-1574073754@g.us')!;
    const readings = await readAll(fixture('no-chat-column.csv'), { chatId });
    expect(readings.map((reading) => reading.kind === 'pair' && reading.pair.chatId)).toEqual([
      chatId,
      chatId,
    ]);
    expect((await openCohort(fixture('two-group-columns.csv'), { chatId })).chatColumn).toBeUndefined();
    expect(await glance(fixture('bom.csv'), { chatId })).toEqual(ALL_THREE);
  });

  test('--phone-column and --chat-column decide', async () => {
    const cohort = await openCohort(fixture('two-phone-columns.csv'), { phoneColumn: 'Mobile' });
    expect([cohort.chatColumn, cohort.phoneColumn]).toEqual(['chat_id', 'mobile']);
    expect((await openCohort(fixture('two-group-columns.csv'), { chatColumn: 'GRUPO' })).chatColumn).toBe(
      'grupo',
    );
  });

  test('--delimiter, --encoding and --default-country', async () => {
    const path = await file(Buffer.from(`имя#телефон#chat_id\nАнна#8 912 345-67-89#${GROUP}\n`, 'utf8'));
    expect(await glance(path, { delimiter: '#', defaultCountry: 'RU' })).toEqual(['2 79123456789']);
    const cyrillic = await file(
      Buffer.from([0xf2, 0xe5, 0xeb, 0x2c, ...Buffer.from(`chat_id\n+79123456789,${GROUP}\n`)]),
    );
    expect((await openCohort(cyrillic, { encoding: 'Windows-1251' })).columns).toEqual(['тел', 'chat_id']);
    expect(await glance(fixture('tab.tsv'), { delimiter: 'tab' })).toEqual(ALL_THREE);
    expect(await glance(fixture('tab.tsv'), { delimiter: '\\t' })).toEqual(ALL_THREE);
  });

  test.each<[string, CohortOptions, string, RegExp]>([
    ['bom.csv', { delimiter: 'dot dot' }, 'CONFIG', /--delimiter "dot dot": give one character/],
    ['bom.csv', { delimiter: '"' }, 'CONFIG', /--delimiter/],
    ['bom.csv', { encoding: 'utf-9' }, 'CONFIG', /--encoding utf-9: no such encoding/],
    ['bom.csv', { defaultCountry: 'XX' as 'IN' }, 'CONFIG', /--default-country XX: no such ISO country/],
    ['bom.csv', { phoneColumn: 'phnoe' }, 'COHORT_COLUMNS', /did you mean “phone”\?/],
    ['bom.csv', { chatColumn: 'phone', phoneColumn: 'phone' }, 'COHORT_COLUMNS', /cannot be both/],
    [
      'no-phone-column.csv',
      {},
      'COHORT_COLUMNS',
      /no phone column \(its columns: “name”, “chat_id” and “email”\); say which it is with --phone-column$/,
    ],
    ['no-chat-column.csv', {}, 'COHORT_COLUMNS', /no chat_id column .* --chat-column, or give --chat-id$/],
    ['no-header.csv', {}, 'COHORT_COLUMNS', /its first line looks like data/],
    [
      'title-above-header.csv',
      {},
      'COHORT_COLUMNS',
      /\(its columns: “Spring learners 2026”\); row 3 looks like the header: remove the rows above it$/,
    ],
    ['two-phone-columns.csv', {}, 'COHORT_COLUMNS', /“phone” and “mobile” .* --phone-column/],
    ['two-group-columns.csv', {}, 'COHORT_COLUMNS', /“group” and “grupo” .* --chat-column/],
    ['empty.csv', {}, 'COHORT_UNREADABLE', /^empty\.csv is empty/],
    ['empty.csv', { name: 'standard input' }, 'COHORT_UNREADABLE', /^standard input is empty/],
    ['blank.csv', {}, 'COHORT_UNREADABLE', /is empty/],
    ['header-only.csv', {}, 'COHORT_UNREADABLE', /a header and no rows/],
    ['excel-workbook.csv', {}, 'COHORT_UNREADABLE', /Excel workbook/],
    ['binary.csv', {}, 'COHORT_UNREADABLE', /binary/],
    ['no-such-file.csv', {}, 'COHORT_UNREADABLE', /no-such-file\.csv does not exist/],
    ['', {}, 'COHORT_UNREADABLE', /is a directory/],
    ['cohort.csv/x', {}, 'COHORT_UNREADABLE', /does not exist/],
  ])('%s with %j: %s', async (name, options, code, message) => {
    const error = await openCohort(fixture(name), options).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'OnboardError', code, message: expect.stringMatching(message) });
    expect((error as Error).message).not.toMatch(/[\r\n]/);
  });

  test('what no file but the system refuses', async () => {
    const dir = await scratch();
    await mkdir(join(dir, 'd'));
    await symlink('loop', join(dir, 'loop'));
    await expect(openCohort(join(dir, 'loop'))).rejects.toThrow('cannot be read (ELOOP)');
    await expect(openCohort('/dev/null')).rejects.toThrow('is not a regular file');
    const locked = await file('phone\n1\n');
    await chmod(locked, 0);
    if (process.getuid?.() !== 0) await expect(openCohort(locked)).rejects.toThrow('may not be read');
  });

  test('damaged gzip, and gzip of nothing', async () => {
    const whole = await readFile(fixture('cohort.csv.gz'));
    await expect(openCohort(await file(whole.subarray(0, 800)))).rejects.toThrow('is damaged gzip');
    await expect(openCohort(await file(gzipSync('')))).rejects.toThrow('is empty');
  });

  test('a header that is no CSV', async () => {
    await expect(openCohort(await file('"phone"x,chat_id\n1,2\n'))).rejects.toThrow(
      'c.csv has no readable header: row 1 goes on after a closing quote',
    );
    await expect(openCohort(await file('"phone,chat_id\n'))).rejects.toMatchObject({
      code: 'COHORT_UNREADABLE',
    });
  });
});

describe('a results CSV as a cohort', () => {
  test('gives what was asked before, or what the person has put right since', async () => {
    const path = fixture('results.csv');
    const cohort = await openCohort(path);
    expect(cohort).toMatchObject({
      isResults: true,
      ownWidth: 3,
      chatColumn: '_chat_id',
      phoneColumn: 'phone',
    });
    expect(await glance(path)).toEqual([
      '2 918123456712',
      '3 918123450005',
      '4 phone_no_country',
      '5 phone_conflict',
      '6 5215512345682',
      '7 status_edited',
    ]);
    expect((await glance(path, { defaultCountry: 'IN' }))[2]).toBe('4 918123460003');
    const rows = (await readAll(path)).map(({ row }) => row);
    const previous = rows.map((row) => cohort.previous(row));
    expect(previous.map((one) => one?.status)).toEqual([
      'added',
      'failed',
      'invalid',
      'failed',
      'invited',
      undefined,
    ]);
    expect(previous[1]).toMatchObject({
      reasonCode: 'not_on_whatsapp',
      message: '=not on WhatsApp',
      httpStatus: 200,
    });
    expect(cohort.former(rows[1] as (typeof rows)[number])).toMatchObject({ row: '3', http_status: '200' });
  });

  test('the conflict names both columns', async () => {
    const conflict = (await readAll(fixture('results.csv')))[3];
    expect(conflict).toMatchObject({
      problem: {
        column: 'phone',
        message:
          'column “participant” says 918123456789 and column “phone” says “+91 81234 50004”, another number: correct one of them, or clear the participant cell',
      },
    });
  });

  const results =
    'row,chat_id,participant,status,reason_code,message,http_status,attempts,trace_id,asked_at,settled_at';

  test('needs no column of its own, and two candidates are only a note', async () => {
    const row = `2,${GROUP},'919874532456,added,,,200,1,,,`;
    const alone = await file(`${results}\n${row}\n`);
    expect(await openCohort(alone)).toMatchObject({
      isResults: true,
      ownWidth: 0,
      chatColumn: 'chat_id',
      phoneColumn: 'participant',
    });
    expect(await glance(alone)).toEqual(['2 919874532456']);
    const two = await file(`phone,mobile,${results},\n1,2,${row},\n`);
    expect((await openCohort(two)).notes).toEqual([
      '“phone” and “mobile” can each be the phone column: choose with --phone-column',
    ]);
    expect(await glance(two)).toEqual(['2 919874532456']);
  });

  test('is one only with all results columns in order; then nothing is previous', async () => {
    const path = await file(`phone,chat_id,status\n919874532456,${GROUP},added\n`);
    const cohort = await openCohort(path);
    const [reading] = await readAll(path);
    expect(cohort.isResults).toBe(false);
    expect(cohort.previous(reading!.row)).toBeUndefined();
  });
});

describe('a title above the header', () => {
  const to = { chatId: parseChatId(GROUP) };
  const people = 'Asha,+919876543210,x\nRavi,+919876543211,y\n';
  test.each([
    ['WhatsApp contact list - Batch 5,,', 'Name,Phone,Batch', to, 2],
    ['WhatsApp contact list,,\n,,', 'Name,Phone,Batch', to, 3],
    ['WhatsApp,,', 'Name,Phone,Batch', to, 2],
    [',Phone numbers of batch 5,', 'Nombre,Teléfono,Grupo', to, 2],
    ['Contact,,', 'Name,Your WhatsApp number?,Batch', to, 2],
    ['WhatsApp group: phone list,,', 'Name,Phone,Group ID', {}, 2],
    ['Contact,,Group', 'Name,Phone,chat_id', {}, 2],
    // Not a better header
    ['Name,Phone,Batch', 'Name,Phone,Batch', to, undefined],
    ['Name,Your number (WhatsApp),Source', 'Asha,,WhatsApp', to, undefined],
    ['Name,Phone,Source', 'Full name,WhatsApp number,Where from', to, undefined],
  ])('%j over %j', async (title, header, options, line) => {
    const path = await file(`${title}\n${header}\n${people}`);
    const message = await openCohort(path, options).then(
      () => undefined,
      (error: Error) => error.message,
    );
    if (line === undefined) expect(message ?? '').not.toContain('looks like the header');
    else expect(message).toMatch(new RegExp(`row ${line} looks like the header.*remove the rows above`));
  });

  test('is named where a column is asked for that stands below it', async () => {
    const path = await file(`Learners,,\nName,Phone,Batch\n${people}`);
    await expect(openCohort(path, { ...to, phoneColumn: 'phone' })).rejects.toThrow(
      /no column “phone” \(--phone-column\) in its first row, but row 2 looks like the header/,
    );
  });

  test('with the column given, is taken at the word', async () => {
    const path = await file(`WhatsApp list,x,\nPhone,Name,Batch\n+919876543210,Asha,\n`);
    expect(await glance(path, { ...to, phoneColumn: 'WhatsApp list' })).toEqual([
      '2 phone_not_a_number',
      '3 919876543210',
    ]);
  });
});

describe('several columns that may hold the phone', () => {
  const to = { chatId: parseChatId(GROUP) };
  test('what is not in the one that was chosen, and is in another, is said', async () => {
    const path = await file('phone1,phone2\n+919876543210,\n,+919876543211\n');
    const [, second] = await readAll(path, { ...to, phoneColumn: 'phone1' });
    expect(second).toMatchObject({
      problem: {
        code: 'phone_missing',
        column: 'phone1',
        message:
          'the phone number is missing, but column “phone2” holds “+919876543211”: move it here, or choose that column with --phone-column',
      },
    });
    await expect(openCohort(path, to)).rejects.toThrow(
      '“phone1” and “phone2” can each be the phone column: choose with --phone-column',
    );
  });

  test('cells far down are looked at, too', async () => {
    const blank = 'Asha,,\n'.repeat(400);
    const path = await file(`Name,Contact,Your WhatsApp number?\n${blank}Ravi,Ravi,+919876543210\n`);
    expect((await openCohort(path, to)).phoneColumn).toBe('Your WhatsApp number?');
  });
});

describe('valid CSV is CSV', () => {
  const chatId = parseChatId(GROUP);

  test('a record that parses, with as many fields as the header, is that record', async () => {
    const path = await file('phone,name\n+919876543210,"Asha\n+919876500001, mother"\n+919876543212,Ravi\n');
    const readings = await readAll(path, { chatId });
    expect(readings.map(({ row }) => row.fields)).toEqual([
      ['+919876543210', 'Asha\n+919876500001, mother'],
      ['+919876543212', 'Ravi'],
    ]);
    expect(await glance(path, { chatId })).toEqual(['2 919876543210', '4 919876543212']);
  });

  test.each<[string, string, readonly string[]]>([
    ['with blank fields at the end', '+919876543210,"Asha\n+919876500001, mother",,\n', ['2 919876543210']],
    ['with CRLF', '+919876543210,"Asha\r\n+919876500001, mother"\r\n', ['2 919876543210']],
    [
      'with one field more',
      '+919876543210,"Asha\n+919876500001, mother",x\n',
      ['2 unreadable_row', '3 unreadable_row'],
    ],
    [
      'with text after the quotes',
      '+919876543210,"Asha\n+919876500001, mother" Rao\n',
      ['2 unreadable_row', '3 unreadable_row'],
    ],
    [
      'with quotes inside the quotes',
      '+919876543210,"Asha "Ash"\n+919876500001, mother"\n',
      ['2 unreadable_row', '3 unreadable_row'],
    ],
    [
      'with a space before the quotes',
      '+919876543210, "Asha\n+919876500001, mother"\n',
      ['2 unreadable_row', '3 unreadable_row'],
    ],
  ])('%s', async (_, text, expected) => {
    const path = await file(`phone,name\n${text}+919876543212,Ravi\n`);
    const line = text.trimEnd().split('\n').length + 2;
    expect(await glance(path, { chatId })).toEqual([...expected, `${line} 919876543212`]);
  });

  test('a quote that is never closed: nobody below it is asked', async () => {
    const path = await file('phone,name\n+919876543211,Zoe\n+919876543210,"Asha\n+919876500001, mother\n');
    expect(await glance(path, { chatId })).toEqual([
      '2 919876543211',
      '3 unreadable_row',
      '4 unreadable_row',
    ]);
  });

  test('a short record of several lines is a row, unless one of its lines looks like a row of its own', async () => {
    const address = await file('phone,name,note\n+919876543210,"Asha\nRao"\n');
    expect(await glance(address, { chatId })).toEqual(['2 919876543210']);
    const mother = await file('phone,name,note\n+919876543210,"Asha\n+919876500001, mother"\n');
    expect(await glance(mother, { chatId })).toEqual(['2 unreadable_row', '3 unreadable_row']);
  });

  test('lines that look like rows are named', async () => {
    const cohort = await openCohort(fixture('quote-closed-rows-later.csv'));
    expect(cohort.seen()).toEqual([]);
    for await (const _ of cohort.readings());
    expect(cohort.seen()).toEqual([
      'row 2: a cell in quotes holds lines that look like rows: they are part of the cell, and ask nobody; if they are rows, correct the quotes',
    ]);
  });
});

describe('rows of nothing but delimiters', () => {
  test.each<[string, string, readonly string[]]>([
    ['commas', ',,\n'.repeat(1000), ['1002 919874532457']],
    ['semicolons are no delimiters here', ';;\n', ['2 too_few_fields', '3 919874532457']],
    ['spaces between', ' , ,\t\n', ['3 919874532457']],
    ['too few, too many', ',\n,,,,,\n', ['4 919874532457']],
    ['empty quotes', '"","",""\n', ['3 919874532457']],
    ['a no-break space', '\u00a0,,\n', ['3 919874532457']],
    ['one cell that says something', ',x,\n', ['2 phone_missing', '3 919874532457']],
  ])('%s', async (_, text, expected) => {
    const path = await file(`phone,name,chat_id\n${text}919874532457,x,${GROUP}\n${text}`);
    const codes = await glance(path);
    expect(codes.slice(0, expected.length)).toEqual(expected);
  });

  test('are counted in a note, wherever they stand', async () => {
    const path = await file(`,,\nphone,name,chat_id\n,,\n919874532457,x,${GROUP}\n,,\n,,\n,,\n`);
    const cohort = await openCohort(path);
    const readings: Reading[] = [];
    for await (const batch of cohort.readings()) readings.push(...batch);
    expect(readings.map((reading) => [reading.kind, reading.row.line])).toEqual([['pair', 4]]);
    expect(cohort.seen()).toEqual(['passed over 5 rows of nothing but delimiters (rows 1, 3, 5 and 2 more)']);
    // Each reading counts for itself.
    for await (const _ of cohort.readings());
    expect(cohort.seen()[0]).toContain('passed over 5 rows');
  });

  test('alone make no cohort', async () => {
    await expect(openCohort(await file('phone,chat_id\n,\n,\n'))).rejects.toThrow('a header and no rows');
    await expect(openCohort(await file(',\n,\n'))).rejects.toThrow('is empty');
  });
});

describe('empty fields left out at the end', () => {
  const header = 'name,chat_id,phone,city,note';
  test.each<[string, string, string]>([
    ['all that follow the phone', `Asha,${GROUP},+919876543210`, '2 919876543210'],
    ['one of them', `Asha,${GROUP},+919876543210,Pune`, '2 919876543210'],
    ['the phone too', `Asha,${GROUP}`, '2 too_few_fields'],
    ['a field in the middle', `${GROUP},+919876543210,Pune`, '2 too_few_fields'],
    ['a phone that does not read', `Asha,${GROUP},12345`, '2 too_few_fields'],
    ['a group that does not read', 'Asha,Cohort A,+919876543210', '2 too_few_fields'],
    ['all but one word', 'Asha', '2 too_few_fields'],
  ])('%s', async (_, text, expected) => {
    const path = await file(`${header}\n${text}\nRavi,${GROUP},+919876543212,Pune,x\n`);
    expect(await glance(path)).toEqual([expected, '3 919876543212']);
    expect((await readAll(path)).map(({ row }) => row.fields.length)).toEqual([5, 5]);
  });

  test('under one group for all, a lone phone may be the rest of the cell above', async () => {
    const path = await file('phone,name,note\n+919876543210,Asha\n+919876500001\n');
    expect(await glance(path, { chatId: parseChatId(GROUP) })).toEqual([
      '2 919876543210',
      '3 too_few_fields',
    ]);
  });

  test('in a results CSV, the status or nothing', async () => {
    const own = `Asha,+919876543210`;
    const columns =
      'name,phone,row,chat_id,participant,status,reason_code,message,http_status,attempts,trace_id,asked_at,settled_at';
    const path = await file(
      [
        columns,
        `${own},2,${GROUP},919876543210,not_attempted,limit,beyond --limit,,0`,
        `${own},3,${GROUP},919876543210`,
        `${own},4,${GROUP},919876543210,asked`,
        `${own}`,
      ].join('\n'),
    );
    expect(await glance(path)).toEqual([
      '2 919876543210',
      '3 too_few_fields',
      '4 too_few_fields',
      '5 too_few_fields',
    ]);
    expect((await glance(path, { chatId: parseChatId(GROUP) })).at(-1)).toBe('5 919876543210');
  });
});

describe('the ^Z of DOS', () => {
  test.each(['\x1a', '\x1a\n', '\x1a\r\n', '\n\x1a\x1a\x1a', '\x1a'.repeat(20)])(
    'at the end is not a row: %j',
    async (end) => {
      const path = await file(`phone,chat_id,name\n919874532457,${GROUP},Ravi\n${end}`);
      expect(await glance(path)).toEqual(['2 919874532457']);
      const attached = await file(`phone,chat_id,name\n919874532457,${GROUP},Ravi${end}`);
      expect((await readAll(attached)).map(({ row }) => row.fields[2])).toEqual(['Ravi']);
    },
  );
});

describe('what is not CSV says what it is', () => {
  test.each<[RegExp, string]>([
    [/is an HTML page/, '<!DOCTYPE html>\n<html><body>Sign in</body></html>'],
    [/is an HTML page/, '\n\n<HTML><table><tr><td>phone</td></tr></table>'],
    [/is an HTML page/, '<table border="1"><tr><td>phone</td></tr></table>'],
    [/is an HTML page/, '<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0">\n<html>'],
    [/is an HTML page/, '<!-- saved from url -->\n<html>'],
    [/is XML/, `<?xml version="1.0"?>${'<!-- a -->\n'.repeat(28)}<svg>\n</svg>`],
    [/is XML/, '<?xml version="1.0"?>\n<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">'],
    [/is XML/, '<contacts>\n  <contact><phone>1</phone></contact>\n</contacts>'],
    [/is JSON/, '[{"phone":"919874532457","chat_id":"x"}]'],
    [/is JSON/, '{"phone":"919874532457","chat_id":"x"}\n{"phone":"919874532458"}\n'],
    [/is JSON/, '{\n  "people": []\n}'],
    [/is JSON/, '[\n  ["phone", "chat_id"]\n]'],
    [/is an RTF document/, '{\\rtf1\\ansi phone,chat_id\\par}'],
    [/is a vCard file/, 'BEGIN:VCARD\r\nVERSION:3.0\r\nTEL;TYPE=CELL:+919874532457\r\nEND:VCARD\r\n'],
    [/is a saved web page/, 'MIME-Version: 1.0\nContent-Type: multipart/related\n'],
  ])('%s', async (message, text) => {
    for (const bytes of [text, `\ufeff${text}`, Buffer.from(`\ufeff${text}`, 'utf16le')]) {
      const error = await openCohort(await file(bytes)).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'COHORT_UNREADABLE', exitCode: 3 });
      expect((error as Error).message).toMatch(message);
      expect((error as Error).message).toContain('not CSV');
    }
  });

  test.each(['<phone>,<chat_id>', '[phone],[chat_id]', '{phone},{chat_id}', '<phone>\t<chat_id>'])(
    'a header in brackets is a header: %j',
    async (header) => {
      const delimiter = header.includes('\t') ? '\t' : ',';
      expect(await glance(await file(`${header}\n919874532457${delimiter}${GROUP}\n`))).toEqual([
        '2 919874532457',
      ]);
    },
  );
});

describe('streaming', () => {
  const rows = (count: number) =>
    Array.from({ length: count }, (_, i) => `Person ${i},${GROUP},91${9_000_000_000 + i}\n`).join('');

  test('each call reads the file from its start, and stops reading when nobody pulls', async () => {
    const path = await file(`name,chat_id,phone\n${rows(60_000)}`);
    const cohort = await openCohort(path);
    const iterator = cohort.readings()[Symbol.asyncIterator]();
    const first = await iterator.next();
    expect(first.value?.length).toBeLessThan(10_000);
    // What has not been read yet can still change: had it read ahead to the end, it would give 60,000 rows.
    await truncate(path, 1_000_000);
    let count = first.value?.length ?? 0;
    for (let next = await iterator.next(); !next.done; next = await iterator.next())
      count += next.value.length;
    expect(count).toBeLessThan(30_000);
    let again = 0;
    for await (const batch of cohort.readings()) again += batch.length;
    expect(again).toBe(count);
  });

  test('a file that is gone is an error with its name', async () => {
    const path = await file('phone,chat_id\n1,2\n');
    const cohort = await openCohort(path);
    await rm(path);
    await expect(cohort.readings()[Symbol.asyncIterator]().next()).rejects.toThrow('c.csv does not exist');
  });

  test('an abort ends the iteration with its reason, and a consumer may leave at any time', async () => {
    const path = await file(`name,chat_id,phone\n${rows(20_000)}`);
    const cohort = await openCohort(path);
    const abort = new AbortController();
    const iterator = cohort.readings(abort.signal)[Symbol.asyncIterator]();
    await iterator.next();
    abort.abort(new Error('enough'));
    await expect(iterator.next()).rejects.toThrow('enough');
    for await (const batch of cohort.readings()) {
      expect(batch.length).toBeGreaterThan(0);
      break;
    }
  });

  test('from gzip as well', async () => {
    const path = await file(gzipSync(`name,chat_id,phone\n${rows(20_000)}`), 'c.csv.gz');
    expect((await readAll(path)).length).toBe(20_000);
  });
});

describe('encodings in depth', () => {
  test('UTF-8 with characters across every chunk bound, and one cut off at the very end', async () => {
    const text = `name,chat_id,phone\n${`Zoë 😀 नमस्ते,${GROUP},919874532456\n`.repeat(8000)}`;
    const bytes = Buffer.concat([Buffer.from(text), Buffer.from('né').subarray(0, 2)]);
    const path = await file(bytes);
    expect((await openCohort(path)).notes).toEqual([]);
    const readings = await readAll(path);
    expect(new Set(readings.slice(0, 8000).map((reading) => reading.row.fields[0]))).toEqual(
      new Set(['Zoë 😀 नमस्ते']),
    );
  });

  test.each<[string, Buffer, string | undefined, readonly string[]]>([
    [
      'one byte among UTF-8',
      Buffer.concat([Buffer.from('José,1\nZoë,2\n'), Buffer.from('Ren\xe9,3\n', 'latin1')]),
      'read as UTF-8, because most of it is, but line 4 is not: what cannot be read is “\ufffd”; save it as UTF-8 again, or give --encoding',
      ['José', 'Zoë', 'Ren\ufffd'],
    ],
    [
      'one of each',
      Buffer.concat([Buffer.from('José,1\r'), Buffer.from('Ren\xe9,3\r', 'latin1')]),
      'read as UTF-8, because most of it is, but line 3 is not: what cannot be read is “\ufffd”; save it as UTF-8 again, or give --encoding',
      ['José', 'Ren\ufffd'],
    ],
    [
      'a few, on several lines',
      Buffer.concat([
        Buffer.from('नमस्ते,1\r\n'),
        Buffer.from('\xe9,2\r\n\xe9\xe9,3\r\n\xc3,4\r\nx,5\r\n\xff,6\r\n', 'latin1'),
      ]),
      'read as UTF-8, because most of it is, but lines 3, 4, 5 and 1 more are not: what cannot be read is “\ufffd”; save it as UTF-8 again, or give --encoding',
      ['नमस्ते', '\ufffd', '\ufffd\ufffd', '\ufffd', 'x', '\ufffd'],
    ],
    [
      'mostly not',
      Buffer.concat([Buffer.from('José,1\n'), Buffer.from('Ren\xe9,2\nZo\xeb,3\n', 'latin1')]),
      'read as Windows-1252, as it is not UTF-8 (line 3); if names look wrong, give --encoding',
      ['JosÃ©', 'René', 'Zoë'],
    ],
  ])('%s', async (_, bytes, note, names) => {
    const path = await file(Buffer.concat([Buffer.from('name,phone\n'), bytes]));
    const options = { chatId: parseChatId(GROUP) };
    expect((await openCohort(path, options)).notes).toEqual([note]);
    expect((await readAll(path, options)).map(({ row }) => row.fields[0])).toEqual(names);
  });

  test('a byte that could not be read may have been a digit', async () => {
    const path = await file(
      Buffer.concat([
        Buffer.from(`teléfono,chat_id\n+49151234567`),
        Buffer.from([0xff]),
        Buffer.from(`9,${GROUP}\n+4915123456799,12036337130`),
        Buffer.from([0xff]),
        Buffer.from(`8389685@g.us\né,x\n`),
      ]),
    );
    expect(await glance(path)).toEqual(['2 phone_not_a_number', '3 chat_id_invalid', '4 phone_not_a_number']);
  });

  test('where no column is found, the encoding that was taken is named', async () => {
    // 姓名 and 电话 in GBK, 電話 in Shift_JIS, телефон in Windows-1251.
    for (const header of [
      [0xd0, 0xd5, 0xc3, 0xfb, 0x2c, 0xb5, 0xe7, 0xbb, 0xb0],
      [0x93, 0x64, 0x98, 0x62, 0x2c, 0x78],
      [0xf2, 0xe5, 0xeb, 0xe5, 0xf4, 0xee, 0xed, 0x2c, 0x78],
    ]) {
      const path = await file(Buffer.concat([Buffer.from(header), Buffer.from(`\n1,${GROUP}\n`)]));
      await expect(openCohort(path)).rejects.toMatchObject({
        code: 'COHORT_COLUMNS',
        exitCode: 3,
        message: expect.stringMatching(
          /no (?:phone|chat_id) column .*; it was read as Windows-1252, because it is not UTF-8 \(line 1\): if its header looks wrong, give --encoding, for example gbk, shift_jis or windows-1251$/,
        ),
      });
    }
    const sure = await file(`a,b\n1,${GROUP}\n`);
    await expect(openCohort(sure)).rejects.toThrow(/^(?!.*--encoding)/);
  });

  test('one byte that is not UTF-8, far into the file, makes all of it Windows-1252', async () => {
    const text = `name,chat_id,phone\n${`Ann,${GROUP},919874532456\n`.repeat(8000)}`;
    const path = await file(
      Buffer.concat([Buffer.from(text), Buffer.from(`Ren\xe9e,${GROUP},919874532456\n`, 'latin1')]),
    );
    expect((await openCohort(path)).notes[0]).toContain('(line 8002)');
    expect((await readAll(path)).at(-1)?.row.fields[0]).toBe('Renée');
  });

  test('a byte order mark decides, and what it says wrongly is noted', async () => {
    const text = `\ufeffname,chat_id,phone\n${`Zoë,${GROUP},919874532456\n`.repeat(8000)}`;
    expect((await openCohort(await file(Buffer.from(text)))).notes).toEqual([]);
    const odd = Buffer.from(`Ren\xe9e,${GROUP},919874532457\n`, 'latin1');
    const path = await file(Buffer.concat([Buffer.from(text), odd]));
    expect((await openCohort(path)).notes).toEqual([
      'read as UTF-8, as its first bytes say, but line 8002 is not: what cannot be read is “\ufffd”; save it as UTF-8 again, or give --encoding',
    ]);
    const rows = (await readAll(path)).map(({ row }) => row.fields[0]);
    expect([rows[0], rows.at(-1)]).toEqual(['Zoë', 'Ren\ufffde']);
  });

  test('each binary that people send instead is named', async () => {
    for (const [start, what] of [
      ['%PDF-1.7', 'PDF'],
      ['\xd0\xcf\x11\xe0', 'Excel'],
      ['7z\xbc\xaf', '7z'],
      ['Rar!', 'RAR'],
    ] as const) {
      const path = await file(Buffer.from(`${start}phone,chat_id\n1,2\n`, 'latin1'));
      await expect(openCohort(path)).rejects.toThrow(what);
    }
    await expect(openCohort(await file(Buffer.alloc(1000)))).rejects.toThrow('binary');
  });
});

test('whatever the bytes: an error for the user, or a reading per record with ascending lines', async () => {
  const path = await file('');
  const header = Buffer.from('name,chat_id,phone\n');
  const good = Buffer.from(`x,${GROUP},919874532456\n`);
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc
      .string({
        unit: fc.constantFrom('"', ',', '\n', '\r', '9', '1', '+', 'é', '@g.us', '\0', ';'),
        maxLength: 30,
      })
      .map((text) => Buffer.from(text)),
    fc.constant(good),
  );
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(noise, { maxLength: 6 }), async (withHeader, parts) => {
      await writeFile(path, Buffer.concat([...(withHeader ? [header] : []), ...parts]));
      try {
        const readings = await readAll(path);
        const lines = readings.map((reading) => reading.row.line);
        expect(lines).toEqual([...new Set(lines)].sort((a, b) => a - b));
        for (const reading of readings) {
          if (withHeader) expect(reading.row.fields.length).toBeGreaterThan(0);
          if (reading.kind === 'invalid') expect(reading.problem.message).not.toMatch(/[\r\n]/);
        }
      } catch (error) {
        expect(error).toMatchObject({ name: 'OnboardError', exitCode: 3 });
      }
    }),
    { numRuns: repeats(3000, 1 / 20) },
  );
});

test('every reason code of the cohort is reached by a file', async () => {
  const wanted = REASON_CODES.filter((code) =>
    /^(?:phone_(?!not_connected|blocked)|chat_id_|too_|unreadable|status_)/.test(code),
  );
  const cells = [
    '',
    '9.19875E+11',
    '98745 32456',
    '13012345678',
    '+91 98745 32456 / +91 98745 32457',
    '+1 201 555 0123 x1',
    '+91 98',
    '+91 98745 324567',
    '+999 12345678',
    'Ann',
    '+1 555 555 5555',
    '919877000000',
    '-9874532456',
    '+91 98745 ••456',
  ];
  const groups = [
    '',
    '1.20363E+17',
    'chat.whatsapp.com/Hk3TqVtY9sB2cXw1ZdLmNp',
    '919874532456@c.us',
    'Cohort A',
  ];
  const text = [
    'chat_id,phone',
    ...cells.map((cell) => `${GROUP},${cell}`),
    ...groups.map((group) => `${group},919874532456`),
    '1',
    '1,2,3',
    '"1"2,3',
  ].join('\n');
  const codes = [
    ...(await readAll(await file(text))),
    ...(await readAll(await file(text), { defaultCountry: 'CN' })),
    ...(await readAll(fixture('results.csv'))),
  ].flatMap((reading) => (reading.kind === 'invalid' ? [reading.problem.code] : []));
  expect([...new Set(codes)].sort()).toEqual([...wanted].sort());
});

test('says where the group and the phone are taken from', async () => {
  const mapping = async (text: string, options: CohortOptions = {}) =>
    (await openCohort(await file(text), options)).mapping;
  expect(await mapping('Group ID,Mobile\n1,2\n')).toBe('the group is in “Group ID”, the phone in “Mobile”');
  expect(await mapping('a,b\n1,2\n', { phoneColumn: 'B', chatId: parseChatId(GROUP) })).toBe(
    'every row’s group is that of --chat-id, the phone in “b”',
  );
  expect((await openCohort(fixture('results.csv'))).mapping).toBe(
    'the group is in “_chat_id”, the phone in “phone”',
  );
});
