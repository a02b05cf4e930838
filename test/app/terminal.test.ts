import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { scratch } from '../helpers.ts';
import { api, desk } from './in-process.ts';

const GROUP = '120363371308389685@g.us';
const PEOPLE = [1, 2, 3].map((i) => `91987000${i}001`);

/** A run with a person at a terminal. */
const seated = (...flags: string[]) => seatedWith({}, PEOPLE, ...flags);

async function seatedWith(env: Record<string, string>, people: readonly string[], ...flags: string[]) {
  const to = await api();
  const cohort = join(await scratch(), 'cohort.csv');
  await writeFile(cohort, `chat_id,phone\n${people.map((one) => `${GROUP},${one}`).join('\n')}\n`);
  const at = desk({ ...to.env, ...env }, [], true);
  const keys = Object.assign(new PassThrough(), { isTTY: true });
  Object.assign(at.io, { stdin: keys });
  const running = at.run('run', cohort, ...to.args, ...flags);
  let ended = false;
  const end = () => {
    ended = true;
  };
  running.then(end, end);
  const asked = async () => {
    while (!at.stderr().includes('Send?')) {
      if (ended) throw new Error(`ended without asking:\n${at.stderr()}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  return { ...to, cohort, at, keys, running, asked };
}

describe('before anything is sent', () => {
  it.each(['y\n', 'yes\n', 'YES\n'])('%j is a yes', async (answer) => {
    const on = await seated('--max-rate', '99/s', '--batch-size', '2');
    await on.asked();
    expect(on.sandbox.counts().asks).toBe(0);
    on.keys.write(answer);
    expect((await on.running).code).toBe(0);
    expect(on.sandbox.counts().asks).toBe(2);
  });

  it('what will go wrong in a group is shown beneath it', async () => {
    const full = '120363371308380420@g.us';
    const people = PEOPLE.concat(['919870004001', '919870005001']);
    const on = await seatedWith({ NO_COLOR: '1' }, people, '--chat-id', full, '--phone-column', 'phone');
    await on.asked();
    expect(on.at.stderr()).toMatch(
      /\n {8}5 {2}.*\(120363371308380420@g\.us\)\n {11}look: 3 places are left for 5 people: 2 will not fit\n/,
    );
    on.keys.write('n\n');
    expect((await on.running).code).toBe(75);
    expect(on.sandbox.counts().asks).toBe(0);
  });

  it('the people per country are shown, the rare ones marked', async () => {
    const people = [
      ...Array.from({ length: 52 }, (_, i) => `9198765432${i + 10}`),
      '51987654321',
      '5352345678',
    ];
    const on = await seatedWith({ NO_COLOR: '1' }, people);
    await on.asked();
    expect(on.at.stderr()).toContain(
      [
        '  people   52 India · 1 Peru · 1 Cuba',
        '  look at  1 Peru (row 54) · 1 Cuba (row 55)',
        '           rare among these people: was each of these numbers read right?',
        '  from     ',
      ].join('\n'),
    );
    // The question has it: the log does not say it again.
    expect(on.at.stderr()).not.toContain('people to ask:');
    on.keys.end();
    expect((await on.running).code).toBe(75);
    expect(on.sandbox.counts().asks).toBe(0);
  });

  it('names the risk of full speed, and how long the careful way takes', async () => {
    const on = await seatedWith(
      {},
      Array.from({ length: 25 }, (_, i) => `9198765432${i + 10}`),
    );
    await on.asked();
    expect(on.at.stderr()).toMatch(
      / {2}pace {5}as fast as .*\n {2}risk {5}25 people .*--careful .*about 24 h 00 min\n/,
    );
    on.keys.end();
    expect((await on.running).code).toBe(75);
  });

  it('--careful: the pace, and no risk', async () => {
    const many = Array.from({ length: 25 }, (_, i) => `9198765432${i + 10}`);
    const on = await seatedWith({}, many, '--careful');
    await on.asked();
    expect(on.at.stderr()).toContain(
      'careful: 30 s to 1 min 00 s between asks, at most 20 people a day, a stop after 3 in a row without a clear answer, about 24 h 00 min',
    );
    expect(on.at.stderr()).not.toContain('  risk  ');
    on.keys.end();
    expect((await on.running).code).toBe(75);
    expect(on.sandbox.counts().asks).toBe(0);
  });

  it('where nobody is asked, the log has both', async () => {
    const many = Array.from({ length: 25 }, (_, i) => `9198765432${i + 10}`);
    const on = await seatedWith({}, many, '--yes');
    expect((await on.running).code).toBe(0);
    expect(on.at.stderr()).toMatch(/pace: as fast as the server allows, about /);
    expect(on.at.stderr()).toMatch(/warn.*25 people with no pause.*--careful/);
  });

  it('--yes says it in the log', async () => {
    const on = await seated('--yes');
    expect((await on.running).code).toBe(0);
    expect(on.at.stderr()).toContain('people to ask: 3 India');
  });

  it.each(['n\n', '\n', 'yet\n', undefined])('%j is a no: nobody is asked', async (answer) => {
    const on = await seated();
    await on.asked();
    if (answer === undefined) on.keys.end();
    else on.keys.write(answer);
    expect((await on.running).code).toBe(75);
    expect(on.sandbox.counts().asks).toBe(0);
  });

  it('a signal is a no', async () => {
    const on = await seated('--gap', '1ms..2ms', '--daily-cap', '9');
    await on.asked();
    on.at.signal('SIGINT');
    expect((await on.running).code).toBe(130);
    expect(on.sandbox.counts().asks).toBe(0);
    const results = await readFile(on.cohort.replace('.csv', '.results.csv'), 'utf8');
    expect(results.match(/not_attempted,interrupted/g)).toHaveLength(3);
  });

  it('--yes asks nothing, and shows a bar', async () => {
    const on = await seated('--yes', '--log-level', 'debug');
    expect((await on.running).code).toBe(0);
    expect(on.at.stderr()).not.toContain('Send?');
    expect(on.at.stderr()).toContain('0/3');
    expect(on.at.stderr()).toContain('\u001b[3');
  });
});

/** What sets a colour or a weight; moving the cursor, as the bar does, is something else. */
const coloursIn = (text: string) =>
  text.split('\u001b[').filter((after, i) => i > 0 && /^[\d;]*m/.test(after));

describe('colours', () => {
  it.each([
    [{}, true],
    [{ NO_COLOR: '' }, true],
    [{ NO_COLOR: '1' }, false],
    [{ NO_COLOR: 'false' }, false],
    [{ TERM: 'dumb' }, false],
  ] as [Record<string, string>, boolean][])('with %j: %s', async (env, wanted) => {
    const on = await seatedWith(env, PEOPLE, '--yes', '--log-level', 'debug');
    expect((await on.running).code).toBe(0);
    const log = on.at.stderr();
    // Both that could be coloured are there: the log and the summary.
    expect(log).toContain('cohort read');
    expect(log).toContain('in the group now');
    expect(coloursIn(log).length > 0).toBe(wanted);
  });
});
