import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/app/io.ts';
import { parseChatId, parseParticipant } from '../../src/domain/ids.ts';
import { openLedger } from '../../src/ledger/ledger.ts';
import { Planner } from '../../src/plan/batches.ts';
import type { SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { Settler } from '../../src/send/settler.ts';
import { PATIENTLY, scratch } from '../helpers.ts';
import { api, desk } from './in-process.ts';

const GROUP = '120363371308389685@g.us';
const phone = (i: number, ending = 1) => `9198${7_000 + i}${String(ending).padStart(4, '0')}`;
const csv = (people: readonly string[], group = GROUP) =>
  `name,chat_id,phone\n${people.map((one, i) => `P${i},${group},${one}`).join('\n')}\n`;

afterEach(() => {
  vi.restoreAllMocks();
});

async function job(people: readonly string[], options: SandboxOptions = {}, group = GROUP) {
  const to = await api(options);
  const dir = await scratch();
  const cohort = join(dir, 'cohort.csv');
  const output = join(dir, 'cohort.results.csv');
  await writeFile(cohort, csv(people, group));
  const at = desk(to.env);
  const rows = async () =>
    (parse(await readFile(output), { columns: true }) as Record<string, string>[]).map((row) =>
      [row['status'], row['reason_code']].filter(Boolean).join('/'),
    );
  return {
    ...{ ...to, dir, cohort, output, at, rows },
    ledger: `${output}.ledger.jsonl`,
    run: (...flags: string[]) => desk(to.env).run('run', cohort, ...to.args, ...flags),
    begin: (...flags: string[]) => at.run('run', cohort, ...to.args, ...flags),
    asks: () => to.sandbox.counts().asks,
  };
}

/** Resolves once stderr shows the text; fails when the run ends without it. */
async function shown(at: { stderr(): string }, text: string, running: Promise<unknown>): Promise<void> {
  let ended = false;
  const end = () => {
    ended = true;
  };
  running.then(end, end);
  while (!at.stderr().includes(text)) {
    if (ended) throw new Error(`ended without showing ${text}:\n${at.stderr()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('a run', () => {
  it('asks nobody who stands in a cell of somebody else, or in a record that is none', async () => {
    const on = await job([]);
    const mother = '+919876500001, mother"';
    const records = [
      `+919876543210,"Asha\n${mother}`,
      `+919876543211,"Asha\n${mother},x`,
      `+919876543212,"Asha\n${mother} Rao`,
      `+919876543213,"Asha "Ash"\n${mother}`,
      `+919876543214, "Asha\n${mother}`,
      '+919876543215,Ravi',
      `+919876543216,"Asha\n${mother.slice(0, -1)}`,
      '+919876543217,Zoe',
    ];
    await writeFile(on.cohort, `phone,name\n${records.join('\n')}\n`);
    await on.run('--chat-id', GROUP, '--no-precheck');
    const { pairs } = on.sandbox.counts();
    expect(Object.keys(pairs).sort()).toEqual([`${GROUP} 919876543210`, `${GROUP} 919876543215`]);
    // A record of two lines is one row, and each line of one that is none is one.
    expect((await on.rows()).length).toBe(13);
  });

  it('asks, writes the results and the summary for people and for machines', async () => {
    const on = await job([phone(1), phone(2, 3), phone(3, 5), phone(1), 'nonsense']);
    const json = join(on.dir, 'summary.json');
    const told = await on.run('--summary-json', json);
    expect([told.code, told.stdout]).toEqual([4, '']);
    const first = await on.rows();
    expect(first.slice(0, 4)).toEqual(['added', 'invited', 'failed/not_on_whatsapp', 'duplicate']);
    expect(first[4]).toMatch(/^invalid/);
    expect(JSON.parse(await readFile(json, 'utf8'))).toMatchObject({ rows: 5, asks: 3, exit_code: 4 });
    expect(on.asks()).toBe(3);
    await on.run();
    expect([await on.rows(), on.asks()]).toEqual([first, 3]);
  });

  it('says the people per country where it asks nobody first, and marks the rare ones', async () => {
    const people = [...Array.from({ length: 20 }, (_, i) => phone(i)), '+51987654321', '+5352345678'];
    const on = await job(people);
    const summary = join(on.dir, 's.json');
    const told = await on.run('--batch-size', '50', '--summary-json', summary);
    expect(told.stderr).toContain('"people to ask: 20 India · 1 Peru · 1 Cuba"');
    expect(told.stderr).toMatch(/"level":"warn".*rare.*1 Peru \(row 22\) · 1 Cuba \(row 23\): was each/);
    const countries = async () => JSON.parse(await readFile(summary, 'utf8')).countries;
    expect(Object.entries(await countries())).toEqual(Object.entries({ IN: 20, PE: 1, CU: 1 }));
    // Again: nobody is left to ask.
    const again = await on.run('--summary-json', summary);
    expect(again.stderr).not.toContain('people to ask:');
    expect(await countries()).toEqual({});
  });

  it('reads standard input, and leaves nothing of it', async () => {
    const on = await job([]);
    const at = desk(on.env, [csv([phone(1), phone(2)])]);
    const told = await at.run('run', '-', '-o', '-', '--ledger', on.ledger, ...on.args);
    expect(told.code).toBe(0);
    expect(told.stdout.trimEnd().split('\n')).toHaveLength(3);
  });

  it('--dry-run, with and without a key', async () => {
    const on = await job([phone(1), phone(2)]);
    expect((await on.run('--dry-run')).code).toBe(0);
    expect((await desk().run('run', on.cohort, '--dry-run')).code).toBe(0);
    expect([await on.rows(), on.asks()]).toEqual([['planned', 'planned'], 0]);
  });

  it('--sandbox starts its own', async () => {
    const on = await job([phone(1), phone(2, 3)]);
    const told = await desk().run('run', on.cohort, '--sandbox', '--progress', 'off');
    expect([told.code, on.asks()]).toEqual([0, 0]);
    expect(told.stderr).toContain('nobody was contacted');
    // A trial stands in nobody's way: the real run asks everybody, and a second trial nobody.
    expect([(await on.run()).code, on.asks()]).toEqual([0, 2]);
    expect((await desk().run('run', on.cohort, '--sandbox', '--progress', 'off')).code).toBe(0);
    expect(on.asks()).toBe(2);
  });

  it('--limit, --daily-cap, --max-rate, --gap and batches', async () => {
    const on = await job([1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => phone(i)));
    expect([(await on.run('--limit', '2')).code, on.asks()]).toEqual([75, 2]);
    const capped = await on.run(
      '--daily-cap',
      '6',
      '--batch-size',
      '3',
      '--max-rate',
      '50/s',
      '--gap',
      '1ms',
    );
    expect(capped.code).toBe(75);
    // Two were asked before: four fit, a batch of three and one cut to one.
    expect(on.asks()).toBe(4);
    const settled = (await on.rows()).filter((row) => row === 'added');
    expect(settled).toHaveLength(6);
    expect((await on.run()).code).toBe(0);
  });

  it('a proxy is not for this machine, and one without sense is said', async () => {
    const on = await job([phone(1)]);
    const at = desk({ ...on.env, HTTPS_PROXY: 'http://127.0.0.1:9' });
    expect((await at.run('run', on.cohort, ...on.args)).code).toBe(0);
    const far = desk({ ...on.env, HTTPS_PROXY: 'http://127.0.0.1:9' });
    const flags = ['--base-url', 'https://localhost:9/v1', '--phone', '919876543210', '--deadline', '300ms'];
    const other = await job([phone(1)]);
    const told = await far.run('run', other.cohort, ...flags);
    expect([told.code, await other.rows()]).toEqual([75, ['not_attempted/deadline']]);
  });
});

