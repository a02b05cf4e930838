/** `--hours` and `--until-done`, with the wall clock in the test's hands. It ends by counting who was asked. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Rounds } from '../../../src/app/asking/ask-all.ts';
import { systemClock } from '../../../src/app/io.ts';
import type { ChatId, Pair, Participant } from '../../../src/domain/words.ts';
import { RunControl } from '../../../src/send/run-control.ts';
import { scratch } from '../../helpers.ts';
import { api, desk } from '../in-process.ts';

const GROUP = '120363371308389685@g.us';
const INDIA = ['919876540001', '919876550001', '919876560001'];
/** Japan, three and a half hours ahead of India. */
const JAPAN = ['819012340001', '819012350001'];
const RUSSIA = '79161230001';

afterEach(() => {
  vi.restoreAllMocks();
});

/** From now on the wall clock goes on from that instant. */
function itIs(instant: string): void {
  const begun = Date.now();
  vi.spyOn(systemClock, 'now').mockImplementation(() => Date.parse(`${instant}Z`) + Date.now() - begun);
}

async function job(people: readonly string[]) {
  const to = await api();
  const cohort = join(await scratch(), 'cohort.csv');
  await writeFile(cohort, `chat_id,phone\n${people.map((one) => `${GROUP},+${one}`).join('\n')}\n`);
  const output = cohort.replace('.csv', '.results.csv');
  return {
    cohort,
    run: (...flags: string[]) => desk(to.env).run('run', cohort, ...to.args, ...flags),
    asked: () => to.sandbox.counts().asks,
    rows: async () =>
      (parse(await readFile(output), { columns: true }) as Record<string, string>[]).map(
        (row) => `${row['status']} ${row['reason_code']}`,
      ),
  };
}

const DAY = ['--hours', '09:00-18:00'];

describe('--hours', () => {
  it('asks at once whom it is time for', async () => {
    itIs('2026-03-02T05:00:00');
    const on = await job([...INDIA, ...JAPAN]);
    expect((await on.run(...DAY)).code).toBe(0);
    expect(on.asked()).toBe(5);
  });

  it('outside, waits until it is time, and says so', async () => {
    itIs('2026-03-02T03:29:58.800');
    const on = await job(INDIA);
    const ended = await on.run(...DAY);
    expect([ended.code, on.asked()]).toEqual([0, 3]);
    expect(ended.stderr).toContain('(until 2026-03-02T03:30Z) for --hours 09:00–18:00');
  });

  it('people whose time it is are asked first, and the others are not lost', async () => {
    itIs('2026-03-02T03:29:58.500');
    const on = await job([...INDIA, ...JAPAN]);
    const ended = await on.run(...DAY, '--batch-size', '5');
    expect([ended.code, on.asked()]).toEqual([0, 2]);
    expect(await on.rows()).toEqual(Array(5).fill('added '));
    // The same command again asks nobody.
    expect((await on.run(...DAY)).code).toBe(0);
    expect(on.asked()).toBe(2);
  });

  it('with a --deadline before the next opening, stops at once: 75; the next run goes on', async () => {
    itIs('2026-03-02T01:00:00');
    const on = await job([...INDIA, ...JAPAN]);
    const ended = await on.run(...DAY, '--deadline', '2h');
    expect([ended.code, on.asked()]).toEqual([75, 2]);
    expect(ended.stderr).toContain('nobody may be asked before the --deadline (--hours 09:00–18:00');
    expect(await on.rows()).toEqual([...Array(3).fill('not_attempted deadline'), 'added ', 'added ']);
    itIs('2026-03-02T05:00:00');
    expect((await on.run(...DAY, '--deadline', '2h')).code).toBe(0);
    expect(on.asked()).toBe(5);
  });

  it('--limit counts those who are asked, whoever is passed over', async () => {
    itIs('2026-03-02T01:00:00');
    const on = await job([...INDIA, ...JAPAN]);
    expect((await on.run(...DAY, '--limit', '1')).code).toBe(75);
    expect(on.asked()).toBe(1);
  });

  it('a country in which it is never time in all zones is refused, with what to do', async () => {
    itIs('2026-03-02T05:00:00');
    const on = await job([...INDIA, RUSSIA]);
    await expect(on.run(...DAY)).rejects.toThrow(
      /never 09:00–18:00 in all \d+ time zones of RU: .*--time-zone/,
    );
    expect(on.asked()).toBe(0);
    itIs('2026-03-02T07:00:00');
    expect((await on.run(...DAY, '--time-zone', 'Europe/Moscow')).code).toBe(0);
    expect(on.asked()).toBe(4);
  });

  it('the plan knows it', async () => {
    itIs('2026-03-02T02:30:00');
    const on = await job([...INDIA, RUSSIA]);
    const told = await desk().run('check', on.cohort, ...DAY, '--gap', '1m');
    expect(told.stdout).toContain('never 09:00–18:00 in all');
    const india = await job(INDIA);
    expect((await desk().run('check', india.cohort, ...DAY, '--gap', '1m')).stdout).toMatch(
      /about 1 h 0\d min/,
    );
  });
});

