import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { Live } from '../../src/app/asking/live.ts';
import { exitCodeOf, typedCommand } from '../../src/app/exit.ts';
import { Interrupted, spool } from '../../src/app/inputs/kept-cohort.ts';
import { systemClock } from '../../src/app/io.ts';
import { previousOf } from '../../src/app/outputs/project.ts';
import { assertReplaceable } from '../../src/app/outputs/replaceable.ts';
import { untilStopped } from '../../src/app/plan.ts';
import { Releases } from '../../src/app/releases.ts';
import { withoutSecrets } from '../../src/app/run.ts';
import { EXIT, OnboardError } from '../../src/domain/errors.ts';
import type { ChatId, Pair, Participant, Problem, Reading } from '../../src/domain/words.ts';
import { estimateMs } from '../../src/plan/estimate.ts';
import { asksNeeded, firstRows, survey } from '../../src/plan/survey.ts';
import { TallyMaker } from '../../src/report/summary/tally.ts';
import { RunControl } from '../../src/send/run-control.ts';
import { scratch } from '../helpers.ts';

const GROUP = '120363371308389685@g.us' as ChatId;
const OTHER = '120363402715563921@g.us' as ChatId;
const pair = (i: number, chatId = GROUP): Pair => ({
  chatId,
  participant: `91987000000${i}` as Participant,
});

describe('releases', () => {
  it('go last in, first out, all of them, and the first failure is told', async () => {
    const releases = new Releases();
    const done: number[] = [];
    for (const i of [1, 2, 3, 4]) {
      releases.add(async () => {
        done.push(i);
        if (i === 2 || i === 3) throw new Error(`release ${i}`);
      });
    }
    await expect(releases.all()).rejects.toThrow('release 3');
    expect(done).toEqual([4, 3, 2, 1]);
    await releases.all();
    expect(done).toHaveLength(4);
  });

  it('a failure that is undefined is a failure', async () => {
    const releases = new Releases();
    releases.add(() => Promise.reject(undefined));
    await expect(releases.all()).rejects.toBeUndefined();
  });
});

describe('the estimate: the slowest bound decides', () => {
  const none = { limitPer: 'key', maxRate: undefined, gap: undefined, dailyCap: undefined } as const;
  it.each([
    ['nothing to ask', 0, 0, none, 0],
    ['the sample’s allowance', 100, 100, none, 10_000],
    ['a lower rate', 100, 100, { ...none, maxRate: { count: 20, perMs: 60_000 } }, 300_000],
    ['a higher rate does not help', 100, 100, { ...none, maxRate: { count: 99, perMs: 1_000 } }, 10_000],
    ['a gap', 11, 11, { ...none, gap: { minMs: 30_000, maxMs: 60_000 } }, 450_000],
    ['a daily cap, of people', 10, 100, { ...none, dailyCap: 40 }, 2 * 86_400_000],
  ])('%s', (_what, asks, people, pace, ms) => {
    expect(estimateMs(asks, people, pace)).toBe(ms);
  });

  it.each([
    ['by the key: all phones together', none, 10_000],
    ['by the phone: the busiest', { ...none, limitPer: 'phone' }, 6_000],
    ['--max-rate is the run’s', { ...none, limitPer: 'phone', maxRate: { count: 5, perMs: 1_000 } }, 20_000],
  ] as const)('%s', (_what, pace, ms) => {
    expect(estimateMs(100, 100, pace, { asks: 60, people: 60 })).toBe(ms);
  });
});

describe('the exit code', () => {
  const counts = (...rows: [string, number][]) => {
    const tally = new TallyMaker();
    for (const [status, n] of rows) for (let i = 0; i < n; i++) tally.add(GROUP, status as 'added', '');
    return tally.counts;
  };
  it.each([
    [[['added', 3]], EXIT.ok],
    [
      [
        ['added', 1],
        ['planned', 2],
      ],
      EXIT.ok,
    ],
    [
      [
        ['added', 3],
        ['failed', 1],
      ],
      EXIT.incomplete,
    ],
    [
      [
        ['unknown', 1],
        ['not_attempted', 1],
      ],
      EXIT.again,
    ],
    [[['invalid', 1]], EXIT.incomplete],
    [
      [
        ['added', 1],
        ['not_attempted', 1],
      ],
      EXIT.again,
    ],
  ] as [[string, number][], number][])('%j → %i', (rows, code) => {
    expect(exitCodeOf(counts(...rows), undefined)).toBe(code);
  });
  it('an early end says its own', () => {
    const stop = { exit: EXIT.safety, code: 'breaker', message: '' } as const;
    expect(exitCodeOf(counts(['added', 1]), stop)).toBe(EXIT.safety);
  });
});

