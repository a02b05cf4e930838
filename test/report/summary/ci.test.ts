import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REASON_CODES } from '../../../src/domain/reasons.ts';
import {
  annotations,
  folded,
  harmless,
  markdown,
  section,
  stepSummary,
  workflowCommand,
} from '../../../src/report/summary/ci.ts';
import { anyCharacter } from '../../any-character.ts';
import { endingOf, LEGACY, MODERN, tallyOf } from '../summary/ending.ts';

const COMMANDS = ['warning', 'error', 'notice', 'group', 'endgroup', 'add-mask', 'stop-commands', 'set-env'];

interface Parsed {
  readonly command: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly data: string;
}

/** As the runner reads a line: both forms. Source: actions/runner, src/Runner.Common/ActionCommand.cs. */
function runnerReads(line: string): Parsed | undefined {
  const trimmed = line.replace(/^[\s\u0085]+/, '');
  const end = trimmed.startsWith('::') ? trimmed.indexOf('::', 2) : -1;
  if (end >= 0) {
    const [command = '', ...rest] = trimmed.slice(2, end).split(' ');
    const undo = (text: string) =>
      text
        .replaceAll('%0D', '\r')
        .replaceAll('%0A', '\n')
        .replaceAll('%3A', ':')
        .replaceAll('%2C', ',')
        .replaceAll('%25', '%');
    const properties = Object.fromEntries(
      rest
        .join(' ')
        .split(',')
        .filter(Boolean)
        .map((pair) => {
          const at = pair.indexOf('=');
          return [pair.slice(0, at).trim(), undo(pair.slice(at + 1))];
        }),
    );
    const data = trimmed
      .slice(end + 2)
      .replaceAll('%0D', '\r')
      .replaceAll('%0A', '\n')
      .replaceAll('%25', '%');
    if (COMMANDS.includes(command)) return { command, properties, data };
  }
  const old = /##\[([^\]\s]*)[^\]]*\]/.exec(line);
  return old && COMMANDS.includes(old[1]!) ? { command: old[1]!, properties: {}, data: '' } : undefined;
}

const linesOf = (text: string) => text.split(/\r\n|\r|\n/);
const commandsIn = (text: string) => linesOf(text).flatMap((line) => runnerReads(line) ?? []);

describe('workflow commands', () => {
  it('read back as they were meant, whatever is in them', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), fc.string({ unit: anyCharacter }), (title, text) => {
        const written = workflowCommand('warning', { title }, text);
        expect(commandsIn(written)).toEqual([{ command: 'warning', properties: { title }, data: text }]);
      }),
    );
  });

  it('are not found in other people’s words', () => {
    const evil = fc.constantFrom(
      '::add-mask::a',
      '  ::error::x',
      '##[set-env name=PATH]x',
      '\t::stop-commands::t',
      'a\n',
      '\r',
      '::',
      ':',
    );
    expect(commandsIn('  ::error::x\nok ##[group]y')).toHaveLength(2);
    fc.assert(
      fc.property(fc.array(fc.oneof(evil, fc.string({ unit: anyCharacter, maxLength: 4 }))), (parts) => {
        expect(commandsIn(harmless(parts.join('')))).toEqual([]);
      }),
    );
    const log = folded('summary', '\n  ::add-mask::a\n##[error]b\nplain :: words\n');
    expect(commandsIn(log).map(({ command }) => command)).toEqual(['group', 'endgroup']);
    expect(log).toContain('plain :: words');
  });
});

