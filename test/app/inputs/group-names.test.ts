import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { shardFile, shardText } from '../../../src/domain/shard.ts';
import type { SandboxOptions } from '../../../src/sandbox/sandbox.ts';
import { scratch } from '../../helpers.ts';
import { api, desk } from '../in-process.ts';

const A = '120363371308386001@g.us';
const B = '120363371308386002@g.us';
const C = '120363371308386003@g.us';
const NAMED = [
  [A, 'Batch A – mornings'],
  [B, 'Batch B – evenings'],
] as const;
const HEADER = 'Timestamp,Your full name,Your WhatsApp number?,Which batch are you joining?';
/** Numbers that the sandbox adds or invites. */
const person = (i: number) => `9198700${String(i).padStart(2, '0')}001`;

/** A form's export: one person for each name. */
async function form(names: readonly string[]): Promise<string> {
  const path = join(await scratch(), 'form.csv');
  const lines = names.map((name, i) => `2026/01/01,Person ${i},+${person(i)},"${name}"`);
  await writeFile(path, `${[HEADER, ...lines].join('\n')}\n`);
  return path;
}

async function table(path: string): Promise<Record<string, string>[]> {
  return parse(await readFile(path, 'utf8'), { columns: true, bom: true });
}

const resultsOf = (path: string) => path.replace(/\.csv$/, '.results.csv');
const serve = (options: SandboxOptions = {}) => api({ named: NAMED, ...options });
/** Who was asked: `chat_id participant`. */
const askedIn = ({ sandbox }: Awaited<ReturnType<typeof serve>>) =>
  Object.keys(sandbox.counts().pairs).sort();

