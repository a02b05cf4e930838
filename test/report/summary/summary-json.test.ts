import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { SummarySchema, summaryJson, summaryOf } from '../../../src/report/summary/summary-json.ts';
import { endingOf, MODERN } from './ending.ts';

describe('--summary-json', () => {
  it('is what its schema says, and the published JSON Schema is that schema', () => {
    const written = JSON.parse(summaryJson(endingOf()));
    // Members that the schema does not know would be gone.
    expect(SummarySchema.parse(written)).toEqual(written);
    const published = readFileSync(new URL('../../../fixtures/summary.schema.json', import.meta.url), 'utf8');
    // As input, so that members added by a later version are valid.
    const schema = z.toJSONSchema(SummarySchema, { io: 'input' });
    expect(JSON.parse(published)).toEqual(JSON.parse(JSON.stringify(schema)));
  });

  it('adds up: groups and reasons hold every row that has one', () => {
    const summary = summaryOf(endingOf());
    const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0);
    expect(sum(Object.values(summary.status))).toBe(summary.rows);
    expect(sum(summary.reasons.map(({ rows }) => rows))).toBe(summary.rows);
    expect(sum(summary.groups.map(({ rows }) => rows))).toBe(summary.rows - summary.status['invalid']!);
    for (const group of summary.groups) {
      expect(sum(group.reasons.map(({ rows }) => rows))).toBe(group.rows);
      expect(sum(Object.values(group.status))).toBe(group.rows);
    }
  });

  it('has the people to ask per country, the most first; a follow-up asks nobody', () => {
    const [one, two] = [
      { people: 1, rows: ['3'] },
      { people: 52, rows: ['2'] },
    ];
    const countries = new Map([
      ['+881', one],
      ['IN', two],
    ]);
    const summary = summaryOf(endingOf({ countries }));
    expect(SummarySchema.parse(summary)).toEqual(summary);
    expect(JSON.stringify(summary.countries)).toBe('{"IN":52,"+881":1}');
    expect(summaryOf(endingOf())).not.toHaveProperty('countries');
  });

  it('says when, how long, how fast and how long it waited', () => {
    expect(summaryOf(endingOf())).toMatchObject({
      started_at: '2025-01-26T17:14:27.000Z',
      ended_at: '2025-01-26T17:15:37.500Z',
      duration_seconds: 70.5,
      asks: 14,
      asks_per_second: 0.2,
      waits: { total_seconds: 62.5, by_reason: { window: 2.5, gap: 60 } },
      stopped: null,
    });
    expect(summaryOf(endingOf({ elapsedMs: 0 })).asks_per_second).toBe(0);
  });

  it('holds no phone number, whoever wrote one where', () => {
    const stopped = { code: 'breaker', message: 'last: 919537851844 is unhappy' } as const;
    const text = summaryJson(
      endingOf({ stopped, groupName: (id) => (id === MODERN ? 'Ask +91 95378 51844' : '') }),
    );
    expect(text).not.toMatch(/919537851844|95378 51844|919876543210/);
    expect(JSON.parse(text)).toMatchObject({
      stopped: { reason_code: 'breaker', message: 'last: 9195•••••844 is unhappy' },
      next: 'group-onboard run data/cohort.csv --phone 9198•••••210 --retry failed',
    });
  });
});
