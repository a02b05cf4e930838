import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REASON_CODES } from '../../../src/domain/reasons.ts';
import { STATUSES } from '../../../src/domain/words.ts';
import { widths } from '../../../src/report/html/markup.ts';
import { headline, REPORT_MARK } from '../../../src/report/html/page.ts';
import { type ReportRow, safeInviteLink } from '../../../src/report/html/people.ts';
import { TallyMaker } from '../../../src/report/summary/tally.ts';
import { anyCharacter } from '../../any-character.ts';
import { repeats } from '../../helpers.ts';
import { GROUP, pageOf, row } from './rows.ts';

/** The page's tags in order, without what their attributes say. */
const skeleton = (page: string) =>
  page
    .slice(page.indexOf('<body>'))
    .match(/<[^>]*>/g)!
    .map((tag) => tag.replace(/="[^"]*"/g, '=""'));

const text = fc.string({ unit: anyCharacter, minLength: 1 }).filter((one) => one.trim() !== '');
const anyRow: fc.Arbitrary<ReportRow> = fc.record({
  number: fc.nat(),
  name: text,
  own: fc.array(text, { minLength: 4, maxLength: 4 }),
  chatId: text,
  participant: text,
  status: fc.constantFrom(...STATUSES),
  reasonCode: fc.constantFrom('' as const, ...REASON_CODES),
  message: text,
  traceId: text,
  askedAt: fc.constantFrom(undefined, 1_769_447_667_000, 1_769_447_669_000),
});
const same = (one: string, i: number) => (one === '' ? '' : `x${i}`);

describe('the page', () => {
  it('has the same markup whatever the cohort, the server and the file names say', () => {
    fc.assert(
      fc.property(fc.array(anyRow, { minLength: 1, maxLength: 8 }), text, (rows, said) => {
        const ids = [...new Set(rows.map((one) => one.chatId))];
        const tame = rows.map((one) => ({
          ...one,
          own: one.own.map(same),
          name: same(one.name, 0),
          chatId: `g${ids.indexOf(one.chatId)}`,
          participant: '919874532456',
          message: 'x',
        }));
        const about = (names: readonly string[], name: string) =>
          Object.fromEntries(names.map((id) => [id, { name, inviteLink: name, members: 3 }]));
        const wild = pageOf(rows, { source: said, stopped: said, next: said }, about(ids, said));
        const calm = pageOf(
          tame,
          { source: 'x', stopped: 'x', next: 'x' },
          about(
            ids.map((_, i) => `g${i}`),
            'x',
          ),
        );
        expect(skeleton(wild)).toEqual(skeleton(calm));
      }),
      { numRuns: repeats(60) },
    );
  });

  it('allows the style and the script that it holds, and nothing else', () => {
    const page = pageOf([row(2)]);
    const [, policy = ''] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)!;
    const sha = (tag: string) => {
      const found = [...page.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, 'g'))];
      expect(found).toHaveLength(1);
      return `'sha256-${createHash('sha256').update(found[0]![1]!).digest('base64')}'`;
    };
    expect(policy).toBe(
      `default-src 'none'; style-src ${sha('style')}; script-src ${sha('script')}; base-uri 'none'; form-action 'none'`,
    );
    expect(page.startsWith(REPORT_MARK)).toBe(true);
    expect(page).not.toMatch(/ (?:on\w+|style|src)=/);
  });

  it('lists so many people and no more, and says so; the counts are of all', () => {
    const rows = function* () {
      for (let i = 0; i < 10_050; i++) {
        yield row(i + 2, i % 2 ? { status: 'failed', reasonCode: 'not_on_whatsapp' } : {});
      }
    };
    const page = pageOf(rows());
    expect(page.match(/<tr data-s=/g)).toHaveLength(10_000);
    expect(page).toContain(
      'The first 10,000 of 10,050 rows are listed here. The results CSV has all of them.',
    );
    expect(page).toContain('5,025 people are in their group and 5,025 need you.');
    expect(page.match(/<article class="reason">/g)).toHaveLength(1);
    const attention = page.slice(page.indexOf('<article'), page.indexOf('</article>'));
    expect(attention.match(/<tr><td/g)).toHaveLength(100);
    expect(attention).toContain('4,925 more are not listed here');
  });

  it('shows so many groups and no more, and says so', () => {
    const rows = Array.from({ length: 250 }, (_, i) =>
      row(i + 2, { chatId: `${120363371308389000 + i * 16}@g.us` }),
    );
    const page = pageOf(rows);
    expect(page.match(/class="groupcard"/g)).toHaveLength(200);
    expect(page).toContain('The first 200 of 250 groups are shown.');
  });

  it('groups people by reason, with what to do, the link of their group, and the cell that is wrong', () => {
    const about = {
      [GROUP]: { name: 'Analytics', inviteLink: 'https://chat.whatsapp.com/AbCdEf012345', members: 41 },
    };
    const invalid = { participant: '', chatId: '', status: 'invalid' } as const;
    const page = pageOf(
      [
        row(2, { status: 'failed', reasonCode: 'privacy_blocked' }),
        row(3, { ...invalid, reasonCode: 'phone_no_country', own: ['Noor', 'n@x', GROUP, '612 34 56'] }),
        row(4, { ...invalid, reasonCode: 'chat_id_truncated', own: ['Ben', '', '120363371308389000', '1'] }),
        row(5, { status: 'invited', reasonCode: 'pending_approval' }),
        row(6, { status: 'failed', reasonCode: 'other', message: 'odd words' }),
        row(7, { status: 'not_attempted', reasonCode: 'daily_cap' }),
        row(9, { ...invalid, reasonCode: 'phone_missing', own: ['Eve', '', GROUP, ''] }),
        row(10, { status: 'failed', reasonCode: '' }),
      ],
      {},
      about,
    );
    const reasons = page.match(/<article[\s\S]*?<\/article>/g)!;
    const of = (code: string) => reasons.find((one) => one.includes(`<code>${code}</code>`))!;
    expect(reasons).toHaveLength(8);
    expect(of('privacy_blocked')).toContain('href="https://chat.whatsapp.com/AbCdEf012345"');
    expect(of('privacy_blocked')).toContain('send them the group’s invite link yourself');
    expect(of('phone_no_country')).toMatch(/>3<.*Noor.*<q>612 34 56<\/q>/s);
    expect(of('chat_id_truncated')).toContain('<q>120363371308389000</q>');
    expect(of('phone_missing')).toContain('>empty<');
    expect(of('pending_approval')).toContain('have a group admin approve');
    expect(of('other')).toContain('odd words');
    expect(of('daily_cap')).not.toContain('<table');
    expect(reasons.at(-1)).toBe(of('daily_cap'));
    expect(page).toContain('41 members when last read');
  });

  it('says why a run ended early, what is next, and which rows are not shown', () => {
    const page = pageOf([row(2)], { stopped: 'stopped by SIGINT', next: 'run again', unreadable: 2 });
    expect(page).toContain('The run ended early: stopped by SIGINT. To go on: run again.');
    expect(page).toContain('2 rows of the file hold no status, and are not in this report');
    expect(pageOf([row(2)], { unreadable: 1 })).toContain('1 row of the file holds no status, and is not');
    expect(pageOf([row(2)], { sandbox: true })).toContain('nobody was contacted');
    expect(pageOf([row(2)], { dryRun: true })).toContain('nobody was asked');
  });

  it('works for a cohort without columns of its own', () => {
    const page = pageOf(
      [row(2, { name: '', own: [GROUP, '1'] })],
      {},
      {},
      { names: ['c', 'p'], chatAt: 0, phoneAt: 1, nameAt: [] },
    );
    expect(page).toContain('<th scope="col" dir="auto">Person</th>');
  });
});