describe('a run of names', () => {
  it('looks them up once, says what each was taken for, and asks nobody of the others', async () => {
    const path = await form([
      'Batch A – mornings',
      'batch b –  EVENINGS',
      'Batch B – evening',
      'Batch A – mornings',
    ]);
    const to = await serve();
    const { code, stderr } = await desk(to.env).run('run', path, ...to.args, '--log-format', 'text');
    expect(code).toBe(4);
    expect(askedIn(to)).toEqual([`${A} ${person(0)}`, `${A} ${person(3)}`, `${B} ${person(1)}`]);
    expect(to.sandbox.counts().requests.chats).toEqual({ 200: 1 });
    expect(stderr).toMatch(
      /info +“batch b – {2}EVENINGS” is “Batch B – evenings” \(120363371308386002@g\.us\) {2}rows=1/,
    );
    expect(stderr).toMatch(/warn +“Batch B – evening” is not the name of a group/);
    const rows = await table(resultsOf(path));
    expect(rows.map((row) => [row['chat_id'], row['reason_code']])).toEqual([
      [A, ''],
      [B, ''],
      ['', 'group_name_unknown'],
      [A, ''],
    ]);
    expect(rows[2]?.['message']).toContain('“Batch B – evenings”');
  });

  it('goes on with its ledger, and from its results, where a name that is corrected counts', async () => {
    const path = await form(['Batch A – mornings', 'Batch B – evening']);
    const to = await serve();
    expect((await desk(to.env).run('run', path, ...to.args)).code).toBe(4);
    expect((await desk(to.env).run('run', path, ...to.args)).code).toBe(4);
    expect(to.sandbox.counts().asks).toBe(1);
    const results = resultsOf(path);
    // Nothing was corrected yet.
    expect((await desk(to.env).run('run', results, ...to.args)).code).toBe(4);
    expect(to.sandbox.counts().asks).toBe(1);
    const text = await readFile(results, 'utf8');
    await writeFile(results, text.replace(',Batch B – evening,', ',Batch B – evenings,'));
    expect((await desk(to.env).run('run', results, ...to.args)).code).toBe(0);
    expect(askedIn(to)).toEqual([`${A} ${person(0)}`, `${B} ${person(1)}`]);
    expect(to.sandbox.counts().asks).toBe(2);
  });

  it('of a name that two groups have asks nobody', async () => {
    const path = await form(['Batch A – mornings', 'Batch B – evenings']);
    const to = await serve({ named: [...NAMED, [C, 'BATCH A – mornings']] });
    expect((await desk(to.env).run('run', path, ...to.args)).code).toBe(4);
    expect(askedIn(to)).toEqual([`${B} ${person(1)}`]);
    const [first] = await table(resultsOf(path));
    expect(first).toMatchObject({ reason_code: 'group_name_ambiguous' });
    expect(first?.['message']).toContain(A);
    expect(first?.['message']).toContain(C);
  });

  it('goes by the file, where one is given, and reads no list', async () => {
    const path = await form(['batch one', 'Batch Two', 'Batch A – mornings']);
    const groups = join(await scratch(), 'groups.csv');
    await writeFile(groups, `\ufeffchat_id;name\r\n${A};Batch One\r\n${B};Batch two\r\n`);
    const to = await serve();
    expect((await desk(to.env).run('run', path, ...to.args, '--groups', groups)).code).toBe(4);
    expect(askedIn(to)).toEqual([`${A} ${person(0)}`, `${B} ${person(1)}`]);
    expect(to.sandbox.counts().requests.chats).toEqual({});
  });

  it('a column of ids is not looked up, and one of both is read by cell', async () => {
    const to = await serve();
    const ids = await form([A, B]);
    expect((await desk(to.env).run('run', ids, ...to.args)).code).toBe(0);
    expect(to.sandbox.counts().requests.chats).toEqual({});
    const both = await form([C, 'batch b – evenings', 'https://chat.whatsapp.com/abc']);
    expect((await desk(to.env).run('run', both, ...to.args)).code).toBe(4);
    expect(askedIn(to)).toEqual([A, B, C].map((id, i) => `${id} ${person([0, 1, 0][i] ?? 0)}`).sort());
  });

  it('each sending phone has its own groups, and a name means the same in all of them', async () => {
    const path = join(await scratch(), 'form.csv');
    const rows = ['919876543210', '919876543211'].map(
      (sender, i) => `${person(i)},${sender},Batch A – mornings`,
    );
    await writeFile(path, `phone,sender,batch\n${rows.join('\n')}\n`);
    const to = await serve();
    expect((await desk(to.env).run('run', path, '--base-url', to.sandbox.url)).code).toBe(0);
    expect(to.sandbox.counts().requests.chats).toEqual({ 200: 2 });
  });

  it.each<[string, SandboxOptions, number, string]>([
    ['a key that is refused', { apiKey: 'another' }, 5, 'the API rejected the key'],
    ['a list that cannot be had', { reads: 'error' }, 3, 'the API did not list the groups'],
  ])('sends nothing without the list: %s', async (_what, options, code, message) => {
    const path = await form(['Batch A – mornings']);
    const to = await serve(options);
    const at = desk({ PERISKOPE_API_KEY: 'sandbox-key-not-a-secret' });
    const ended = await at
      .run('run', path, ...to.args)
      .catch((error: { exitCode: number; message: string }) => ({
        code: error.exitCode,
        stderr: error.message,
      }));
    expect(ended.code).toBe(code);
    expect(ended.stderr).toContain(message);
    expect(to.sandbox.counts().asks).toBe(0);
    await expect(stat(resultsOf(path))).rejects.toThrow('ENOENT');
  });

  it('where some cells are ids, a list that cannot be had leaves those with a name out', async () => {
    const path = await form([A, 'Batch A – mornings']);
    const to = await serve({ reads: 'error' });
    expect((await desk(to.env).run('run', path, ...to.args)).code).toBe(4);
    expect(askedIn(to)).toEqual([`${A} ${person(0)}`]);
    // The results name a group for nobody whose own cell may have been corrected.
    const again = desk(to.env).run('run', resultsOf(path), ...to.args);
    await expect(again).rejects.toMatchObject({ code: 'COHORT_COLUMNS' });
    expect(to.sandbox.counts().asks).toBe(1);
  });

  it('at a terminal, the question shows what each name was taken for', async () => {
    const path = await form(['batch a – mornings', 'Batch C']);
    const to = await serve();
    const at = desk({ ...to.env, NO_COLOR: '1' }, [], true);
    const keys = Object.assign(new PassThrough(), { isTTY: true });
    Object.assign(at.io, { stdin: keys });
    keys.write('n\n');
    expect((await at.run('run', path, ...to.args)).code).toBe(75);
    const [shown = '', question] = at.stderr().split('About to ask');
    expect(shown).toContain(
      [
        '2 names of “Which batch are you joining?”, looked up in the phone’s 10 groups:',
        `        1  “batch a – mornings” is “Batch A – mornings” (${A})`,
        '        1  “Batch C” is not the name of a group: nobody of these rows is asked [group_name_unknown]',
      ].join('\n'),
    );
    expect(question).toContain('Send? [y/N]');
    expect(to.sandbox.counts().asks).toBe(0);
  });
});

