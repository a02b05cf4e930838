import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columns, count, cutMiddle, fitted, plain } from '../../../src/lib/text.ts';
import { createLog, safeWriter } from '../../../src/report/terminal/log.ts';
import { problemLine } from '../../../src/report/terminal/plan.ts';
import {
  barLine,
  countsLine,
  etaMs,
  type Moment,
  startLines,
} from '../../../src/report/terminal/progress.ts';
import { anyCharacter } from '../../any-character.ts';

const moment = (over: Partial<Moment> = {}): Moment => ({
  done: 50,
  total: 200,
  counts: { added: 30, invited: 18, failed: 2 },
  perSecond: 10,
  waiting: undefined,
  ...over,
});

describe('untrusted text', () => {
  it('cannot move the cursor, ring, change colours or fake a line', () => {
    expect(plain('a\u001b[31mred\u0007\r\nnext\u009b1m\u202egnp')).toBe(
      'a\\u001b[31mred\\u0007  next\\u009b1m\\u202egnp',
    );
  });
  it('is bounded, and safe whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter, maxLength: 400 }), (text) => {
        const safe = plain(text, 100);
        expect(safe.length).toBeLessThanOrEqual(100);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
        expect(safe).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      }),
    );
  });
});

describe('columns', () => {
  it('counts wide characters as two and marks as none', () => {
    expect([columns('abc'), columns('日本'), columns('e\u0301'), columns('🎉')]).toEqual([3, 4, 1, 2]);
  });
  it('fits any text into exactly its room', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 40 }),
        fc.integer({ min: 3, max: 30 }),
        (text, size) => {
          expect(columns(fitted(plain(text), size))).toBe(size);
        },
      ),
    );
  });
  it('says one person and two people', () => {
    expect([count(1, 'person', 'people'), count(1234, 'person', 'people')]).toEqual([
      '1 person',
      '1,234 people',
    ]);
  });
});

describe('the bar', () => {
  it('shows counts, rate and time left', () => {
    expect(barLine(moment(), 120)).toMatch(
      /█+░+ 50\/200 {2}30 added · 18 invited · 2 failed {2}10\.0\/s {2}about 15 s left/,
    );
  });
  it('shows waiting as waiting, with how long still', () => {
    expect(barLine(moment({ waiting: { why: 'window', ms: 42_000 } }), 120)).toContain(
      'waiting 42 s for the rate limit',
    );
  });
  it('names the group where there is room, and as plain text', () => {
    const group = 'Spoken \u001b[31mEnglish';
    expect(barLine(moment({ group }), 160)).toContain('left  Spoken \\u001b[31mEnglish');
    expect(barLine(moment({ group }), 70)).not.toContain('Spoken');
  });
  it('cuts a long name of a group in the middle, by the columns that its characters take', () => {
    const group = '🎉 Spoken English for everybody in the morning, 日本語 Batch 7';
    expect(barLine(moment({ group }), 160)).toMatch(/left {2}🎉 Spoken English fo….*日本語 Batch 7$/);
    for (let width = 60; width < 160; width++)
      expect(columns(barLine(moment({ group }), width))).toBeLessThan(width);
  });
  it.each([
    [66, '50/200  30 added · 18 invited · 2 failed  10.0/s  about 15 s left'],
    [60, '50/200  30 added · 18 invited · 2 failed  about 15 s left'],
    [50, '50/200  30 added · 18 invited ·…  about 15 s left'],
    [30, '50/200  about 15 s left'],
    [20, 'about 15 s left'],
    [12, 'about 15 s…'],
    [2, '…'],
    [1, ''],
    [0, ''],
  ])('gives up the time left last, at %i columns', (width, line) => {
    expect(barLine(moment(), width).replace(/^[█░]+ /, '')).toBe(line);
  });
  it.each([
    [
      112,
      '50/200  30 added · 18 invited · 2 failed  waiting 4 min 00 s for WhatsApp to cool down  about 4 min',
    ],
    [
      100,
      '50/200  30 added · 18 invited…  waiting 4 min 00 s for WhatsApp to cool down  about 4 min 00 s left',
    ],
    [80, '50/200  waiting 4 min 00 s for WhatsApp to cool down  about 4 min 00 s left'],
    [70, '50/200  waiting 4 min 00 s for WhatsApp to co…  about 4 min 00 s left'],
  ])('names the cool-down at %i columns', (width, line) => {
    const waiting = { why: 'cool_down', ms: 240_000 };
    expect(barLine(moment({ waiting }), width)).toContain(line);
  });
  it('knows the time left from the start where the user’s own pauses tell it', () => {
    const begin = { done: 0, counts: {}, perSecond: undefined, paceMs: 2_655_000 };
    expect(barLine(moment(begin), 80)).toContain('0/200  about 44 min 15 s left');
    // The first of them came at once: its rate says nothing yet.
    expect(etaMs(moment({ done: 1, perSecond: 1.5, paceMs: 2_600_000 }))).toBe(2_600_000);
    expect(etaMs(moment({ perSecond: undefined }))).toBeUndefined();
    expect(etaMs(moment({ done: 200, paceMs: 0, waiting: { why: 'gap', ms: 5_000 } }))).toBe(0);
  });
  it('never passes the edge of the terminal', () => {
    for (let width = 10; width < 150; width++)
      expect(columns(barLine(moment({ group: 'English' }), width))).toBeLessThan(width);
  });
  it('has no time left to tell before it has a rate', () => {
    expect(etaMs(moment({ perSecond: undefined }))).toBeUndefined();
    expect(countsLine({})).toBe('');
  });
  it('is a line of log elsewhere', async () => {
    const line = await new Promise<object>((resolve) => {
      const lines = startLines(
        () => moment({ waiting: { why: 'gap', ms: 1_500 } }),
        (facts) => {
          lines.stop();
          resolve(facts);
        },
        1,
      );
    });
    expect(line).toEqual({
      done: 50,
      total: 200,
      added: 30,
      invited: 18,
      failed: 2,
      per_second: 10,
      eta_s: 15,
      waiting_s: 2,
      waiting_for: 'gap',
    });
  });
});

