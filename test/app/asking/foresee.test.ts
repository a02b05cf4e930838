import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { groupName } from '../../../src/sandbox/groups.ts';
import { csv, phone } from '../../e2e/harness.ts';
import { scratch } from '../../helpers.ts';
import { api, desk } from '../in-process.ts';

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
