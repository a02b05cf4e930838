import { describe, expect, it } from 'vitest';
import { type Decision, decide, type Known, type Selection } from '../../src/plan/survey.ts';

const plain: Selection = { retry: [], onlyStatus: undefined };

describe('who is asked', () => {
  it.each<[string, Partial<Known>, Partial<Selection>, Decision]>([
    ['nobody has heard of the pair', {}, {}, 'ask'],
    ['an ask that did nothing', { ledger: 'not_done' }, {}, 'ask'],
    ['settled', { ledger: 'invited' }, {}, 'settled'],
    ['failed, and no word of retrying', { ledger: 'failed' }, {}, 'settled'],
    ['failed, with --retry failed', { ledger: 'failed' }, { retry: ['failed'] }, 'ask'],
    ['failed, with --retry unknown', { ledger: 'failed' }, { retry: ['unknown'] }, 'settled'],
    ['in doubt is never asked', { ledger: 'in_doubt' }, { retry: ['failed', 'unknown'] }, 'settled'],
    ['a former results CSV says invited', { previous: 'invited' }, {}, 'carried'],
    ['a former results CSV says failed', { previous: 'failed' }, {}, 'carried'],
    ['… with --only-status failed', { previous: 'failed' }, { onlyStatus: ['failed'] }, 'carried'],
    ['… with --retry failed', { previous: 'failed' }, { retry: ['failed'] }, 'ask'],
    [
      '--only-status invited sends no second invite',
      { previous: 'invited' },
      { onlyStatus: ['invited'] },
      'carried',
    ],
    [
      '--only-status leaves the others alone',
      { previous: 'not_attempted' },
      { onlyStatus: ['failed'] },
      'carried',
    ],
    ['a former run did not reach it', { previous: 'not_attempted' }, {}, 'ask'],
    ['it was invalid, and has been corrected', { previous: 'invalid' }, {}, 'ask'],
    [
      'this run’s own ledger wins',
      { previous: 'failed', ledger: 'added' },
      { onlyStatus: ['failed'] },
      'settled',
    ],
  ])('%s', (_what, known, selection, expected) => {
    expect(decide({ ledger: undefined, previous: undefined, ...known }, { ...plain, ...selection })).toBe(
      expected,
    );
  });
});