describe('standard input, kept', () => {
  it('as it came, for its owner alone, until it is removed', async () => {
    const dir = await scratch();
    const bytes = Buffer.from([0, 255, 10, 200, ...Buffer.from('é\r\n')]);
    const { path, remove } = await spool(Readable.from([bytes]), join(dir, 'ledger'));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const digest = (data: Buffer) => createHash('sha256').update(data).digest('hex');
    expect(digest(await readFile(path))).toBe(digest(bytes));
    await remove();
    await remove();
    expect(await readdir(dir)).toEqual([]);
  });

  it('a signal ends it, and nothing is left', async () => {
    const dir = await scratch();
    const control = new RunControl();
    const endless = new Readable({ read() {} });
    const spooling = spool(endless, join(dir, 'ledger'), { signal: control.signal });
    endless.push('a,b\n');
    control.stop({ exit: EXIT.sigint, code: 'interrupted', message: '' });
    await expect(spooling).rejects.toBeInstanceOf(Interrupted);
    expect(await readdir(dir)).toEqual([]);
  });

  it('no room for it, or a source that breaks: said in one line', async () => {
    const dir = await scratch();
    await expect(spool(Readable.from(['a']), join(dir, 'absent', 'ledger'))).rejects.toMatchObject({
      code: 'NOT_WRITABLE',
      message: expect.stringMatching(/absent \(ENOENT\)/),
    });
    const broken = new Readable({
      read() {
        this.destroy(new Error('the pipe broke'));
      },
    });
    await expect(spool(broken, join(dir, 'ledger'))).rejects.toThrow(/the pipe broke/);
    expect(await readdir(dir)).toEqual([]);
  });

  it('a disk that is slow to make the file: it is not made after the end', async () => {
    const dir = await scratch();
    const held: (() => void)[] = [];
    const open = fs.open;
    const slow = vi.spyOn(fs, 'open').mockImplementation(((...args: Parameters<typeof fs.open>) => {
      held.push(() => open(...args));
    }) as typeof fs.open);
    try {
      const broken = new Readable({
        read() {
          this.destroy(new Error('the pipe broke'));
        },
      });
      await expect(spool(broken, join(dir, 'ledger'))).rejects.toThrow(/the pipe broke/);
    } finally {
      slow.mockRestore();
    }
    for (const late of held) late();
    // What was still to be made is made now.
    await vi.waitFor(async () => expect(await readdir(dir)).toHaveLength(held.length));
    expect(await readdir(dir)).toEqual([]);
  });
});

describe('what may be replaced', () => {
  const HEADER =
    'row,chat_id,participant,status,reason_code,message,http_status,attempts,trace_id,asked_at,settled_at';
  it.each([
    ['nothing there', undefined, true],
    ['an empty file', '', true],
    ['results', `name,${HEADER}\n1,2\n`, true],
    ['results of Excel', `name;${HEADER.replaceAll(',', ',')}\r\n`, true],
    ['results of a header with a line break in it', `"a\nb",${HEADER}\nx\n`, true],
    ['a spreadsheet', 'name,phone\nAnna,1\n', false],
    ['a file that only mentions it', `see ${HEADER} here\n`, false],
  ])('%s', async (_what, content, may) => {
    const path = join(await scratch(), 'out.csv');
    if (content !== undefined) await writeFile(path, content);
    if (may) await assertReplaceable(path);
    else await expect(assertReplaceable(path)).rejects.toMatchObject({ code: 'NOT_WRITABLE' });
  });
  it('standard output, and what is no file', async () => {
    await assertReplaceable('-');
    const dir = join(await scratch(), 'dir');
    await mkdir(dir);
    await assertReplaceable(dir);
  });
});

