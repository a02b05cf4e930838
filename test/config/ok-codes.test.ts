import { describe, expect, it } from 'vitest';
import { okCodes } from '../../src/config/values.ts';

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
