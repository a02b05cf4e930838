import { describe, expect, it } from 'vitest';
import { mergeConfig } from '../../src/config/other-commands.ts';
import { runConfig, shardConfig, wholeCohortInPod } from '../../src/config/run.ts';
import { OnboardError } from '../../src/domain/errors.ts';
import { defaults } from './defaults.ts';

const pod = (index: string | undefined, shards: string | undefined, own?: string) => ({
  ...(index !== undefined && { JOB_COMPLETION_INDEX: index }),
  ...(shards !== undefined && { GROUP_ONBOARD_SHARDS: shards }),
  ...(own !== undefined && { GROUP_ONBOARD_SHARD: own }),
});

/** The one line that says why not; it is a usage error. */
function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(OnboardError);
    expect((error as OnboardError).exitCode).toBe(2);
    expect((error as Error).message).not.toContain('\n');
    return (error as Error).message;
  }
  throw new Error('it was accepted');
}

describe('which shard', () => {
  it.each([
    [{}, {}, undefined],
    [{}, pod('3', undefined), undefined],
    [{}, pod('0', '4'), { index: 1, count: 4 }],
    [{}, pod('3', '4'), { index: 4, count: 4 }],
    [{}, pod(' 0 ', ' 1 '), { index: 1, count: 1 }],
    [{}, pod('', ''), undefined],
    [{ shard: { index: 2, count: 3 } }, pod('0', '4'), { index: 2, count: 3 }],
    [{ shard: { index: 2, count: 3 } }, pod(undefined, '3', '2/3'), { index: 2, count: 3 }],
  ])('%j with %j is %j', (flags, env, shard) => {
    expect(shardConfig(flags, env)).toEqual(shard);
  });

  it.each([
    [{}, pod(undefined, '4'), /GROUP_ONBOARD_SHARDS=4, and no JOB_COMPLETION_INDEX .* --shard/],
    [{}, pod('4', '4'), /JOB_COMPLETION_INDEX=4 is beyond GROUP_ONBOARD_SHARDS=4/],
    [{}, pod('0', '0'), /whole number/],
    [{}, pod('0', 'four'), /GROUP_ONBOARD_SHARDS=four/],
    [{}, pod('-1', '4'), /JOB_COMPLETION_INDEX=-1/],
    [{}, pod('0', '100001'), /1 to 100000/],
    [{ shard: { index: 2, count: 3 } }, pod(undefined, '4', '2/3'), /disagree/],
  ])('%j with %j is refused', (flags, env, says) => {
    expect(refusal(() => shardConfig(flags, env))).toMatch(says);
  });

  it('is missed in a pod of an Indexed Job', () => {
    expect(wholeCohortInPod(undefined, pod('1', undefined))).toMatch(/takes the whole cohort/);
    expect(wholeCohortInPod(undefined, {})).toBeUndefined();
    expect(wholeCohortInPod({ index: 1, count: 2 }, pod('0', '2'))).toBeUndefined();
  });
});

describe('the files of a shard', () => {
  const flags = { ...defaults(), dryRun: true };
  const config = (cohort: string, more: object) =>
    runConfig(cohort, { ...flags, shard: { index: 2, count: 4 }, ...more }, {}, false);

  it('are its own, all of them', () => {
    expect(config('data/cohort.csv.gz', {})).toMatchObject({
      output: 'data/cohort.shard-2-of-4.results.csv',
      ledger: 'data/cohort.shard-2-of-4.results.csv.ledger.jsonl',
    });
    expect(config('cohort.csv', { output: '-' })).toMatchObject({
      output: '-',
      ledger: 'cohort.shard-2-of-4.results.csv.ledger.jsonl',
    });
    const all = { output: 'o.csv', ledger: 'l.jsonl', report: 'r.html', summaryJson: 's.json' };
    expect(config('c.csv', { ...all, junit: 'j.xml', metricsFile: 'm.prom' })).toMatchObject({
      output: 'o.shard-2-of-4.csv',
      ledger: 'l.shard-2-of-4.jsonl',
      reports: {
        report: 'r.shard-2-of-4.html',
        summaryJson: 's.shard-2-of-4.json',
        junit: 'j.shard-2-of-4.xml',
        metricsFile: 'm.shard-2-of-4.prom',
      },
    });
  });

  it('are not another shard’s', () => {
    expect(refusal(() => config('c.csv', { output: 'o.shard-1-of-4.csv' }))).toMatch(
      /o\.shard-1-of-4\.csv is a file of shard 1\/4, and this is 2\/4/,
    );
  });
});

describe('merge', () => {
  it.each([
    [['a.csv'], {}, /-o FILE/],
    [['a.csv', '-'], { output: 'o.csv' }, /not standard input/],
    [['a.csv'], { output: 'o.csv', cohort: '-' }, /not standard input/],
    [['a.csv', 'b/../o.csv'], { output: './o.csv' }, /is read by this merge/],
    [['a.csv'], { output: 'c.csv', cohort: 'c.csv' }, /is read by this merge/],
  ])('%j with %j is refused', (results, flags, says) => {
    expect(refusal(() => mergeConfig(results, flags))).toMatch(says);
  });
});
