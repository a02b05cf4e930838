import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { groupName } from '../../../src/sandbox/groups.ts';
import { scratch } from '../../helpers.ts';
import { api, desk } from '../in-process.ts';

const GROUPS = ['120363371308389685@g.us', '120363402715563921@g.us'];
const line = (i: number) => `${GROUPS[i % 2]},9198700${i}0001`;

async function finished() {
  const dir = await scratch();
  const at = (name: string) => join(dir, name);
  const to = await api();
  await writeFile(at('c.csv'), `chat_id,phone\n${line(1)}\n${line(2)}\n`);
  const run = (...flags: string[]) => desk(to.env).run('run', at('c.csv'), ...to.args, ...flags);
  expect((await run()).code).toBe(0);
  const page = () => readFile(at('p.html'), 'utf8');
  return { ...to, at, run, page };
}

describe('running again, with nobody left to ask', () => {
  it('the page and the to-do list name the groups as before', async () => {
    const on = await finished();
    const asks = on.sandbox.counts().asks;
    const again = await on.run('--report', on.at('p.html'), '--to-do', on.at('t.csv'));
    expect([again.code, on.sandbox.counts().asks, on.sandbox.counts().throttled]).toEqual([0, asks, 0]);
    for (const id of GROUPS) {
      expect(await on.page()).toContain(`<h3 dir="auto">${groupName(id)}</h3>`);
      expect(again.stderr).toContain(groupName(id));
    }
    const rows = parse(await readFile(on.at('t.csv'), 'utf8'), { columns: true }) as Record<string, string>[];
    for (const row of rows) {
      expect(row['group']).toBe(groupName(row['chat_id'] ?? ''));
      expect(row['invite_link']).toMatch(/^https:\/\/chat\.whatsapp\.com\//);
    }
  });

  it('reads no group where nothing names one, or the groups are not to be read', async () => {
    const on = await finished();
    const reads = () => on.sandbox.counts().requests.chat;
    const before = reads();
    expect((await on.run()).code).toBe(0);
    expect((await on.run('--no-precheck', '--report', on.at('p.html'))).code).toBe(0);
    expect(reads()).toEqual(before);
  });

  it.each([
    ['an API that does not tell', { reads: 'error' as const }],
    ['a key that was revoked', { keyRevoked: true }],
  ])('is done all the same: %s', async (_what, control) => {
    const on = await finished();
    on.sandbox.control(control);
    const again = await on.run('--report', on.at('p.html'));
    expect(again.code).toBe(0);
    expect(again.stderr).not.toContain('"level":"warn"');
    for (const id of GROUPS) expect(await on.page()).toContain(`<h3 dir="auto">${id}</h3>`);
  });

  it('with an API out of reach, too', async () => {
    const on = await finished();
    await on.sandbox.close();
    expect((await on.run('--report', on.at('p.html'))).code).toBe(0);
  });
});

it('with somebody new in one group, the page names the others, too', async () => {
  const on = await finished();
  await writeFile(on.at('c.csv'), `chat_id,phone\n${line(1)}\n${line(2)}\n${line(3)}\n`);
  expect((await on.run('--report', on.at('p.html'))).code).toBe(0);
  for (const id of GROUPS) expect(await on.page()).toContain(`<h3 dir="auto">${groupName(id)}</h3>`);
});
