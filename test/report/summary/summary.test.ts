import { describe, expect, it } from 'vitest';
import { columns } from '../../../src/lib/text.ts';
import { summaryText } from '../../../src/report/summary/summary.ts';
import { endingOf, MODERN, tallyOf } from './ending.ts';

describe('the groups of a summary', () => {
  const line = (name: string, width: number) => {
    const facts = endingOf({ tally: tallyOf([[MODERN, 'added', '']]), groupName: () => name });
    const text = summaryText({ ...facts, stopped: undefined }, false, width);
    return text.split('\ngroups\n')[1]?.split('\n')[0] ?? '';
  };
  const NAME = 'Business Analytics – Summer cohort of the evening, Batch 29';
  it.each([
    [Number.POSITIVE_INFINITY, `  ${NAME} 1 added`],
    [120, `  ${NAME} 1 added`],
    [60, '  Business Analytics – Summ…of the evening, Batch 29 1 added'],
    [40, '  Business Analyt…ning, Batch 29 1 added'],
    [10, '  Busine…ch 29 1 added'],
  ])('at %i columns: %s', (width, shown) => {
    expect(line(NAME, width)).toBe(shown);
    if (width >= 24) expect(columns(shown)).toBeLessThanOrEqual(width);
  });
});