describe('live', () => {
  it('counts what happens, and says the rate from the start of asking', () => {
    let ms = 0;
    const live = new Live({ now: () => ms, monotonic: () => ms });
    ms = 5_000;
    live.start(10);
    expect(live.moment()).toEqual({
      done: 0,
      total: 10,
      counts: {},
      group: '',
      perSecond: undefined,
      waiting: undefined,
    });
    live.asked(2);
    live.settled(GROUP, 'added', 2);
    live.settled(GROUP, 'failed', 1);
    live.settled(GROUP, 'added', 1);
    live.groupRead(GROUP, 'Group one');
    ms = 7_000;
    live.waiting = () => ({ waitingUntil: 9_000, waitingWhy: 'window' });
    expect(live.moment()).toEqual({
      done: 4,
      total: 10,
      counts: { added: 3, failed: 1 },
      group: 'Group one',
      perSecond: 2,
      waiting: { why: 'window', ms: 2_000 },
    });
    live.waiting = () => ({ waitingUntil: 8_000 });
    expect(live.moment().waiting).toEqual({ why: 'rate limit', ms: 1_000 });
    live.settled(GROUP, 'unknown', 99);
    expect(live.moment().done).toBe(10);
    expect([live.asks, live.groupName(GROUP), live.groupName(OTHER)]).toEqual([1, 'Group one', '']);
  });
});

describe('the survey', () => {
  const row = (line: number) => ({ line, fields: [] });
  const problem: Problem = { code: 'phone_missing', message: '' };
  const readings: Reading[] = [
    { kind: 'pair', row: row(2), pair: pair(1) },
    { kind: 'pair', row: row(3), pair: pair(1) },
    { kind: 'invalid', row: row(4), problem },
    { kind: 'pair', row: row(5), pair: pair(2) },
    { kind: 'pair', row: row(6), pair: pair(3, OTHER) },
    { kind: 'invalid', row: row(7), problem },
    { kind: 'pair', row: row(8), pair: pair(4) },
  ];
  async function* batches() {
    yield readings.slice(0, 3);
    yield readings.slice(3);
  }
  it('counts rows, pairs, groups, problems, and what a run would ask', async () => {
    const problems: number[] = [];
    const known = new Map([
      [pair(2).participant, 'unknown'],
      [pair(3).participant, 'added'],
    ]) as Map<string, 'unknown'>;
    const knowledge = {
      ledger: ({ participant }: Pair) => known.get(participant),
      previous: () => undefined,
    };
    const plan = await survey(batches(), knowledge, { retry: [], onlyStatus: undefined }, (row) =>
      problems.push(row.line),
    );
    expect(plan).toMatchObject({ rows: 7, pairs: 4, duplicates: 1, invalid: 2, known: 2, toAsk: 2 });
    expect([...plan.groups]).toEqual([
      [GROUP, 2],
      [OTHER, 0],
    ]);
    expect([...plan.invalidByReason]).toEqual([['phone_missing', 2]]);
    expect([...plan.countries]).toEqual([['IN', { people: 2, rows: ['2', '8'] }]]);
    expect([problems, plan.unknown]).toEqual([[4, 7], [pair(2)]]);
    expect([asksNeeded(plan, 1), asksNeeded(plan, 2)]).toEqual([2, 1]);

    const retried = await survey(batches(), knowledge, { retry: ['unknown'], onlyStatus: undefined });
    expect([retried.toAsk, retried.unknown]).toEqual([3, []]);
  });

  it('ends in good order with the run, and tells what is wrong without it', async () => {
    async function* failing(signal: AbortSignal) {
      yield 1;
      if (signal.aborted) throw new Error('aborted');
      throw new Error('a broken file');
    }
    const control = new RunControl();
    const got: number[] = [];
    const whole = (async () => {
      for await (const one of untilStopped(failing(control.signal), control.signal)) got.push(one);
    })();
    await expect(whole).rejects.toThrow('a broken file');
    control.stop({ exit: EXIT.sigint, code: 'interrupted', message: '' });
    for await (const one of untilStopped(failing(control.signal), control.signal)) got.push(one);
    expect(got).toEqual([1, 1]);
  });
});

