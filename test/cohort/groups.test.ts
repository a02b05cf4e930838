import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCohort } from '../../src/cohort/cohort.ts';
import { groupNameColumns } from '../../src/cohort/columns/header-words.ts';
import { GroupBook, isUnresolvedName, readGroupCell, readGroupsFile } from '../../src/cohort/groups.ts';
import { bareCell } from '../../src/report/results/results.ts';
import { scratch } from '../helpers.ts';

const A = '120363371308389685@g.us';
const B = '120363402715563921@g.us';
const LEGACY = '905301234567-1574073754@g.us';

function book(...groups: readonly (readonly [string, string])[]): GroupBook {
  const made = new GroupBook('groups.csv');
  for (const [name, id] of groups) made.add(name, id);
  return made;
}

const BATCHES = book(
  ['Batch A – mornings', A],
  ['Batch B – mornings', B],
  ['Straße 7', LEGACY],
  ['Twice', A],
  ['twice', B],
  ['2024', A],
  ['Team @ Mumbai', A],
  ['5E3', B],
  ['Кохорта', A],
  ['ＦＵＬＬ　ＷＩＤＴＨ', B],
);

describe('a name is the name of a group', () => {
  it.each([
    ['as it is written', 'Batch A – mornings', A],
    ['in another case', 'bAtCh a – MORNINGS', A],
    ['with spaces around it, and many within', '  Batch   B –\u00a0mornings \n', B],
    ['with a line break within', 'Batch B\n– mornings', B],
    ['with marks that show nothing', '\u200eBatch A – mornings\u200b', A],
    ['in letters of full width, and the other way round', 'full width', B],
    ['in another script', 'КОХОРТА', A],
    ['of digits', '2024', A],
    ['with an @ in it', 'team @ mumbai', A],
    ['that a spreadsheet could take for a number', '5e3', B],
  ])('%s', (_how, cell, id) => expect(readGroupCell(cell, BATCHES)).toBe(id));

  it.each([
    [
      'one letter less',
      'Batch A – morning',
      'group_name_unknown',
      /the nearest: “Batch A – mornings”, “Batch B – mornings”/,
    ],
    ['a space less', 'BatchA – mornings', 'group_name_unknown', /the nearest: “Batch A – mornings”/],
    ['another dash', 'Batch A - mornings', 'group_name_unknown', /the nearest: “Batch A – mornings”/],
    ['part of it', 'Batch A', 'group_name_unknown', /the nearest: “Batch A – mornings”: correct/],
    [
      'nothing like it',
      'Zürich',
      'group_name_unknown',
      /^“Zürich” is not the name of a group \(groups\.csv\): correct/,
    ],
    ['an accent more', 'Кохо\u0301рта', 'group_name_unknown', /the nearest: “Кохорта”/],
    [
      'two groups',
      'TWICE',
      'group_name_ambiguous',
      new RegExp(`“TWICE” stands for 2 groups \\(${A}, ${B}\\)`),
    ],
  ])('and not one that is like it: %s', (_how, cell, code, message) => {
    const read = readGroupCell(cell, BATCHES);
    expect(read).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it.each([
    ['an id', A, A],
    ['an id without its end', '120363402715563921', B],
    ['nothing', ' ', { code: 'chat_id_missing' }],
    ['a link', 'https://chat.whatsapp.com/Hk3TqVtY9sB2c', { code: 'chat_id_invite_link' }],
    ['a rounded id', '120363371308389000', { code: 'chat_id_truncated' }],
    ['an id with a digit less', '12036337130838968@g.us', { code: 'chat_id_invalid' }],
    ['a person', '919876543210@c.us', { code: 'chat_id_not_a_group' }],
    ['an error', '#N/A', { code: 'chat_id_invalid' }],
    ['a text that is too long for a name', 'x'.repeat(1_001), { code: 'chat_id_invalid' }],
  ])('what is no name is read as ever: %s', (_what, cell, read) => {
    for (const names of [undefined, BATCHES]) {
      const found = readGroupCell(cell, names);
      if (typeof read === 'string') expect(found).toBe(read);
      else expect(found).toMatchObject(read);
    }
  });

  it('an id that is the name of another group is neither', () => {
    const read = readGroupCell(A, book([A, B]));
    expect(read).toMatchObject({ code: 'group_name_ambiguous', message: expect.stringContaining(B) });
    expect(readGroupCell(A, book([A, A]))).toBe(A);
  });

  it('an id of a form that the API has not told of is not asked', () =>
    expect(readGroupCell('Odd', book(['Odd', '77@g.us']))).toMatchObject({ code: 'group_name_ambiguous' }));

  it('with nothing to look it up, it says how', () => {
    const read = readGroupCell('Batch A', undefined);
    expect(isUnresolvedName(read)).toBe(true);
    expect(read).toMatchObject({
      code: 'chat_id_invalid',
      message: expect.stringContaining('--groups FILE'),
    });
  });

  it('a thousand names more are not compared', () => {
    const names = new GroupBook('groups.csv');
    names.add('Batch 1', A);
    for (let i = 0; i < 1_000; i++) names.unknown(`Bitch ${i}`);
    expect(names.unknown('Batch x').message).not.toContain('nearest');
    expect(names.unknown('Bitch 1').message).toContain('“Batch 1”');
  });
});

async function csv(text: string | Buffer): Promise<string> {
  const path = join(await scratch(), 'file.csv');
  await writeFile(path, text);
  return path;
}

describe('--groups FILE', () => {
  it.each([
    ['name first', `name,chat_id\nBatch A,${A}\nBatch B,${B}\n`],
    ['chat_id first', `chat_id,name\n${A},Batch A\n${B},Batch B\n`],
    ['semicolons and a mark', `\ufeffName;Chat ID\r\nBatch A;${A}\r\nBatch B;${B}\r\n`],
    [
      'as groups -o writes it',
      `name,chat_id,members,places_left,admin,exited\nBatch A,${A},5,1019,yes,no\nBatch B,${B},,,,no\n`,
    ],
    ['two columns, the other of any name', `chat_id,Kursbezeichnung\n${A},Batch A\n${B},Batch B\n`],
    ['tabs, other words', `batch\tgroup id\nBatch A\t120363371308389685\nBatch B\t${B}\n`],
    ['a group without a name', `name,chat_id\n,${LEGACY}\nBatch A,${A}\nBatch B,${B}\n`],
    ['a pair twice', `name,chat_id\nBatch A,${A}\nBATCH A,${A}\nBatch B,${B}\n`],
  ])('%s', async (_how, text) => {
    const found = await readGroupsFile(await csv(text), bareCell);
    expect([found.idsOf('batch a'), found.idsOf('batch b')]).toEqual([[A], [B]]);
  });

  it('UTF-16 as Excel writes it', async () => {
    const text = Buffer.from(`\ufeffname\tchat_id\r\nBatch Ä\t${A}\r\n`, 'utf16le');
    expect((await readGroupsFile(await csv(text), bareCell)).idsOf('batch ä')).toEqual([A]);
  });

  it('names that were written so that no spreadsheet takes them for formulas', async () => {
    const path = await csv(`name,chat_id\n'=SUM of us,${A}\n'+1 Team,${B}\n`);
    const found = await readGroupsFile(path, bareCell);
    expect([found.idsOf('=sum of us'), found.idsOf('+1 team')]).toEqual([[A], [B]]);
  });

  it.each([
    [
      'no header',
      `Batch A,${A}\nBatch B,${B}\n`,
      /header with the columns name and chat_id \(its first line looks like data\)/,
    ],
    [
      'no ids',
      'name,members\nBatch A,5\n',
      /header with the columns name and chat_id \(its columns: “name” and “members”\)/,
    ],
    ['a name without an id', `name,chat_id\nBatch A,${A}\nBatch B,\n`, /row 3: the chat_id is missing/],
    ['a rounded id', 'name,chat_id\nBatch A,120363371308389000\n', /row 2: .* was rounded by a spreadsheet/],
    ['a link', 'name,chat_id\nBatch A,https://chat.whatsapp.com/abc\n', /row 2: .* is an invite link/],
    ['nothing', '', /is empty/],
  ])('is refused: %s', async (_how, text, message) => {
    const path = await csv(text);
    await expect(readGroupsFile(path, bareCell)).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringMatching(message),
    });
  });
});