describe('annotations', () => {
  it('are one per reason, the most frequent first', () => {
    expect(
      commandsIn(annotations(endingOf())).map(({ command, properties }) => [command, properties['title']]),
    ).toEqual([
      ['warning', '5 rows not_attempted: deadline'],
      ['warning', '2 rows failed: not_on_whatsapp'],
      ['warning', '2 rows invalid: phone_missing'],
      ['warning', '1 row unknown: no_answer'],
    ]);
  });

  it('are never more than the 10 that are kept, and count every row', () => {
    const codes = REASON_CODES.filter((code) => code.startsWith('phone_') || code.startsWith('chat_'));
    for (let n = 0; n <= codes.length; n++) {
      for (const stopped of [undefined, { code: 'breaker', message: 'a\n::error::b' } as const]) {
        const tally = tallyOf(codes.slice(0, n).map((code, i) => ['', 'invalid', code, i + 1]));
        const found = commandsIn(annotations(endingOf({ tally, stopped })));
        expect(found.length).toBeLessThanOrEqual(10);
        const rows = found.map(({ properties }) =>
          Number(/^(\d+) rows?/.exec(properties['title']!)?.[1] ?? 0),
        );
        expect(rows.reduce((sum, one) => sum + one, 0)).toBe((n * (n + 1)) / 2);
      }
    }
  });
});

describe('the job page', () => {
  it('has the groups by status, what to do, and no phone number', () => {
    const page = stepSummary(endingOf({ stopped: { code: 'breaker', message: 'last was 919537851844' } }));
    expect(page).toMatch(/^## group-onboard run: 20 rows, 5 to look at, 5 still to ask \(exit code 4\)\n/);
    expect(page).toContain('| Spring &#60;cohort&#62; &#124; 1 | 3 | 2 |  | 2 | 1 |  | 8 |');
    expect(page).toContain('| 2 | failed | `not_on_whatsapp`: ');
    expect(page).toContain('14 asks · 1 throttled · 1 min 11 s, of which 1 min 03 s waiting');
    expect(page).not.toMatch(/919537851844|919876543210|905301234567/);
    expect(page).not.toContain(LEGACY);
  });

  it('every row of its tables has as many cells as their head, whatever a group is called', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter, maxLength: 60 }), (name) => {
        const page = stepSummary(endingOf({ groupName: () => name }));
        const table = page
          .slice(page.indexOf('| group |'))
          .split('\n')
          .filter((line) => line.startsWith('|'));
        expect(table).toHaveLength(2 + 1 + 4);
        expect(new Set(table.map((line) => line.split('|').length)).size).toBe(1);
      }),
    );
    expect(markdown('![a](http://x) <b>@me</b>')).not.toMatch(/[![\]()<>:@/]/);
  });

  it('keeps under the limit, and says how much is missing', () => {
    const groups = Array.from({ length: 30_000 }, (_, i) => `1203634${String(i).padStart(11, '0')}@g.us`);
    const tally = tallyOf(groups.map((id) => [id, 'added', '']));
    const page = stepSummary(endingOf({ tally, groupName: () => 'Ⓖ'.repeat(40) }));
    expect(Buffer.byteLength(page)).toBeLessThanOrEqual(1024 * 1024);
    expect(Buffer.byteLength(page)).toBeGreaterThan(1_000_000);
    const shown = page.split('\n').filter((line) => line.startsWith('| Ⓖ')).length;
    const left = /and ([\d,]+) more groups/.exec(page)![1]!.replaceAll(',', '');
    expect(shown + Number(left)).toBe(30_000);
    // Where other words have taken the room, there is less page, or none.
    for (const room of [-5, 100, 3_000]) {
      expect(Buffer.byteLength(stepSummary(endingOf({ tally }), room))).toBeLessThanOrEqual(
        Math.max(room, 0),
      );
    }
    expect(stepSummary(endingOf({ tally: tallyOf([[MODERN, 'added', '']]), next: undefined }))).not.toContain(
      'more group',
    );
  });
});

describe('a section of a GitLab log', () => {
  it('begins and ends where it should', () => {
    expect(section('name', 'Title', 'text\n', 1_560_896_352_999)).toBe(
      '\u001b[0Ksection_start:1560896352:name\r\u001b[0KTitle\ntext\n\u001b[0Ksection_end:1560896352:name\r\u001b[0K\n',
    );
  });
});
