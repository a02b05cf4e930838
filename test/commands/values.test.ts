import { expect, test } from 'vitest';
import { country } from '../../src/commands/values.ts';

test.each([
  ['IN', 'IN'],
  ['in', 'IN'],
  ['UK', 'GB'],
  [' uk ', 'GB'],
  ['GB', 'GB'],
])('--default-country %j is %s', (text, code) => expect(country(text)).toBe(code));

test.each(['India', 'IND', '+91', ''])('--default-country %j is refused', (text) =>
  expect(() => country(text)).toThrow('write two letters, like IN or BR'),
);
