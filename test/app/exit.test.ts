import { describe, expect, it } from 'vitest';
import { exitCodeOf, typedCommand } from '../../src/app/exit.ts';
import { EXIT } from '../../src/domain/errors.ts';
import type { ChatId } from '../../src/domain/words.ts';
import { TallyMaker } from '../../src/report/summary/tally.ts';

const GROUP = '120363371308389685@g.us' as ChatId;

describe('the exit code', () => {
  const counts = (...rows: [string, number][]) => {
    const tally = new TallyMaker();
    for (const [status, n] of rows) for (let i = 0; i < n; i++) tally.add(GROUP, status as 'added', '');
    return tally.counts;
  };
  it.each([
    [[['added', 3]], EXIT.ok],
    [
      [
        ['added', 1],
        ['planned', 2],
      ],
      EXIT.ok,
    ],
    [
      [
        ['added', 3],
        ['failed', 1],
      ],
      EXIT.incomplete,
    ],
    [
      [
        ['unknown', 1],
        ['not_attempted', 1],
      ],
      EXIT.again,
    ],
    [[['invalid', 1]], EXIT.incomplete],
    [
      [
        ['added', 1],
        ['not_attempted', 1],
      ],
      EXIT.again,
    ],
  ] as [[string, number][], number][])('%j → %i', (rows, code) => {
    expect(exitCodeOf(counts(...rows), undefined)).toBe(code);
  });
  it('an early end says its own', () => {
    const stop = { exit: EXIT.safety, code: 'breaker', message: '' } as const;
    expect(exitCodeOf(counts(['added', 1]), stop)).toBe(EXIT.safety);
  });
});

describe('the command for the next time', () => {
  const command = ['run', 'c.csv', '--limit', '9198765432'];
  const LEGACY = '905301234567-1574073754@g.us';
  it.each([
    ['--phone', '919876543210'],
    ['--phone=+919876543210'],
    ['--chat-id', LEGACY],
    [`--chat-id=${LEGACY}`],
  ])('leaves out what would have to be masked, and says so: %s', (...flag) => {
    const typed = [...command.slice(0, 2), ...flag, ...command.slice(2)];
    expect(typedCommand(typed, true)).toEqual({ words: typed, withheld: [] });
    expect(typedCommand(typed, false)).toEqual({ words: command, withheld: [flag[0].split('=')[0]] });
  });
  it.each([
    ['--phone', 'phone-bqzvyibhmwkaergr'],
    ['--phone=phone-bqzvyibhmwkaergr'],
    ['--chat-id', '120363371308389685@g.us'],
    ['--chat-id=120363371308389685@g.us'],
  ])('keeps what is nobody’s number: %s %s', (...flag) => {
    expect(typedCommand([...command, ...flag], false)).toEqual({
      words: [...command, ...flag],
      withheld: [],
    });
  });
  it('names each flag once', () => {
    const typed = ['--phone', '919876543210', 'c.csv', '--phone=919876543210', '--chat-id', LEGACY];
    expect(typedCommand(typed, false)).toEqual({ words: ['c.csv'], withheld: ['--phone', '--chat-id'] });
  });
});
