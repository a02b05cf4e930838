import { describe, expect, it } from 'vitest';
import { exitCodeOf } from '../../../src/app/exit.ts';
import { type Projection, project, type Recorded } from '../../../src/app/outputs/project.ts';
import { type Previous, previousOf } from '../../../src/cohort/results-file.ts';
import { EXIT } from '../../../src/domain/errors.ts';
import type { ChatId, Pair, Participant, Reading } from '../../../src/domain/words.ts';
import { firstRows } from '../../../src/plan/survey.ts';
import { noCounts } from '../../../src/report/summary/tally.ts';

const pair = (participant = '919874532456'): Pair => ({
  chatId: '120363371308389685@g.us' as ChatId,
  participant: participant as Participant,
});
const reading = (line: number, participant?: string): Reading => ({
  kind: 'pair',
  row: { line, fields: ['x'] },
  pair: pair(participant),
});
const blank = { reasonCode: '', message: '', httpStatus: undefined, attempts: 0, traceId: '' } as const;
const times = { askedAt: undefined, settledAt: undefined };

function from(over: Partial<Projection> = {}): Projection {
  return {
    firstRow: firstRows(),
    recorded: () => undefined,
    previous: () => undefined,
    selection: { retry: [], onlyStatus: undefined },
    dryRun: false,
    stop: undefined,
    limited: false,
    ...over,
  };
}

describe('a row of the results', () => {
  it('is what the ledger says', () => {
    const recorded: Recorded = {
      ...blank,
      status: 'invited',
      message: 'Invite sent',
      attempts: 1,
      askedAt: 1,
      settledAt: 2,
    };
    expect(project(reading(2), from({ recorded: () => recorded }))).toMatchObject({
      ...recorded,
      chatId: pair().chatId,
      participant: pair().participant,
    });
  });

  it('is a duplicate when the person came before, under a variant too, and names that row', () => {
    const projection = from();
    expect(project(reading(2, '5215512345678'), projection).status).toBe('not_attempted');
    expect(project(reading(9, '525512345678'), projection)).toMatchObject({
      status: 'duplicate',
      message: 'the same person and group as row 2',
    });
  });

  it('is unknown while it is in doubt', () => {
    const recorded: Recorded = { ...blank, ...times, status: 'in_doubt', attempts: 1 };
    expect(project(reading(2), from({ recorded: () => recorded }))).toMatchObject({
      status: 'unknown',
      reasonCode: 'no_answer',
      attempts: 1,
    });
  });

  it('was not attempted, for the reason of the stop', () => {
    const stop = { exit: EXIT.again, code: 'deadline', message: 'the run reached its --deadline' } as const;
    expect(project(reading(2), from({ stop }))).toMatchObject({
      status: 'not_attempted',
      reasonCode: 'deadline',
    });
    expect(project(reading(2), from({ limited: true })).reasonCode).toBe('limit');
    expect(project(reading(2), from()).reasonCode).toBe('cohort_changed');
    const recorded: Recorded = { ...blank, ...times, status: 'not_done', attempts: 6 };
    expect(project(reading(2), from({ recorded: () => recorded }))).toMatchObject({
      status: 'not_attempted',
      reasonCode: 'throttled',
      attempts: 6,
    });
  });

  it('is planned in a dry run, unless it is settled', () => {
    expect(project(reading(2), from({ dryRun: true })).status).toBe('planned');
    const recorded: Recorded = { ...blank, ...times, status: 'added' };
    expect(project(reading(2), from({ dryRun: true, recorded: () => recorded })).status).toBe('added');
  });

  it('carries over what a former results CSV says', () => {
    const previous: Previous = { ...blank, ...times, status: 'invited', message: 'Invite sent', attempts: 1 };
    expect(project(reading(2), from({ previous: () => previous }))).toMatchObject({
      status: 'invited',
      attempts: 1,
    });
  });

  it('is invalid with the problem’s code and words', () => {
    const invalid: Reading = {
      kind: 'invalid',
      row: { line: 5, fields: [] },
      problem: { code: 'phone_missing', message: 'no phone' },
    };
    expect(project(invalid, from())).toMatchObject({
      status: 'invalid',
      reasonCode: 'phone_missing',
      message: 'no phone',
      chatId: '',
    });
  });
});

describe('the exit code', () => {
  const counts = (over: Partial<ReturnType<typeof noCounts>>) => ({ ...noCounts(), ...over });
  it.each([
    [{ added: 3, invited: 2, joined: 1, already_member: 1, duplicate: 1 }, 0],
    [{ added: 3, planned: 1 }, 0],
    [{ failed: 1 }, 4],
    [{ invalid: 1 }, 4],
    [{ unknown: 1, not_attempted: 1 }, 75],
    [{ added: 1, not_attempted: 1 }, 75],
  ])('%j → %d', (over, exit) => expect(exitCodeOf(counts(over), undefined)).toBe(exit));
  it('is the stop’s when there is one', () => {
    const stop = { exit: EXIT.safety, code: 'breaker', message: '' } as const;
    expect(exitCodeOf(counts({ failed: 1 }), stop)).toBe(5);
  });
});

const GROUP = '120363371308389685@g.us' as ChatId;

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