describe('headline', () => {
  const of = (...statuses: (typeof STATUSES)[number][]) => {
    const tally = new TallyMaker();
    for (const status of statuses) tally.add('g', status, '');
    return headline(tally);
  };
  it('is one sentence', () => {
    expect(of('added')).toBe('1 person is in their group.');
    expect(of('added', 'joined', 'already_member', 'invited')).toBe(
      '3 people are in their group and 1 has an invite to accept.',
    );
    expect(of('invited', 'failed', 'invalid', 'unknown', 'not_attempted')).toBe(
      '1 has an invite to accept, 1 was not asked yet and 3 need you.',
    );
    expect(of('planned', 'planned')).toBe('2 would be asked.');
    expect(of('duplicate')).toBe('Nobody had to be asked.');
  });
});

describe('widths', () => {
  it('fill the bar, and none is too thin to be seen', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 10 }),
        (counts) => {
          const wide = widths(counts);
          expect(wide.reduce((sum, one) => sum + one, 0)).toBeCloseTo(100, 6);
          for (const one of wide) expect(one).toBeGreaterThan(0.5);
        },
      ),
    );
  });
});

describe('safeInviteLink', () => {
  it('takes WhatsApp’s own links and nothing else', () => {
    expect(safeInviteLink('https://chat.whatsapp.com/Hk3TqVtY9sB2cXw1ZdLmNp')).toBeDefined();
    for (const link of [
      undefined,
      '',
      'javascript:alert(1)',
      'http://chat.whatsapp.com/Hk3TqVtY9sB2cXw1',
      'https://chat.whatsapp.com.evil.example/Hk3TqVtY9',
      'https://chat.whatsapp.com/a"onclick="x',
      'https://evil.example/#https://chat.whatsapp.com/Hk3TqVtY9',
    ])
      expect(safeInviteLink(link)).toBeUndefined();
  });
});