describe('its end', () => {
  it('a signal while it waits for the window', async () => {
    const people = [1, 2, 3, 4, 5].map((i) => phone(i));
    const on = await job(people, { limit: 3, windowMs: 600_000 });
    const running = on.begin('--no-precheck');
    await shown(on.at, ' for the rate limit', running);
    await vi.waitFor(() => expect(on.asks()).toBe(3), PATIENTLY);
    on.at.signal('SIGTERM');
    expect((await running).code).toBe(143);
    expect(await on.rows()).toEqual([
      ...Array(3).fill('added'),
      ...Array(2).fill('not_attempted/interrupted'),
    ]);
  });

  it('a signal before the cohort is there', async () => {
    const on = await job([]);
    const at = desk(on.env);
    Object.assign(at.io, { stdin: new (await import('node:stream')).PassThrough() });
    const running = at.run('run', '-', '-o', on.output, ...on.args);
    await new Promise((resolve) => setImmediate(resolve));
    at.signal('SIGINT');
    expect((await running).code).toBe(130);
  });

  it('the breaker, and the memberships after it', async () => {
    const on = await job([phone(1, 55), phone(2, 66), phone(3, 66), phone(4)]);
    expect((await on.run('--breaker', '3', '--concurrency', '1')).code).toBe(5);
    expect(await on.rows()).toEqual([
      ...['added/confirmed_by_membership', 'unknown/no_answer', 'unknown/no_answer'],
      'not_attempted/breaker',
    ]);
  });

  it('a phone that is gone, whatever it looks like', async () => {
    for (const disconnectedStatus of [400, 403, 404, 500]) {
      const on = await job([phone(1, 68), phone(2), phone(3), phone(4), phone(5), phone(6)], {
        disconnectedStatus,
      });
      const told = await on.run('--concurrency', '2', '--breaker', '2');
      expect(told.code).toBe(5);
      expect(told.stderr).toMatch(
        /stopped {2}the sending phone is not connected to WhatsApp \(DISCONNECTED\)\n$/,
      );
      expect((await on.rows()).filter((row) => row.startsWith('failed'))).toEqual([]);
    }
  });

  it('says once that no header tells the rate limit', async () => {
    const hideHeaders = ['Limit', 'Remaining', 'Reset'].map((name) => `X-RateLimit-${name}`);
    const on = await job([phone(1), phone(2), phone(3)], { hideHeaders, limit: 100 });
    const told = await on.run('--max-rate', '100/s');
    expect(told.code).toBe(0);
    expect(told.stderr.match(/the answers show no rate limit in a header that we know/g)).toHaveLength(1);
    expect(on.asks()).toBe(3);
    const known = await job([phone(1), phone(2), phone(3)]);
    expect((await known.run()).stderr).not.toContain('no rate limit in a header');
  });

  it('a defect in an ask: results all the same, and told without the key', async () => {
    const on = await job([1, 2, 3, 4, 5].map((i) => phone(i)));
    const each = Settler.prototype.each;
    let calls = 0;
    vi.spyOn(Settler.prototype, 'each').mockImplementation(function (this: Settler, ...args) {
      if (++calls > 3) throw new Error(`defect with ${on.sandbox.key}`);
      return each.apply(this, args);
    });
    await expect(on.run('--concurrency', '1')).rejects.toThrow(/^defect with \[key\]$/);
    expect(await on.rows()).toHaveLength(5);
    vi.restoreAllMocks();
    expect((await on.run()).code).toBe(0);
    expect(Object.values(on.sandbox.counts().pairs).filter((pair) => pair.asked > 1)).toEqual([]);
  });

  it('a defect while the cohort is read: asks in flight are settled first', async () => {
    const on = await job(
      [1, 2, 3, 4, 5].map((i) => phone(i)),
      { latencyMs: 100 },
    );
    const add = Planner.prototype.add;
    let calls = 0;
    vi.spyOn(Planner.prototype, 'add').mockImplementation(function (this: Planner, ...args) {
      if (++calls > 3) throw new Error('a defect');
      return add.apply(this, args);
    });
    await expect(on.run()).rejects.toThrow('a defect');
    const rows = await on.rows();
    expect(rows.filter((row) => row === 'added')).toHaveLength(on.asks());
    expect(rows).not.toContain('unknown/no_answer');
  });

  it('results that cannot be written say so; the ledger has everything', async () => {
    const on = await job([phone(1)]);
    const ended = on.begin();
    const { rm, mkdir } = await import('node:fs/promises');
    await shown(on.at, 'cohort read', ended);
    await rm(on.output, { force: true });
    await mkdir(on.output);
    await expect(ended).rejects.toMatchObject({ code: expect.stringMatching(/NOT_WRITABLE|RESULTS_FAILED/) });
    expect(await readFile(on.ledger, 'utf8')).toContain('"status":"added"');
  });
});