describe('check', () => {
  it('offline, a column of names is said in one line', async () => {
    const names = Array.from({ length: 60 }, (_, i) => `Batch ${'ABC'[i % 3]}`);
    await expect(desk().run('check', await form(names))).rejects.toMatchObject({
      code: 'COHORT_COLUMNS',
      message: expect.stringMatching(
        /column “Which batch are you joining\?” holds 3 names and no chat_id: “Batch A”, “Batch B”, “Batch C”; give --groups FILE .*, or check --online/,
      ),
    });
  });

  it.each([
    ['among ids', [A, 'Batch A – mornings']],
    ['of two rows', ['Batch B', 'Batch A – mornings']],
  ])('offline, a name %s is a row that says how', async (_what, names) => {
    const { code, stdout } = await desk().run('check', await form(names));
    expect(code).toBe(4);
    expect(stdout).toMatch(/row 3.*“Batch A – mornings” is not a chat_id.*--groups FILE, or check --online/);
  });

  it('--online looks them up, and shows them', async () => {
    const to = await serve();
    const { code, stdout } = await desk(to.env).run(
      'check',
      await form(['BATCH A – mornings']),
      ...to.args,
      '--online',
    );
    expect(code).toBe(0);
    expect(stdout).toContain(`“BATCH A – mornings” is “Batch A – mornings” (${A})`);
    expect(stdout).toContain(`        1  ${A}`);
    expect(to.sandbox.counts().requests).toMatchObject({ chats: { 200: 1 }, add: {} });
  });

  it('of the results of such a run needs no list', async () => {
    const path = await form(['Batch A – mornings', 'Batch B – evenings']);
    const to = await serve();
    await desk(to.env).run('run', path, ...to.args);
    const { code, stdout } = await desk().run('check', resultsOf(path));
    expect(code).toBe(0);
    expect(stdout).toContain('2 rows: 0 people to ask');
  });

  it('a dry run without a key cannot look them up, and with --groups need not', async () => {
    const path = await form(Array(3).fill('Batch A – mornings'));
    await expect(desk().run('run', path, '--dry-run', '--phone', person(9))).rejects.toMatchObject({
      code: 'COHORT_COLUMNS',
    });
    const groups = join(await scratch(), 'groups.csv');
    await writeFile(groups, `name,chat_id\nBatch A – mornings,${A}\n`);
    const { code } = await desk().run('run', path, '--dry-run', '--phone', person(9), '--groups', groups);
    expect(code).toBe(0);
    expect((await table(resultsOf(path)))[0]).toMatchObject({ chat_id: A, status: 'planned' });
  });

  it('--groups and --chat-id exclude each other', async () => {
    const path = await form(['x']);
    await expect(desk().run('check', path, '--groups', 'g.csv', '--chat-id', A)).rejects.toMatchObject({
      code: 'CONFIG',
    });
  });
});

