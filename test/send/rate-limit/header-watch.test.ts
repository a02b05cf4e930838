import { expect, test } from 'vitest';
import { HeaderWatch } from '../../../src/send/rate-limit/headers.ts';

type Told = readonly ['ask' | 'read', status: number | undefined, headers?: Record<string, string>];

const KNOWN = { 'x-ratelimit-limit': '10', 'x-ratelimit-remaining': '9' };
const UNKNOWN = { 'x-quota': '10' };

function linesAfter(answers: readonly Told[]): string[] {
  const lines: string[] = [];
  const quiet = () => undefined;
  const log = {
    debug: quiet,
    info: quiet,
    error: quiet,
    warn: (_: object, line: string) => lines.push(line),
  };
  const watch = new HeaderWatch(log);
  for (const [kind, httpStatus, headers = {}] of answers) {
    watch.saw(kind, { sentAt: 0, answeredAt: 1, httpStatus, headers });
  }
  watch.saw('ask', undefined);
  return lines;
}

test.each<readonly [string, readonly Told[], number]>([
  ['an ask answered without a header', [['ask', 200]], 1],
  [
    'many of them: once',
    [
      ['ask', 200],
      ['ask', 200],
      ['read', 200],
      ['ask', 200],
    ],
    1,
  ],
  ['headers that nobody knows', [['ask', 200, UNKNOWN]], 1],
  ['a header that is understood', [['ask', 200, KNOWN]], 0],
  [
    'headers that vanish later',
    [
      ['ask', 200, KNOWN],
      ['ask', 200],
      ['read', 200],
      ['ask', 200],
    ],
    0,
  ],
  [
    'two reads, which may be counted by nobody',
    [
      ['read', 200],
      ['read', 200],
    ],
    0,
  ],
  [
    'two reads, and then an ask with its limit',
    [
      ['read', 200],
      ['read', 200],
      ['ask', 200, KNOWN],
    ],
    0,
  ],
  [
    'two reads, and then an ask without',
    [
      ['read', 200],
      ['read', 200],
      ['ask', 200],
    ],
    1,
  ],
  [
    'three reads',
    [
      ['read', 200],
      ['read', 200],
      ['read', 200],
    ],
    1,
  ],
  [
    'what something in front of the API says',
    [
      ['ask', 503],
      ['ask', 429],
      ['ask', 401],
      ['read', 404],
    ],
    0,
  ],
  [
    'no answer',
    [
      ['ask', undefined],
      ['ask', undefined],
    ],
    0,
  ],
])('%s', (_, answers, lines) => {
  expect(linesAfter(answers)).toHaveLength(lines);
});
