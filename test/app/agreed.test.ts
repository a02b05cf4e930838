import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type ForeseeParts, foresee } from '../../src/app/plan.ts';
import type { ChatId, Participant } from '../../src/domain/words.ts';
import { PairList } from '../../src/plan/survey.ts';
import { groupName } from '../../src/sandbox/groups.ts';
import { csv, phone } from '../e2e/harness.ts';
import { scratch } from '../helpers.ts';
import { api, desk } from './in-process.ts';

const ENDING = (ending: string) => `12036337130838${ending}@g.us`;
const people = Array.from({ length: 5 }, (_, i) => phone(i));

/** The warnings of a run, each without what every log line has. */
async function warned(group: string, who: readonly string[], ...flags: string[]) {
  const to = await api();
  const cohort = join(await scratch(), 'cohort.csv');
  await writeFile(cohort, csv(who, group));
  const told = await desk(to.env).run('run', cohort, ...to.args, '--progress', 'off', ...flags);
  const lines = told.stderr.split('\n').filter((line) => line.includes('"level":"warn"'));
  return {
    messages: lines.map((line) => (JSON.parse(line) as { msg: string }).msg),
    asks: to.sandbox.counts().asks,
    code: told.code,
  };
}

const named = (group: string, text: string) =>
  `“${groupName(group)}”: ${text} (by what the API last read of it)`;

it.each([
  // The fourth is told that it is full, which closes it.
  ['0420', people, ['--concurrency', '1'], ['3 places are left for 5 people: 2 will not fit'], 4],
  ['0420', people.slice(0, 3), [], [], 3],
  // Only three are asked.
  ['0420', people, ['--limit', '3'], [], 3],
  ['0420', people, ['--dry-run'], ['3 places are left for 5 people: 2 will not fit'], 0],
  ['0420', people, ['--no-precheck', '--concurrency', '1'], [], 4],
  ['0419', people, ['--dry-run'], ['the group is full: 5 people will not fit'], 0],
  ['0400', people, [], ['the sending phone is not an admin: WhatsApp may refuse it'], 5],
  ['0403', people, ['--dry-run'], ['the sending phone is not an admin, and only admins may add people'], 0],
  ['8968', people, [], [], 5],
] as const)('a group that ends in %s, %j, with %j', async (ending, who, flags, texts, asks) => {
  const group = ENDING(ending);
  const told = await warned(group, who, ...flags);
  expect(told.messages.filter((message) => message.includes('(by what'))).toEqual(
    texts.map((text) => named(group, text)),
  );
  expect(told.asks).toBe(asks);
});

it('of a hundred thousand people in two thousand groups in trouble, nobody else waits for all', async () => {
  const list = new PairList();
  const groups = new Map<ChatId, number>();
  for (let i = 0; i < 100_000; i++) {
    const chatId = `${120363371308380000n + BigInt(i % 2_000)}@g.us` as ChatId;
    list.add({ chatId, participant: phone(i) as Participant }, undefined, undefined);
    groups.set(chatId, 50);
  }
  const standing = { members: 1_000, adminsOnly: undefined, senderIsAdmin: undefined };
  let turns = 0;
  let counting = true;
  const count = () => {
    turns++;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  const found = await foresee({
    phones: {
      standings: () => ({ name: '', phones: [{ sender: '919876543210', standing }] }),
      groups: { lists: () => false },
      takes: () => true,
    },
    plan: { list, groups },
    knowledge: { ledger: () => undefined, previous: () => undefined },
    selection: { retry: [], onlyStatus: undefined },
    limit: undefined,
    log: { warn: () => undefined },
  } as unknown as ForeseeParts);
  counting = false;
  expect(found.size).toBe(2_000);
  expect(turns).toBeGreaterThanOrEqual(99);
});