describe('groups', () => {
  const EVIL: SandboxOptions['named'] = [
    [A, '=HYPERLINK("http://x")\u001b[31m'],
    [B, `Batch ${'long '.repeat(30)}end`],
    ['905301234567-1574073754@g.us', 'Mine +91 98765 43210'],
  ];

  it('is a table: at a terminal it keeps to the width, and shows control characters', async () => {
    const to = await serve({ named: EVIL });
    const at = desk({ ...to.env, NO_COLOR: '1' }, [], true);
    const { code, stdout } = await at.run('groups', ...to.args);
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^chat_id +members {2}places left {2}admin {5}name$/);
    expect(lines.at(-1)).toBe('10 groups');
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toContain('\\u001b[31m');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(lines.find((line) => line.startsWith(B))).toMatch(/ 5 +1019 {2}yes +Batch long .*….*end$/);
    expect(stdout).toMatch(/^905301234567-1574073754@g\.us .* Mine \+91 98765 43210$/m);
    expect(stdout).toMatch(/^120363371308380410@g\.us .* has left /m);
  });

  it('elsewhere names are whole, and numbers are masked', async () => {
    const to = await serve({ named: EVIL });
    const { stdout } = await desk(to.env).run('groups', ...to.args);
    expect(stdout).toMatch(/Batch (?:long ){30}end$/m);
    expect(stdout).toMatch(/^9053•••••567-1574073754@g\.us .* Mine 9198•••••210$/m);
  });

  it('-o writes what --groups takes, for its owner alone, and no formula', async () => {
    const to = await serve({ named: EVIL });
    const path = join(await scratch(), 'groups.csv');
    expect((await desk(to.env).run('groups', ...to.args, '-o', path)).code).toBe(0);
    const rows = await table(path);
    expect(rows).toHaveLength(10);
    expect(rows.find((row) => row['chat_id'] === A)).toEqual({
      name: '\'=HYPERLINK("http://x")\u001b[31m',
      chat_id: A,
      members: '5',
      places_left: '1019',
      admin: 'yes',
      exited: 'no',
    });
    if (process.platform !== 'win32') expect((await stat(path)).mode & 0o777).toBe(0o600);
    const cohort = join(await scratch(), 'form.csv');
    await writeFile(cohort, `phone,batch\n${person(0)},"=HYPERLINK(""http://x"")\u001b[31m"\n`);
    expect((await desk(to.env).run('run', cohort, ...to.args, '--groups', path)).code).toBe(0);
    expect(askedIn(to)).toEqual([`${A} ${person(0)}`]);
    // Only an older list of ours is replaced.
    expect((await desk(to.env).run('groups', ...to.args, '-o', path)).code).toBe(0);
    await expect(desk(to.env).run('groups', ...to.args, '-o', cohort)).rejects.toMatchObject({
      code: 'NOT_WRITABLE',
    });
  });

  it('--json is the summary', async () => {
    const to = await serve();
    const { stdout } = await desk(to.env).run('groups', ...to.args, '--json');
    const summary = JSON.parse(stdout) as { groups: { chat_id: string }[] };
    expect(summary).toMatchObject({
      schema: 'group-onboard/summary',
      command: 'groups',
      exit_code: 0,
      rows: 0,
    });
    expect(summary.groups.find(({ chat_id }) => chat_id === B)).toMatchObject({
      ...{ name: 'Batch B – evenings', members: 5, places_left: 1_019, admin: true, exited: false },
    });
  });

  it('--sandbox works', async () => {
    const { code, stdout } = await desk().run('groups', '--sandbox');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^sandbox: these are made up\nchat_id/);
  });

  it.each<[string, SandboxOptions, number, string]>([
    ['the key is refused', { apiKey: 'another' }, 5, 'the API rejected the key (401)'],
    ['there is no list', { reads: 'nonsense' }, 5, 'the API did not list the groups'],
    [
      'the server has an error',
      { reads: 'error' },
      75,
      'the API did not list the groups: Something went wrong',
    ],
  ])('%s', async (_what, options, code, message) => {
    const to = await serve(options);
    const at = desk({ PERISKOPE_API_KEY: 'sandbox-key-not-a-secret' });
    const ended = await at.run('groups', ...to.args);
    expect(ended.code).toBe(code);
    expect(ended.stderr).toContain(message);
  });

  it('needs a phone', async () => {
    await expect(desk({ PERISKOPE_API_KEY: 'k' }).run('groups')).rejects.toThrow(
      /no sending phone: give --phone/,
    );
  });
});

describe('shards', () => {
  it('are of the groups that the names stand for, and are merged with --groups where a row has no result', async () => {
    const path = await form(['Batch A – mornings', 'Batch B – evenings', 'Batch A – mornings']);
    const groups = join(await scratch(), 'groups.csv');
    await writeFile(groups, `name,chat_id\n${NAMED.map(([id, name]) => `${name},${id}`).join('\n')}\n`);
    const to = await serve();
    // The groups are in different shards.
    const shards = [1, 2].map((index) => ({ index, count: 2 }));
    for (const shard of shards) await desk(to.env).run('run', path, ...to.args, '--shard', shardText(shard));
    const files = shards.map((shard) => shardFile(resultsOf(path), shard));
    expect(askedIn(to)).toHaveLength(3);
    const merged = resultsOf(path);
    const merge = (...args: string[]) => desk().run('merge', ...args, '-o', merged, '--cohort', path);
    expect((await merge(...files)).code).toBe(0);
    expect((await table(merged)).map((row) => row['chat_id'])).toEqual([A, B, A]);
    await expect(merge(files[0] ?? '')).rejects.toThrow(
      /has no result, and the cohort names its groups: give --groups FILE/,
    );
    await expect(merge(files[0] ?? '', '--groups', groups)).rejects.toThrow(/says that they were asked/);
  });
});