describe('pairs in doubt from a former run', () => {
  /** As a crash leaves them: asked, and no more. */
  async function crashed(on: { ledger: string; sandbox: { url: string; phone: string } }, who: string) {
    const origin = new URL(on.sandbox.url).origin;
    const ledger = await openLedger(on.ledger, { origin, clock: systemClock });
    await ledger.asked(
      [{ chatId: parseChatId(GROUP)!, participant: parseParticipant(who)! }],
      on.sandbox.phone,
    );
    await ledger.close();
  }

  it('are settled by the membership, and not asked', async () => {
    const on = await job([phone(1), phone(2)]);
    await crashed(on, phone(1));
    await crashed(on, phone(2));
    on.sandbox.control({ join: [[GROUP, phone(1)]] });
    expect((await on.run()).code).toBe(4);
    expect(await on.rows()).toEqual(['added/confirmed_by_membership', 'unknown/no_answer']);
    expect(on.asks()).toBe(0);
  });

  it('stay so when the reading is stopped, and nobody is asked; the next run goes on', async () => {
    const on = await job([phone(1), phone(2)]);
    await crashed(on, phone(1));
    on.sandbox.control({ holdMs: 60_000 });
    expect((await on.run('--deadline', '2s')).code).toBe(75);
    expect(await on.rows()).toEqual(['unknown/no_answer', 'not_attempted/deadline']);
    expect((await on.run('--deadline', '2s', '--retry', 'unknown')).code).toBe(75);
    on.sandbox.control({ holdMs: 0 });
    expect((await on.run()).code).toBe(4);
    expect([await on.rows(), on.asks()]).toEqual([['unknown/no_answer', 'added'], 1]);
  });

  it('--retry unknown asks those that the membership does not show', async () => {
    for (const flags of [[], ['--no-precheck']]) {
      const on = await job([phone(1), phone(2)]);
      await crashed(on, phone(1));
      await crashed(on, phone(2));
      on.sandbox.control({ join: [[GROUP, phone(1)]] });
      expect((await on.run('--retry', 'unknown', ...flags)).code).toBe(0);
      expect([await on.rows(), on.asks()]).toEqual([['added/confirmed_by_membership', 'added'], 1]);
    }
  });

  it('of people who are not in the cohort any more are settled too', async () => {
    const on = await job([phone(1)]);
    await crashed(on, phone(9));
    expect((await on.run()).code).toBe(0);
    expect(await readFile(on.ledger, 'utf8')).toMatch(/"status":"unknown"/);
  });
});

describe('unknown pairs', () => {
  it('who joined since are added, the others keep their words', async () => {
    const on = await job([phone(1, 61), phone(2, 61)]);
    await on.run();
    const before = await readFile(on.output, 'utf8');
    expect(before).toMatch(/502/);
    await on.run();
    expect(await readFile(on.output, 'utf8')).toBe(before);
    on.sandbox.control({ join: [[GROUP, phone(2, 61)]] });
    await on.run();
    expect(await on.rows()).toEqual(['unknown/no_answer', 'added/confirmed_by_membership']);
    await appendFile(on.cohort, '');
    expect(on.asks()).toBe(2);
  });
});
