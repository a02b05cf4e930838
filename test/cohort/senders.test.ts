import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { readSenderCell } from '../../src/cohort/cell.ts';
import { type CohortOptions, openCohort } from '../../src/cohort/cohort.ts';
import { maskSender, parseSender } from '../../src/domain/ids.ts';
import { RESULT_COLUMNS, type Sender } from '../../src/domain/words.ts';
import { scratch } from '../helpers.ts';

const GROUP = '120363371308389685@g.us';
const PHONE = '919537851844';
const OWN = '919876543210' as Sender;

async function opened(text: string, options: CohortOptions = {}) {
  const path = join(await scratch(), 'c.csv');
  await writeFile(path, text);
  const cohort = await openCohort(path, options);
  const read: (string | undefined)[] = [];
  for await (const batch of cohort.readings()) {
    for (const reading of batch) {
      read.push(reading.kind === 'pair' ? reading.sender : reading.problem.code);
    }
  }
  return { cohort, read };
}

describe('a sender cell', () => {
  test.each([
    ['919811122233', '919811122233'],
    ['+919811122233', '919811122233'],
    [' +91 98111-22233 ', '919811122233'],
    ['+91 (98111) 22233', '919811122233'],
    ["'+919811122233", '919811122233'],
    ['="919811122233"', '919811122233'],
    ['\u202a919811122233\u202c', '919811122233'],
    ['٩١٩٨١١١٢٢٢٣٣', '919811122233'],
    ['phone-bqzvyibhmwkaergr', 'phone-bqzvyibhmwkaergr'],
    ['', undefined],
    [' \u00a0', undefined],
  ])('%j is %s', (cell, sender) => {
    expect(readSenderCell(cell)).toBe(sender);
  });

  test.each([
    '9.19811E+11',
    '919811122233.0',
    '98111 22233',
    '0919811122233',
    '919811122233, 919811122234',
    'phone-',
    'phone-abc def1',
    'Ravi',
    '#REF!',
    '12345',
    '1234567890123456',
  ])('%j is refused', (cell) => {
    expect(readSenderCell(cell)).toMatchObject({ code: 'sender_unreadable' });
  });

  test('is what --phone takes, and is masked as a participant is', () => {
    expect(['+919811122233', 'phone-AB12', '98765 43210'].map(parseSender)).toEqual([
      ...['919811122233', 'phone-AB12', undefined],
    ]);
    expect([maskSender('919811122233'), maskSender('phone-ab12')]).toEqual(['9198•••••233', 'phone-ab12']);
  });
});

describe('the sender column', () => {
  it.each(['sender', 'Sender', 'x_phone', 'X-Phone', 'x phone', 'Sending phone', 'SENDER_PHONE'])(
    'is known as %s, and is not taken for the participant’s',
    async (name) => {
      for (const header of [`chat_id,phone,${name}`, `chat_id,My mobile no,${name}`]) {
        const { cohort, read } = await opened(`${header}\n${GROUP},${PHONE},919811122233\n`);
        expect([cohort.senderColumn, cohort.phoneColumn]).toEqual([name, header.split(',')[1]]);
        expect(read).toEqual(['919811122233']);
        expect(cohort.notes.join()).toContain(name);
      }
    },
  );

  it('is none where nothing says so: every row is the run’s own', async () => {
    const { cohort, read } = await opened(`chat_id,phone,sent by\n${GROUP},${PHONE},Ravi\n`, {
      defaultSender: OWN,
      senderRequired: true,
    });
    expect([cohort.senderColumn, read]).toEqual([undefined, [OWN]]);
  });

  it('can be named', async () => {
    const text = `chat_id,phone,from,sender\n${GROUP},${PHONE},919811122233,Ravi\n`;
    const { cohort, read } = await opened(text, { senderColumn: 'FROM' });
    expect([cohort.senderColumn, read]).toEqual(['from', ['919811122233']]);
    await expect(opened(text, { senderColumn: 'form' })).rejects.toThrow(/did you mean “from”/);
    await expect(opened(text, { senderColumn: 'phone' })).rejects.toThrow(/both the sender and the phone/);
    await expect(opened(text, { senderColumn: 'chat_id' })).rejects.toThrow(/--chat-column/);
  });

  it('is never one of two: also in a results CSV, where it would change who sends', async () => {
    const two = `chat_id,phone,sender,x_phone`;
    await expect(opened(`${two}\n${GROUP},${PHONE},${OWN},${OWN}\n`)).rejects.toThrow(/--sender-column/);
    const results = `${two},${RESULT_COLUMNS.join(',')}\n${GROUP},${PHONE},${OWN},${OWN},2,${GROUP},${PHONE},failed,,,,,,,\n`;
    await expect(opened(results)).rejects.toThrow(/--sender-column/);
  });

  it('an empty cell is the run’s own phone; without one the row is invalid, where one is needed', async () => {
    const text = `chat_id,phone,sender\n${GROUP},${PHONE},\n${GROUP},${PHONE},Ravi\n${GROUP},,\n`;
    const invalid = ['sender_unreadable', 'phone_missing'];
    expect((await opened(text, { defaultSender: OWN, senderRequired: true })).read).toEqual([
      OWN,
      ...invalid,
    ]);
    expect((await opened(text, { senderRequired: true })).read).toEqual(['sender_missing', ...invalid]);
    expect((await opened(text)).read).toEqual([undefined, ...invalid]);
  });
});
