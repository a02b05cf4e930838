import { expect, test } from 'vitest';
import { batchSize, country } from '../../src/config/values.ts';

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

test.each([
  ['1', 1],
  ['50', 50],
])('--batch-size %j is %d', (text, size) => expect(batchSize(text)).toBe(size));

test.each([
  ['51', /at most 50/],
  ['1000000', /at most 50/],
  ['0', /whole number/],
  ['2.5', /whole number/],
])('--batch-size %j is refused', (text, says) => expect(() => batchSize(text)).toThrow(says));