describe('a problem of a row', () => {
  const problem = { code: 'phone_no_country', message: 'no country', column: 'phone', value: '1' } as const;
  it('has its code in colour where colours are wanted, and nowhere else', () => {
    expect(problemLine('c.csv', { line: 2 }, '', problem, true, true)).toBe(
      'c.csv row 2: phone: no country \u001b[31m[phone_no_country]\u001b[0m\n',
    );
    expect(problemLine('c.csv', { line: 2 }, '', problem, true)).toBe(
      'c.csv row 2: phone: no country [phone_no_country]\n',
    );
  });
});

describe('a name that is too long', () => {
  it.each([
    ['Spoken English Batch 7', 22, 'Spoken English Batch 7'],
    ['Spoken English Batch 7', 13, 'Spoken…atch 7'],
    ['日本語の会話 7', 9, '日本…話 7'],
    ['🎉🎉🎉🎉', 3, '…🎉'],
  ])('%s in %i columns: %s', (name, size, cut) => {
    expect(cutMiddle(name, size)).toBe(cut);
  });
});

describe('the log', () => {
  const lines = (format: 'json' | 'text', colour = false) => {
    const out: string[] = [];
    const config = { level: 'info', format, records: false, progress: 'off', quiet: false } as const;
    const log = createLog({ config, write: (line) => out.push(line), secret: 'pk_secret', colour });
    return { log, out };
  };

  it('is JSON for machines, one object a line, without the key wherever it stands', () => {
    const { log, out } = lines('json');
    log.info(
      { apiKey: 'pk_secret', deep: { authorization: 'Bearer pk_secret' }, note: 'pk_secret' },
      'key pk_secret',
    );
    const parsed = JSON.parse(out.join(''));
    expect(parsed).toMatchObject({ level: 'info', msg: 'key [key]', apiKey: '[redacted]', note: '[key]' });
    expect(out.join('')).not.toContain('pk_secret');
  });

  it('is text for people, on one line, without control characters', () => {
    const { log, out } = lines('text');
    log.warn({ message: 'a\u001b[31m\nb', http_status: 500, gone: undefined }, 'in doubt');
    expect(out.join('')).toMatch(
      /^\d\d:\d\d:\d\d warn {2}in doubt {2}message=a\\u001b\[31m b http_status=500\n$/,
    );
    expect(lines('text', true).out).toEqual([]);
  });

  it('paints warnings when colours are wanted', () => {
    const { log, out } = lines('text', true);
    log.warn({}, 'careful');
    expect(out.join('')).toContain('\u001b[33mwarn \u001b[0m');
  });

  it('outlives the stream it writes to', () => {
    const stream = new PassThrough();
    const write = safeWriter(stream);
    write('one');
    stream.emit('error', new Error('EPIPE'));
    stream.destroy();
    expect(() => write('two')).not.toThrow();
  });
});