it('remembers the first line of each pair, whichever number of a person it has', () => {
  const first = firstRows();
  const mexican = (digits: string): Pair => ({ chatId: GROUP, participant: digits as Participant });
  expect([first(pair(1), 2), first(pair(1), 3), first(pair(1, OTHER), 4)]).toEqual([2, 2, 4]);
  expect([first(mexican('5215512345678'), 5), first(mexican('525512345678'), 6)]).toEqual([5, 5]);
});

it('reads a former result’s own words, and makes nothing of what people made of them', () => {
  const fields = {
    ...{ row: '2', chat_id: GROUP, participant: '1', status: 'failed', reason_code: 'other' },
    ...{ message: 'm', http_status: '200', attempts: '2', trace_id: 't', asked_at: '2026-01-02T03:04:05Z' },
    settled_at: 'yesterday',
  };
  expect(previousOf(undefined)).toBeUndefined();
  expect(previousOf(fields)).toEqual({
    ...{ status: 'failed', reasonCode: 'other', message: 'm', httpStatus: 200, attempts: 2, traceId: 't' },
    ...{ askedAt: Date.parse('2026-01-02T03:04:05Z'), settledAt: undefined },
  });
  const edited = { ...fields, reason_code: 'toString', http_status: '2x', attempts: 'many' };
  expect(previousOf(edited)).toMatchObject({
    ...{ reasonCode: '', httpStatus: undefined, attempts: 0 },
  });
});

describe('the command for the next time', () => {
  const command = ['run', 'c.csv', '--limit', '9198765432'];
  const LEGACY = '905301234567-1574073754@g.us';
  it.each([
    ['--phone', '919876543210'],
    ['--phone=+919876543210'],
    ['--chat-id', LEGACY],
    [`--chat-id=${LEGACY}`],
  ])('leaves out what would have to be masked, and says so: %s', (...flag) => {
    const typed = [...command.slice(0, 2), ...flag, ...command.slice(2)];
    expect(typedCommand(typed, true)).toEqual({ words: typed, withheld: [] });
    expect(typedCommand(typed, false)).toEqual({ words: command, withheld: [flag[0].split('=')[0]] });
  });
  it.each([
    ['--phone', 'phone-bqzvyibhmwkaergr'],
    ['--phone=phone-bqzvyibhmwkaergr'],
    ['--chat-id', '120363371308389685@g.us'],
    ['--chat-id=120363371308389685@g.us'],
  ])('keeps what is nobody’s number: %s %s', (...flag) => {
    expect(typedCommand([...command, ...flag], false)).toEqual({
      words: [...command, ...flag],
      withheld: [],
    });
  });
  it('names each flag once', () => {
    const typed = ['--phone', '919876543210', 'c.csv', '--phone=919876543210', '--chat-id', LEGACY];
    expect(typedCommand(typed, false)).toEqual({ words: ['c.csv'], withheld: ['--phone', '--chat-id'] });
  });
});

describe('a defect', () => {
  it('is told without the key and without numbers, its stack too', () => {
    const error = new TypeError('key pk_abcdefgh of 919870000001\nand more');
    const told = withoutSecrets(error, 'pk_abcdefgh') as Error;
    expect(told.message).toBe('key [key] of 9198•••••001 and more');
    expect(told.stack).toMatch(/at /);
    expect(told.stack).not.toMatch(/pk_abcdefgh|919870000001/);
    expect(withoutSecrets('thrown text 919870000001', undefined)).toMatchObject({
      message: 'thrown text 9198•••••001',
    });
  });
  it('what the user can act on stays as it is', () => {
    const error = new OnboardError('USAGE', 'file 919870000001.csv');
    expect(withoutSecrets(error, 'file')).toBe(error);
  });
});

it('the system’s clocks: milliseconds', () => {
  const before = Date.now();
  expect(systemClock.now()).toBeGreaterThanOrEqual(before);
  expect(systemClock.monotonic()).toBeLessThanOrEqual(systemClock.monotonic());
});
