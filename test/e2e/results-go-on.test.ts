/** A results CSV as the cohort: one file, one ledger, by whatever way it is reached. Each test ends with the sandbox's count. */
import { execFileSync } from 'node:child_process';
import { copyFile, link, mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli, GROUP, phone, results, start } from './harness.ts';
import { PEOPLE, scene, table } from './scene.ts';

const OTHER_GROUP = '120363402715563921@g.us';

const statuses = async (path: string) => (await results(path)).map((row) => row['status']);

describe('results as the cohort', () => {
  it('go on in the same file, with the same ledger', async () => {
    const { api, dir, output, run, again, asked } = await scene(PEOPLE, '--limit', '2');
    expect(await statuses(output)).toEqual(['added', 'invited', ...Array(3).fill('not_attempted')]);
    expect((await again(output, '--only-status', 'not_attempted')).code).toBe(4);
    expect(await statuses(output)).toEqual(['added', 'invited', 'failed', 'failed', 'added']);
    const before = await readFile(output, 'utf8');
    expect((await again()).code).toBe(4);
    expect(await readFile(output, 'utf8')).toBe(before);
    expect((await run()).code).toBe(4);
    expect((await again(output, '--only-status', 'failed')).code).toBe(4);
    expect(await readFile(output, 'utf8')).toBe(before);
    expect(asked(...PEOPLE)).toEqual([1, 1, 1, 1, 1]);
    expect((await readdir(dir)).sort()).toEqual([
      'cohort.csv',
      'cohort.results.csv',
      'cohort.results.csv.ledger.jsonl',
    ]);
    expect((await again(output, '--only-status', 'failed', '--retry', 'failed')).code).toBe(4);
    expect(asked(...PEOPLE)).toEqual([1, 1, 2, 2, 1]);
    expect(api.counts().asks).toBe(7);
  });

  it('are one file by every path and link, and -o elsewhere keeps their ledger', async () => {
    const { dir, output, run, again, asked } = await scene(PEOPLE, '--limit', '2');
    await symlink(output, join(dir, 'link.csv'));
    await mkdir(join(dir, 'far'));
    await symlink('../link.csv', join(dir, 'far', 'chain.csv'));
    await symlink(dir, join(dir, 'far', 'dir'));
    expect((await again(join(dir, 'link.csv'), '--limit', '1')).code).toBe(75);
    expect((await again(join(dir, 'far', 'chain.csv'), '--limit', '1')).code).toBe(75);
    const other = join(dir, 'far', 'other.csv');
    expect((await again(join(dir, 'far', 'dir', 'cohort.results.csv'), '-o', other)).code).toBe(4);
    expect(await statuses(other)).toEqual(['added', 'invited', 'failed', 'failed', 'added']);
    expect((await again()).code).toBe(4);
    expect(asked(...PEOPLE)).toEqual([1, 1, 1, 1, 1]);
    expect((await readdir(dir)).filter((name) => name.endsWith('.jsonl'))).toHaveLength(1);
    expect((await readdir(join(dir, 'far'))).sort()).toEqual(['chain.csv', 'dir', 'other.csv']);
    // A run of the cohort that names its output by a link finds the ledger, too.
    const byLink = await run('-o', join(dir, 'far', 'chain.csv'));
    expect([byLink.code, asked(...PEOPLE)]).toEqual([4, [1, 1, 1, 1, 1]]);
  });

  it('are held by the run that writes them', async () => {
    const { args, env, cohort, dir, output, again, asked } = await scene(PEOPLE, '--limit', '1');
    await symlink(output, join(dir, 'link.csv'));
    const first = start(['run', cohort, ...args, '--gap', '30s..60s'], env);
    await first.shows('cohort read');
    for (const path of [output, join(dir, 'link.csv')]) expect((await again(path)).code).toBe(6);
    first.child.kill('SIGTERM');
    expect((await first.ended).code).toBe(143);
    expect((await again()).code).toBe(4);
    expect(asked(...PEOPLE)).toEqual([1, 1, 1, 1, 1]);
  });

  it('elsewhere than their ledger are refused, and so is another ledger beside their own', async () => {
    const { dir, output, ledger, again, asked } = await scene(PEOPLE, '--limit', '2');
    const copy = join(dir, 'copy.csv');
    await copyFile(output, copy);
    await link(output, join(dir, 'hard.csv'));
    for (const path of [copy, join(dir, 'hard.csv')]) {
      for (const flags of [[], ['--only-status', 'not_attempted'], ['-o', join(dir, 'x.csv')]]) {
        const ended = await again(path, ...flags);
        expect([ended.code, ended.stderr]).toEqual([
          2,
          expect.stringMatching(/says that 2 people were asked .* is missing .*rebuild-ledger/),
        ]);
      }
    }
    expect((await again(output, '--ledger', join(dir, 'l.jsonl'))).code).toBe(2);
    expect((await again(output, '--shard', '1/2')).code).toBe(2);
    expect((await again(output, '--dry-run', '-o', output)).code).toBe(2);
    // With the ledger of the original it is the original.
    expect((await again(copy, '--ledger', ledger)).code).toBe(4);
    expect(asked(...PEOPLE)).toEqual([1, 1, 1, 1, 1]);
  });

  it('a row that is gone from them is missed, unless its number had failed', async () => {
    const { output, again, records, asked } = await scene();
    const rows = await records();
    await writeFile(output, table(rows.filter((_, i) => i !== 1 && i !== 3)));
    const ended = await again();
    expect([ended.code, ended.stderr]).toEqual([2, expect.stringMatching(/has no row of 1 person whom/)]);
    await writeFile(output, table(rows.filter((_, i) => i !== 3)));
    expect((await again()).code).toBe(4);
    expect(await statuses(output)).toEqual(['added', 'invited', 'failed', 'added']);
    expect(asked(...PEOPLE)).toEqual([1, 1, 1, 1, 1]);
  });

  it('a plan is not written over them', async () => {
    const { dir, output, again, asked } = await scene(PEOPLE, '--limit', '2');
    const before = await readFile(output, 'utf8');
    expect((await again(output, '--dry-run')).code).toBe(4 - 4);
    expect(await readFile(output, 'utf8')).toBe(before);
    expect(await statuses(join(dir, 'cohort.results.planned.csv'))).toEqual([
      'added',
      'invited',
      ...Array(3).fill('planned'),
    ]);
    expect(asked(...PEOPLE)).toEqual([1, 1, 0, 0, 0]);
  });
});

