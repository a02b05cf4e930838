import { describe, expect, it } from 'vitest';
import { REASON_CODES, REASONS } from '../../../src/domain/reasons.ts';
import { STATUSES } from '../../../src/domain/words.ts';
import { STATUS_WORDS } from '../../../src/report/terminal/explain.ts';
import { desk } from '../../app/in-process.ts';

describe('explain', () => {
  it('without a code, explains every status and every reason code', async () => {
    const markdown = await desk().run('explain', '--markdown');
    const text = await desk().run('explain');
    expect([markdown.code, text.code]).toEqual([0, 0]);
    const words = { ...STATUS_WORDS, ...REASONS };
    const lines = markdown.stdout.split('\n');
    for (const [code, { meaning, advice }] of Object.entries(words)) {
      expect(lines).toContain(`| \`${code}\` | ${meaning} | ${advice} |`);
      expect(text.stdout).toMatch(new RegExp(`^${code}  \\(`, 'm'));
    }
    expect(lines.filter((line) => line.startsWith('| `'))).toHaveLength(
      STATUSES.length + REASON_CODES.length,
    );
  });

  it.each([
    ['group_full', 'group_full  (reason_code)'],
    ['Group-Full', 'group_full  (reason_code)'],
    [' group full ', 'group_full  (reason_code)'],
    ['invited', 'invited  (status)'],
    ['NOT_ATTEMPTED', 'not_attempted  (status)'],
  ])('says what %j means, and what to do', async (code, title) => {
    const { stdout } = await desk().run('explain', code);
    expect(stdout.split('\n')).toEqual([
      title,
      expect.stringMatching(/^ {2}means {7}\S/),
      expect.stringMatching(/^ {2}what to do {2}\S/),
      '',
    ]);
  });

  it('takes the two of a row at once', async () => {
    const { stdout } = await desk().run('explain', 'failed', 'privacy_blocked', '--markdown');
    expect(stdout.match(/^\| `/gm)).toHaveLength(2);
  });

  it.each([
    ['privacy_blokced', /did you mean privacy_blocked\?/],
    ['ambiguous', /did you mean phone_ambiguous\?/],
    ['faild', /did you mean failed\?/],
    ['x\u001b[31my\nz', /^“x\\u001b\[31my z” .*lists all/],
    ['', /lists all/],
  ])('does not know %j', async (code, message) => {
    await expect(desk().run('explain', 'failed', code)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(message),
    });
  });
});
