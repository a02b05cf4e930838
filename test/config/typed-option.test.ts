import { describe, expect, it, test } from 'vitest';
import { batchSize, country, okCodes } from '../../src/config/typed-option.ts';

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

describe('--ok-codes', () => {
  it.each([
    ['4', [4]],
    ['4,75', [4, 75]],
    [' 4 , 75 ', [4, 75]],
    ['75,4,75', [75, 4]],
    ['5,6,130,143', [5, 6, 130, 143]],
  ])('reads %s', (text, codes) => {
    expect(okCodes(text)).toEqual(codes);
  });

  it.each(['1', '2', '3', '4,2'])('does not hide that nothing can be sent: %s', (text) => {
    expect(() => okCodes(text)).toThrow(/means that nothing can be sent/);
  });

  it.each([
    '',
    ',',
    '0',
    '4,',
    '04',
    '4.0',
    '+4',
    '-4',
    '7',
    '255',
    '256',
    '4;75',
    '4 75',
    'all',
    '4,4e0',
    '٤',
  ])('refuses “%s”, and says what there is', (text) => {
    expect(() => okCodes(text)).toThrow(/cannot end as 0; give some of 4, 5, 6, 75, 130, 143/);
  });
});