describe('correct, and run again', () => {
  const [, , third = '', fourth = ''] = PEOPLE;
  const fresh = phone(30, 1);

  it('a corrected phone is asked, and nobody else', async () => {
    const { output, again, records, asked, edit } = await scene();
    await edit(2, (row) => ({ ...row, phone: `+${fresh}` }));
    expect((await again()).code).toBe(4);
    expect(await statuses(output)).toEqual(['added', 'invited', 'added', 'failed', 'added']);
    expect((await records())[2]).toMatchObject({ participant: fresh, row: '4', phone: `+${fresh}` });
    expect((await again()).code).toBe(4);
    expect(asked(...PEOPLE, fresh)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('… with --only-status failed, which leaves a corrected row of another status alone', async () => {
    const { output, again, records, asked, edit } = await scene();
    const second = phone(31, 1);
    await edit(1, (row) => ({ ...row, phone: second }));
    await edit(3, (row) => ({ ...row, phone: fresh }));
    const before = await records();
    expect((await again(output, '--only-status', 'failed')).code).toBe(4);
    const after = await records();
    expect([after[1], after[2]]).toEqual([before[1], before[2]]);
    expect(after[3]).toMatchObject({ status: 'added', participant: fresh });
    expect(asked(...PEOPLE, fresh, second)).toEqual([1, 1, 1, 1, 1, 1, 0]);
    // Selected, the other one is asked, too, and the person who had the wrong invite is not missed later.
    expect((await again()).code).toBe(4);
    expect((await again()).code).toBe(4);
    expect((await records())[1]).toMatchObject({ status: 'added', participant: second });
    expect(asked(...PEOPLE, fresh, second)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    // Put back, the number is one that was asked.
    await edit(1, (row) => ({ ...row, phone: PEOPLE[1] ?? '' }));
    expect((await again()).code).toBe(4);
    expect((await records())[1]).toMatchObject({ status: 'invited', reason_code: 'row_corrected' });
    expect(asked(...PEOPLE, fresh, second)).toEqual([1, 1, 1, 1, 1, 1, 1]);
  });

  it('a corrected group is asked for there', async () => {
    const { api, again, records, edit } = await scene();
    await edit(2, (row) => ({ ...row, _chat_id: OTHER_GROUP }));
    expect((await again()).code).toBe(4);
    const { pairs } = api.counts();
    expect(pairs[`${OTHER_GROUP} ${third}`]?.asked).toBe(1);
    expect(pairs[`${GROUP} ${third}`]?.asked).toBe(1);
    expect((await records())[2]).toMatchObject({ chat_id: OTHER_GROUP });
    expect(api.counts().asks).toBe(6);
  });

  it('an invalid row that is corrected, one that is added, and one corrected into another row', async () => {
    const { output, again, records, asked } = await scene([...PEOPLE, '12']);
    const rows = (await records()).map((row) => ({ ...row }));
    Object.assign(rows[5] ?? {}, { phone: fresh });
    Object.assign(rows[3] ?? {}, { phone: PEOPLE[0] });
    const blank = Object.fromEntries(Object.keys(rows[0] ?? {}).map((name) => [name, '']));
    const added = { ...blank, name: 'New', _chat_id: GROUP, phone: phone(32, 1) };
    await writeFile(output, table([...rows, added]));
    expect((await again()).code).toBe(4);
    expect(await statuses(output)).toEqual([
      ...['added', 'invited', 'failed', 'duplicate', 'added', 'added', 'added'],
    ]);
    expect(asked(...PEOPLE, fresh, phone(32, 1))).toEqual([1, 1, 1, 1, 1, 1, 1]);
  });

  it('a cell that cannot be read any more: invalid where it was to be corrected, kept where all is well', async () => {
    const { output, again, records, rows, asked, edit } = await scene();
    await edit(0, (row) => ({ ...row, phone: '9.198E+11' }));
    await edit(2, (row) => ({ ...row, phone: '9.198E+11' }));
    await edit(3, (row) => ({ ...row, phone: '' }));
    expect((await again(output, '--retry', 'failed')).code).toBe(4);
    expect(await rows()).toEqual([
      'added',
      'invited',
      'invalid/phone_scientific_notation',
      'invalid/phone_missing',
      'added',
    ]);
    expect((await records())[2]?.['asked_at']).not.toBe('');
    await edit(2, (row) => ({ ...row, phone: fresh }));
    await edit(3, (row) => ({ ...row, phone: fourth }));
    expect((await again()).code).toBe(4);
    expect(await statuses(output)).toEqual(['added', 'invited', 'added', 'failed', 'added']);
    expect(asked(...PEOPLE, fresh)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('the results cell in the place of the own one: both are named, nobody is asked', async () => {
    const { again, records, asked, edit } = await scene();
    await edit(2, (row) => ({ ...row, participant: fresh }));
    expect((await again()).code).toBe(4);
    const row = (await records())[2];
    expect(row).toMatchObject({ status: 'invalid', reason_code: 'phone_conflict' });
    expect(row?.['message']).toContain(fresh);
    expect(row?.['message']).toContain(third);
    expect(asked(...PEOPLE, fresh)).toEqual([1, 1, 1, 1, 1, 0]);
  });

  it('rows that are read otherwise than they were asked: refused', async () => {
    const { api, output, again } = await scene();
    const ended = await again(output, '--chat-id', OTHER_GROUP);
    expect([ended.code, ended.stderr]).toEqual([
      2,
      expect.stringMatching(/3 of 3 rows .* flags that the first/),
    ]);
    expect(api.counts().asks).toBe(5);
  });

  it('saved by a spreadsheet with semicolons and a mark', async () => {
    const { output, again, asked, edit } = await scene();
    await edit(3, (row) => ({ ...row, phone: fresh }));
    const text = await readFile(output, 'utf8');
    await writeFile(output, `\ufeff${text.replaceAll(',', ';').replaceAll('\n', '\r\n')}`);
    expect((await again()).code).toBe(4);
    expect(await statuses(output)).toEqual(['added', 'invited', 'failed', 'added', 'added']);
    expect((await again()).code).toBe(4);
    expect(asked(...PEOPLE, fresh)).toEqual([1, 1, 1, 1, 1, 1]);
  });
});

describe('edited results', () => {
  it.each([[[]], [['--only-status', 'not_attempted,planned,invalid']], [['--retry', 'failed,unknown']]])(
    'a status of somebody not asked, beside an ask: status_edited (%j)',
    async (flags) => {
      const { output, again, records, rows, asked, edit } = await scene();
      for (const [at, status] of ['planned', 'invalid', 'duplicate', 'not_attempted'].entries())
        await edit(at, (row) => ({ ...row, status }));
      for (let i = 0; i < 2; i++) {
        expect((await again(output, ...flags)).code).toBe(4);
        const now = await rows();
        if (flags[0] !== '--only-status')
          expect(now.slice(0, 4)).toEqual(Array(4).fill('invalid/status_edited'));
      }
      expect((await records()).every((row) => row['asked_at'] !== '')).toBe(true);
      expect(asked(...PEOPLE)).toEqual([1, 1, 1, 1, 1]);
      // The word put back, or the cells cleared: as before.
      const own = (row: Record<string, string>) => {
        const cells = Object.entries(row).map(([name, cell], i) => [name, i < 3 ? cell : '']);
        return Object.fromEntries(cells) as Record<string, string>;
      };
      await edit(0, (row) => ({ ...row, status: 'added', reason_code: '' }));
      for (const at of [1, 2, 3]) await edit(at, own);
      expect((await again()).code).toBe(4);
      expect(await statuses(output)).toEqual(['added', 'invited', 'failed', 'failed', 'added']);
      expect(asked(...PEOPLE)).toEqual([1, 1, 1, 1, 1]);
    },
  );

  it('a word that is no status stays one that nobody knows, run after run', async () => {
    const { again, records, rows, asked, edit } = await scene(PEOPLE, '--limit', '2');
    await edit(1, (row) => ({ ...row, status: 'done ✓' }));
    await edit(4, (row) => ({ ...row, status: 'done ✓' }));
    for (let i = 0; i < 2; i++) {
      expect((await again()).code).toBe(4);
      expect(await rows()).toEqual([
        ...['added', 'invalid/status_edited', 'failed/privacy_blocked', 'failed/privacy_blocked'],
        'invalid/status_edited',
      ]);
      expect((await records())[4]?.['message']).toContain('done ✓');
    }
    expect(asked(...PEOPLE)).toEqual([1, 1, 1, 1, 0]);
  });

  it('a cleared copy of a row above its original does not win', async () => {
    const { output, again, records, asked } = await scene();
    const rows = await records();
    const cleared = rows.map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, cell], i) => [name, i < 3 ? cell : ''])),
    );
    await writeFile(output, table([...cleared, ...rows]));
    expect((await again()).code).toBe(4);
    expect(await statuses(output)).toEqual([
      ...Array(5).fill('duplicate'),
      ...['added', 'invited', 'failed', 'failed', 'added'],
    ]);
    expect(asked(...PEOPLE)).toEqual([1, 1, 1, 1, 1]);
  });
});

it('results at --output that know more than the ledger: refused, in every state of it', async () => {
  const { dir, ledger, run, again, asked } = await scene();
  const whole = await readFile(ledger);
  const lines = whole.toString().split('\n');
  const states: [string, string | Buffer | undefined][] = [
    ['missing', undefined],
    ['emptied', ''],
    ['cut to its header', `${lines[0]}\n`],
    ['an older copy', `${lines.slice(0, 5).join('\n')}\n`],
    ['a megabyte of zeros', Buffer.alloc(1024 * 1024)],
    ['zeros in its place', Buffer.alloc(whole.length)],
    ['its end in zeros', Buffer.concat([whole.subarray(0, 600), Buffer.alloc(whole.length - 600)])],
  ];
  for (const [what, bytes] of states) {
    if (bytes === undefined) await rename(ledger, join(dir, 'away'));
    else await writeFile(ledger, bytes);
    for (const ending of [run, again, () => run('--dry-run')]) {
      const ended = await ending();
      expect([what, ended.code], ended.stderr).toEqual([what, 2]);
      expect(ended.stderr.trimEnd().split('\n').at(-1)).toMatch(/rebuild-ledger/);
    }
  }
  await writeFile(ledger, whole);
  expect((await run()).code).toBe(4);
  expect(asked(...PEOPLE)).toEqual([1, 1, 1, 1, 1]);
});

it('the command that makes the ledger again can be pasted', async () => {
  const { cohort, ledger, env, args, asked } = await scene(PEOPLE, '--limit', '4');
  const whole = await readFile(ledger);
  for (const bytes of ['', Buffer.concat([whole.subarray(0, 300), Buffer.from('x'), whole.subarray(301)])]) {
    await writeFile(ledger, bytes);
    const refused = await cli(['run', cohort, ...args], env);
    const [, command = ''] = /: (node \S+cli\.js rebuild-ledger .*)\n$/.exec(refused.stderr) ?? [];
    expect([refused.code, command], refused.stderr).toEqual([2, expect.stringContaining('--base-url')]);
    execFileSync('sh', ['-c', `${command} || [ $? = 4 ]`], { stdio: 'ignore' });
    expect((await cli(['run', cohort, ...args, '--dry-run'], env)).code).toBe(4);
    expect(asked(...PEOPLE)).toEqual([1, 1, 1, 1, 0]);
  }
});

describe('a ledger that is made again', () => {
  const damages: [string, (whole: Buffer) => Buffer | undefined, number][] = [
    ['missing', () => undefined, 0],
    ['emptied', () => Buffer.alloc(0), 0],
    ['an older copy', (whole) => Buffer.from(`${whole.toString().split('\n').slice(0, 5).join('\n')}\n`), 0],
    ['a megabyte of zeros', () => Buffer.alloc(1024 * 1024), 4],
    ['a flipped byte', (whole) => Buffer.from(whole.map((byte, at) => (at === 700 ? byte ^ 1 : byte))), 4],
    ['without its header', (whole) => whole.subarray(whole.indexOf('\n') + 1), 0],
  ];
  it.each(damages)('%s: knows all that the results tell', async (_what, damage, code) => {
    const { api, dir, output, ledger, go, run, again, records, asked } = await scene(PEOPLE, '--limit', '4');
    await again(output, '--retry', 'failed', '--limit', '1', '--only-status', 'failed');
    expect(asked(...PEOPLE)).toEqual([1, 1, 2, 1, 0]);
    const before = await records();
    const left = damage(await readFile(ledger));
    await rename(ledger, join(dir, 'away'));
    if (left !== undefined) await writeFile(ledger, left);
    const command = ['rebuild-ledger', output, '--base-url', new URL(api.url).origin];
    const made = await go(...command);
    expect([made.code, await readdir(dir)]).toEqual([
      code,
      code === 0
        ? ['away', 'cohort.csv', 'cohort.results.csv', 'cohort.results.csv.ledger.jsonl']
        : expect.arrayContaining([expect.stringMatching(/ledger\.jsonl\.damaged-/)]),
    ]);
    const text = await readFile(ledger, 'utf8');
    expect((await go(...command)).code).toBe(0);
    expect(await readFile(ledger, 'utf8')).toBe(text);
    expect((await run()).code).toBe(4);
    expect((await records()).slice(0, 4)).toEqual(before.slice(0, 4));
    expect((await again()).code).toBe(4);
    expect(asked(...PEOPLE)).toEqual([1, 1, 2, 1, 1]);
  });

  it('is never a file of something else, of another API, or one that a run holds', async () => {
    const { api, args, env, cohort, dir, output, ledger, go, asked } = await scene(PEOPLE, '--limit', '2');
    expect((await go('rebuild-ledger', output)).code).toBe(2);
    expect((await go('rebuild-ledger', output, '--sandbox')).code).toBe(2);
    const base = ['--base-url', api.url];
    expect((await go('rebuild-ledger', output, ...base, '--ledger', cohort)).code).toBe(2);
    expect((await go('rebuild-ledger', cohort, ...base)).code).toBe(3);
    expect((await go('rebuild-ledger', join(dir, 'none.csv'), ...base)).code).toBe(3);
    const holder = start(['run', cohort, ...args, '--gap', '30s..60s'], env);
    await holder.shows('cohort read');
    expect((await go('rebuild-ledger', output, ...base)).code).toBe(6);
    holder.child.kill('SIGKILL');
    await holder.ended;
    expect(await readFile(ledger, 'utf8')).toContain('"is":"asked"');
    expect((await go('rebuild-ledger', output, ...base)).code).toBe(0);
    expect((await go('run', cohort, ...args)).code).toBe(4);
    expect(asked(...PEOPLE)).toEqual([1, 1, 1, 1, 1]);
  });
});
