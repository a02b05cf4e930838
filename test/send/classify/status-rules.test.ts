import { expect, it } from 'vitest';
import { isRefusedForNow } from '../../../src/send/api/read-failure.ts';
import { type StatusMeaning, statusRule } from '../../../src/send/classify/refusal.ts';
import { answered, broken, UNSENT } from '../answers.ts';

it.each<[StatusMeaning, number[]]>([
  ['answered', [200, 201, 204, 299]],
  ['moved', [301, 307, 308]],
  ['moved_after', [300, 302, 303, 304, 399]],
  ['request', [400, 413]],
  ['invalid', [422]],
  ['key', [401]],
  ['payment', [402]],
  ['forbidden', [403]],
  ['not_found', [404]],
  ['throttled', [420, 429]],
  ['unavailable', [503, 521, 523, 525, 526, 530]],
  ['perhaps_done', [408, 409, 424, 499]],
  ['broken', [100, 500, 501, 502, 504, 520, 522, 524, 527, 529, 599, 600, 999, 0]],
  ['front', [405, 406, 407, 410, 418, 430, 451]],
])('%s: %j', (meaning, statuses) => {
  expect(statuses.map((status) => statusRule(status).meaning)).toEqual(statuses.map(() => meaning));
});

it.each([
  [true, answered(429)],
  [true, answered(420)],
  [true, answered(503)],
  [true, broken(503)],
  [true, answered(530, '<html>error code: 1016</html>')],
  [true, broken(429)],
  [true, answered(403, '', { 'retry-after': '5' })],
  [true, answered(422, { message: 'Too many requests' })],
  [false, answered(422, 'no', { 'retry-after': '5' })],
  [false, answered(403, 'no')],
  [false, answered(409, 'Too many requests', { 'retry-after': '5' })],
  [false, answered(200, 'Too many requests')],
  [false, answered(500, 'Too many requests', { 'retry-after': '5' })],
  [false, broken()],
  [false, UNSENT],
])('refused for now: %s', (expected, answer) => {
  expect(isRefusedForNow(answer)).toBe(expected);
});