describe('--until-done', () => {
  it('waits over the daily cap; with a --deadline before there is room, stops at once', async () => {
    itIs('2026-03-02T05:00:00');
    const on = await job(INDIA);
    const ended = await on.run('--daily-cap', '2', '--until-done', '--deadline', '2h');
    expect([ended.code, on.asked()]).toEqual([75, 2]);
    expect(ended.stderr).toContain('nobody may be asked before the --deadline (--daily-cap');
    itIs('2026-03-03T04:59:58.000');
    const next = await on.run('--daily-cap', '2', '--until-done');
    expect([next.code, on.asked()]).toEqual([0, 3]);
    expect(next.stderr).toContain('for --daily-cap to have room again');
  });
});

describe('the wait', () => {
  const pair: Pair = { chatId: GROUP as ChatId, participant: INDIA[0] as Participant };
  function waiting(deadlineAt?: number) {
    const time = { ms: 0 };
    const control = new RunControl();
    const pauses: number[] = [];
    const lines: string[] = [];
    const say = (_facts: object, message: string) => lines.push(message);
    const rounds = new Rounds({
      clock: { now: () => time.ms, monotonic: () => time.ms },
      ...{ control, deadlineAt, hours: '09:00–18:00', shows: () => {} },
      log: { debug: say, info: say, warn: say, error: say },
      pause: async (ms) => {
        pauses.push(ms);
        time.ms += ms;
      },
    });
    return { rounds, time, control, pauses, lines };
  }

  it('goes in short steps, because the machine may sleep; a month is no trouble', async () => {
    const on = waiting();
    expect(await on.rounds.wait(75_000, 'hours')).toBe(true);
    expect(on.pauses).toEqual([30_000, 30_000, 15_000]);
    expect(await on.rounds.wait(31 * 86_400_000, 'daily_cap')).toBe(true);
    expect(on.time.ms).toBe(31 * 86_400_000);
  });

  it('ends with a signal, and is not begun beyond the deadline or for ever', async () => {
    const on = waiting();
    on.control.stop({ exit: 130, code: 'interrupted', message: 'stopped' });
    expect(await on.rounds.wait(75_000, 'hours')).toBe(false);
    for (const late of [waiting(10), waiting()]) {
      expect(await late.rounds.wait(late === on ? 1 : Number.POSITIVE_INFINITY, 'hours')).toBe(false);
      expect([late.pauses, late.control.reason?.code]).toEqual([[], 'deadline']);
    }
  });

  it('knows who came back', () => {
    const { rounds } = waiting();
    rounds.later(pair);
    expect([rounds.anyBack, rounds.cameBack(pair), rounds.isBack(pair)]).toEqual([true, true, false]);
    expect([rounds.next(), rounds.isBack(pair), rounds.anyBack]).toEqual([1, true, false]);
    expect([rounds.next(), rounds.isBack(pair)]).toEqual([0, false]);
  });
});
