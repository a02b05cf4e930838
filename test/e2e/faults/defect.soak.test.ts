import { describe, expect, it } from 'vitest';
import { csv, phone, sandbox } from '../harness.ts';
import { defectIn, job, lastLine, onceEach } from './support.ts';

const people = Array.from({ length: 30 }, (_, i) => phone(i, 1));

describe('a defect of ours in mid-run', () => {
  it.each([
    ['in an ask', 'send/settler.js', 'Settler', 'each'],
    ['in the planner', 'plan/batches.js', 'Planner', 'add'],
    ['in the ledger', 'ledger/journal.js', 'Journal', 'append'],
  ])(
    '%s: one line, 1, the results as far as they go; the next run goes on',
    async (_what, file, name, method) => {
      const api = await sandbox('--limit', '1000');
      const broken = await job(defectIn(api, file, name, method, 'a defect for the test'), csv(people));
      const ended = await broken.run();
      expect(ended.code).toBe(1);
      expect(lastLine(ended.stderr)).toBe('group-onboard: a defect of this tool: a defect for the test');
      expect(ended.stderr).not.toMatch(/^ {4}at /m);
      const rows = await broken.rows();
      expect(rows).toHaveLength(30);
      const known = [
        'added',
        'unknown/no_answer',
        'added/confirmed_by_membership',
        'not_attempted/interrupted',
      ];
      expect(rows.filter((row) => !known.includes(row))).toEqual([]);
      expect(rows).toContain('not_attempted/interrupted');

      const whole = await job(api, csv(people));
      const again = await whole.run('-o', broken.output);
      expect(again.code).toBe(0);
      expect((await broken.rows()).filter((row) => row.startsWith('added'))).toHaveLength(30);
      onceEach(await api.counts());
    },
  );
});
