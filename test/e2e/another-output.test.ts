/** What a run says where its results cannot be written, and where another ledger knows its people. */
import { existsSync, statSync } from 'node:fs';
import { appendFile, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli, csv, phone } from './harness.ts';
import { inProcess } from './in-process.ts';
import { PEOPLE, scene } from './scene.ts';

/** A first run of three people, and `check` by what it says. */
async function checked() {
  const first = await scene(PEOPLE, '--limit', '3');
  const check = async (...words: string[]) => {
    const { stdout, stderr } = await inProcess(['check', ...words]);
    return stdout + stderr;
  };
  return { ...first, check };
}

describe('the same cohort with another --output', () => {
  it('is refused, whichever way the other ledger lies near', async () => {
    const { dir, cohort, args, go, run, asked } = await scene(PEOPLE, '--limit', '3');
    await mkdir(join(dir, 'out'));
    await symlink(cohort, join(dir, 'out', 'linked.csv'));
    const elsewhere = join(dir, 'out', 'o.csv');
    for (const command of [
      ['run', cohort, ...args, '-o', join(dir, 'o.csv')],
      ['run', cohort, ...args, '-o', elsewhere],
      ['run', cohort, ...args, '--ledger', join(dir, 'l.jsonl'), '-o', elsewhere],
      ['run', join(dir, 'out', 'linked.csv'), ...args],
    ]) {
      const ended = await go(...command);
      expect([ended.code, ended.stderr]).toEqual([
        2,
        expect.stringMatching(
          /cohort\.results\.csv\.ledger\.jsonl has 3 people of the 5 .*--ask-again-in-new/,
        ),
      ]);
    }
    // A copy of the cohort beside the ledger, with one more person.
    await writeFile(join(dir, 'copy.csv'), csv([...PEOPLE, phone(9, 1)]));
    expect((await go('run', join(dir, 'copy.csv'), ...args)).code).toBe(2);
    expect(asked(...PEOPLE)).toEqual([1, 1, 1, 0, 0]);
    const dry = await go('run', cohort, ...args, '-o', elsewhere, '--dry-run');
    expect([dry.code, dry.stderr]).toEqual([0, expect.stringMatching(/has 3 people of the 5/)]);
    expect((await run()).code).toBe(4);
    expect((await run('-o', elsewhere, '--ask-again-in-new-ledger')).code).toBe(4);
    expect(asked(...PEOPLE)).toEqual([2, 2, 2, 1, 1].map((n, i) => (i < 3 ? n : 2)));
    // By now both ledgers know everybody.
    expect([(await run()).code, (await run('-o', elsewhere)).code]).toEqual([4, 4]);
    expect(asked(...PEOPLE)).toEqual([2, 2, 2, 2, 2]);
  });

  it.each(['asks.log', 'ledger', 'cohort.results.csv.ledger.jsonl.bak', '.hidden'])(
    'is refused, whatever the other ledger is called: %s',
    async (name) => {
      const { dir, cohort, ledger, args, go, asked } = await scene(PEOPLE, '--limit', '3');
      await rename(ledger, join(dir, name));
      const ended = await go('run', cohort, ...args, '-o', join(dir, 'o.csv'));
      expect([ended.code, ended.stderr]).toEqual([
        2,
        expect.stringContaining(`${name} has 3 people of the 5`),
      ]);
      expect(asked(...PEOPLE)).toEqual([1, 1, 1, 0, 0]);
    },
  );

  it('is refused, wherever the other ledger is, once it was the cohort’s', async () => {
    const { dir, args, go, asked } = await scene();
    const fresh = join(dir, 'fresh.csv');
    const people = [phone(41, 1), phone(42, 1), phone(43, 1)];
    await writeFile(fresh, csv(people));
    const [a, b] = [join(dir, 'a', 'r.csv'), join(dir, 'b', 'deep', 'r.csv')];
    await mkdir(join(dir, 'a'));
    await mkdir(join(dir, 'b', 'deep'), { recursive: true });
    const notes = join(dir, '.group-onboard.ledgers');
    expect((await go('run', fresh, ...args, '-o', a, '--dry-run')).code).toBe(0);
    expect(existsSync(notes)).toBe(false);
    expect((await go('run', fresh, ...args, '-o', a, '--limit', '2')).code).toBe(75);
    expect(statSync(notes).mode & 0o777).toBe(0o600);
    await appendFile(notes, 'torn"\n{}\n"../gone.jsonl"\n');
    const other = await go('run', fresh, ...args, '-o', b);
    expect([other.code, other.stderr]).toEqual([
      2,
      expect.stringContaining(`${a}.ledger.jsonl has 2 people of the 3`),
    ]);
    const checked = await inProcess(['check', fresh, '-o', join(dir, 'b', 'plan.csv')]);
    expect(checked.stdout + checked.stderr).toContain(`${a}.ledger.jsonl has 2 people of the 3`);
    expect((await go('run', fresh, ...args, '-o', a)).code).toBe(0);
    expect((await readFile(notes, 'utf8')).match(/"a\/r\.csv\.ledger\.jsonl"/g)).toHaveLength(1);
    expect(asked(...people)).toEqual([1, 1, 1]);
    // Another cohort in that folder is not disturbed, and a folder that takes no note neither.
    await writeFile(notes, '"torn');
    await writeFile(join(dir, 'more.csv'), csv([phone(61, 1)]));
    expect((await go('run', join(dir, 'more.csv'), ...args, '-o', b)).code).toBe(0);
    const elsewhere = await go('run', join(dir, 'more.csv'), ...args, '-o', join(dir, 'b', 'r.csv'));
    expect([elsewhere.code, asked(phone(61, 1))]).toEqual([2, [1]]);
    await rm(notes);
    await mkdir(notes);
    await writeFile(join(dir, 'others.csv'), csv([phone(51, 1)]));
    const c = join(dir, 'a', 'others.csv');
    expect((await go('run', join(dir, 'others.csv'), ...args, '-o', c)).code).toBe(0);
    expect(asked(...PEOPLE, phone(51, 1))).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('goes on where the other ledger knows nobody of it, or is of something else', async () => {
    const { api, dir, cohort, args, go, asked } = await scene();
    const others = [phone(21, 1), phone(22, 1)];
    await writeFile(join(dir, 'others.csv'), csv(others));
    expect((await go('run', join(dir, 'others.csv'), ...args)).code).toBe(0);
    // The sandbox is not the API.
    const tried = await go('run', cohort, '--sandbox', '-o', join(dir, 'tried.csv'), '--no-precheck');
    expect(tried.code, tried.stderr).toBe(4);
    await writeFile(join(dir, 'third.csv'), csv([phone(23, 1)]));
    expect((await go('run', join(dir, 'third.csv'), ...args)).code).toBe(0);
    expect(asked(...PEOPLE, ...others, phone(23, 1))).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
    expect(api.counts().asks).toBe(8);
  });

  it('check warns of what run would refuse, and of nothing else', async () => {
    const { dir, cohort, output, args, go, check } = await checked();
    await mkdir(join(dir, 'out'));
    // The ledger is where run goes on with it.
    expect(await check(cohort)).not.toMatch(/asked already/);
    expect(await check(output)).not.toMatch(/asked already/);
    const copy = join(dir, 'copy.csv');
    await writeFile(copy, csv([...PEOPLE, phone(9, 1)]));
    const warned = /note: \S+cohort\.results\.csv\.ledger\.jsonl has 3 people of the 6 .*refuses elsewhere/;
    for (const more of [[], ['-o', join(dir, 'plan.csv')], ['-o', join(dir, 'out', 'plan.csv')]])
      expect(await check(copy, ...more)).toMatch(warned);
    await writeFile(join(dir, 'out', 'copy.csv'), csv(PEOPLE));
    expect(await check(join(dir, 'out', 'copy.csv'))).not.toMatch(/asked already/);
    expect(await check(join(dir, 'out', 'copy.csv'), '-o', join(dir, 'plan.csv'))).toMatch(/asked already/);
    expect((await go('run', copy, ...args)).code).toBe(2);
    // Once its own ledger knows them, too, run goes on.
    expect((await go('run', copy, ...args, '--ask-again-in-new-ledger', '--limit', '3')).code).toBe(75);
    expect(await check(copy)).not.toMatch(/asked already/);
    await writeFile(join(dir, 'third.csv'), csv([phone(31, 1)]));
    expect(await check(join(dir, 'third.csv'))).not.toMatch(/asked already/);
  });

  it('a ledger that is damaged, or no ledger, is named, and does not stop others', async () => {
    const { dir, ledger, args, go, asked } = await scene();
    const text = await readFile(ledger, 'utf8');
    await rename(ledger, join(dir, 'away.bak'));
    await writeFile(join(dir, 'bad.ledger.jsonl'), `${text.split('\n').slice(0, 4).join('\n')}\nx\n`);
    await writeFile(join(dir, 'notes.jsonl'), '{"a":1}\n');
    await writeFile(join(dir, 'fresh.csv'), csv([phone(31, 1)]));
    const ended = await go('run', join(dir, 'fresh.csv'), ...args);
    expect([ended.code, ended.stderr]).toEqual([
      0,
      expect.stringMatching(/not read to their end.*bad\.ledger/),
    ]);
    expect(ended.stderr).not.toContain('notes.jsonl');
    // As far as it goes, it is believed.
    await writeFile(join(dir, 'same.csv'), csv(PEOPLE));
    expect((await go('run', join(dir, 'same.csv'), ...args)).code).toBe(2);
    expect(asked(...PEOPLE, phone(31, 1))).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('shards have ledgers of their own', async () => {
    const { dir, args, go, asked } = await scene([phone(8, 1)], '-o', '-');
    const groups = ['120363371308389685@g.us', '120363402715563921@g.us', '120363371308389687@g.us'];
    const rows = PEOPLE.flatMap((one) => groups.map((group) => `x,${group},${one}`));
    await writeFile(join(dir, 'dealt.csv'), `name,chat_id,phone\n${rows.join('\n')}\n`);
    for (const shard of ['1/2', '2/2', '1/2']) {
      const ended = await go('run', join(dir, 'dealt.csv'), ...args, '--shard', shard);
      expect(ended.code, ended.stderr).toBe(4);
    }
    expect(asked(...PEOPLE)).toEqual([3, 3, 3, 3, 3]);
  });
});

describe('results that cannot be written', () => {
  const PRELOAD = new URL('./faults/preload-refusal.mjs', import.meta.url).href;
  /** The nth file that is opened to be the results cannot be: the first one is a probe. */
  const refusing = (from: number, code: string) => ({
    NODE_OPTIONS: `--import=${PRELOAD}`,
    GO_REFUSE: JSON.stringify({ operation: 'open', like: 'results\\.csv\\.(?!ledger).*tmp$', from, code }),
  });
  const last = (text: string) => text.trimEnd().split('\n').at(-1) ?? '';

  it.each([
    ['EMFILE', 'too many open files'],
    ['EACCES', 'permission denied'],
    ['EROFS', 'read-only'],
  ])('after asks it is 75, and the advice names the ledger (%s)', async (code, words) => {
    const { args, env, cohort, ledger, run, asked } = await scene(PEOPLE, '--limit', '2');
    const ended = await cli(['run', cohort, ...args], { ...env, ...refusing(2, code) });
    expect([ended.code, last(ended.stderr)]).toEqual([75, expect.stringContaining(words)]);
    expect(last(ended.stderr)).toMatch(/ledger\.jsonl has all that was done: .*run the same command again/);
    expect(last(ended.stderr)).toContain(ledger);
    expect(last(ended.stderr)).not.toMatch(/another --|new ledger/);
    expect((await run()).code).toBe(4);
    expect(asked(...PEOPLE)).toEqual([1, 1, 1, 1, 1]);
  });

  it('before an ask it is 2, and another place is offered only where no ledger knows of asks', async () => {
    const { dir, args, env, cohort, output, ledger, asked } = await scene(PEOPLE, '--limit', '2');
    const first = await cli(['run', cohort, ...args], { ...env, ...refusing(1, 'EACCES') });
    expect([first.code, last(first.stderr)]).toEqual([2, expect.stringContaining(`goes on with ${ledger}`)]);
    expect(first.stderr).not.toMatch(/another --/);
    await writeFile(output, 'a,b\n');
    const second = await cli(['run', cohort, ...args], env);
    expect([second.code, last(second.stderr)]).toEqual([
      2,
      expect.stringContaining(`goes on with ${ledger}`),
    ]);
    expect(second.stderr).not.toMatch(/another --/);
    await writeFile(join(dir, 'new.csv'), csv([phone(50, 1)]));
    const fresh = await cli(['run', join(dir, 'new.csv'), ...args], { ...env, ...refusing(1, 'EACCES') });
    expect([fresh.code, last(fresh.stderr)]).toEqual([2, expect.stringContaining('another --output')]);
    expect(asked(...PEOPLE, phone(50, 1))).toEqual([1, 1, 0, 0, 0, 0]);
  });
});