describe('the column of names', () => {
  it.each([
    [['Timestamp', 'Name', 'WhatsApp number', 'Which batch are you joining?'], [3]],
    [['Name', 'Phone', 'Batch'], [2]],
    [['Nome', 'Celular', 'Turma'], [2]],
    [['नाम', 'मोबाइल', 'बैच'], [2]],
    [['ชื่อ', 'เบอร์โทร', 'เลือกกลุ่มของคุณ'], [2]],
    [['Name', 'Phone', 'Group name', 'Age group'], [2]],
    [['Name', 'Phone', 'Blood group', 'Age Group', 'Batch timing'], []],
    [['Name', 'Phone', 'Language', 'Message'], []],
    [
      ['Name', 'Phone', 'Batch', 'Cohort'],
      [2, 3],
    ],
    [['Name', 'Phone', "Parent's group"], []],
  ])('%j', (columns, found) => expect(groupNameColumns(columns)).toEqual(found));

  const PEOPLE = ['+919876543210', '+919876543211', '+919876543212'];
  const cohort = (header: string, cells: readonly string[]) =>
    csv(`${header}\n${cells.map((cell, i) => `${PEOPLE[i % 3]},${cell}`).join('\n')}\n`);

  it('is taken where no column says that it holds ids', async () => {
    const path = await cohort('Phone,Which batch are you joining?', ['Batch A – mornings', A, 'x']);
    const read = await openCohort(path, { groups: BATCHES });
    expect(read.chatColumn).toBe('Which batch are you joining?');
    const found = [];
    for await (const batch of read.readings())
      for (const one of batch) found.push(one.kind === 'pair' ? one.pair.chatId : one.problem.code);
    expect(found).toEqual([A, A, 'group_name_unknown']);
  });

  it('gives way to one that says so', async () => {
    const path = await csv(`Phone,Batch,chat_id\n${PEOPLE[0]},Batch A – mornings,${B}\n`);
    expect((await openCohort(path, { groups: BATCHES })).chatColumn).toBe('chat_id');
  });

  it('two are one too many', async () => {
    const path = await csv(`Phone,Batch,Cohort\n${PEOPLE[0]},x,y\n`);
    await expect(openCohort(path)).rejects.toThrow(/“Batch” and “Cohort” can each be .*--chat-column/);
    expect((await openCohort(path, { chatColumn: 'Cohort' })).chatColumn).toBe('Cohort');
  });

  it('its cells are counted: ids, and names by what decides of them', async () => {
    const path = await cohort('Phone,Batch', [
      'Batch A',
      'batch  a',
      A,
      '',
      'https://chat.whatsapp.com/x',
      'B',
    ]);
    const cells = await (await openCohort(path)).groupCells();
    expect(cells).toMatchObject({ column: 'Batch', ids: 1, named: 3 });
    expect(cells?.names).toEqual([
      { name: 'Batch A', rows: 2 },
      { name: 'B', rows: 1 },
    ]);
  });
});
