import { describe, expect, it } from 'vitest';
import { readChatCell, readSenderCell } from '../../src/cohort/cell.ts';
import { isBlankCountry, readCountryCell } from '../../src/cohort/phone/country.ts';
import { readPhoneCell, readPhoneCellOf } from '../../src/cohort/phone/phone-cell.ts';

/** A cell of any length is answered at once: no reader looks for its end again from each of its characters. */
const READERS: readonly (readonly [string, (cell: string) => unknown, unknown])[] = [
  ['a phone', (cell) => readPhoneCell(cell), { code: 'phone_not_a_number' }],
  ['a phone of India', (cell) => readPhoneCell(cell, 'IN'), { code: 'phone_not_a_number' }],
  ['a phone beside its country', (cell) => readPhoneCellOf(cell, 'IN'), { code: 'phone_not_a_number' }],
  ['a chat_id', readChatCell, { code: expect.stringMatching(/^chat_id_/) }],
  ['a sender', readSenderCell, { code: 'sender_unreadable' }],
];
const PARTS = ['1 ', '+1', '"', "'", '(', '0 ', '٩ ', '-', '=', '@', '1.', '1,', ' "', '(0) ', 'tel:', 'a1 '];

describe.each(READERS)('%s', (_what, read, answer) => {
  it.each(PARTS)('of “%s” many times', (part) => {
    const start = performance.now();
    for (const cell of [part.repeat(60_000), `+919874532466 ${part.repeat(60_000)}`])
      expect(read(`${cell}x`)).toMatchObject(answer as object);
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});

it.each([...PARTS, ' ', '\t', '\n'])('a country of “%s” many times is none', (part) => {
  const start = performance.now();
  expect(readCountryCell(part.repeat(60_000))).toBeUndefined();
  expect(isBlankCountry(`${part.repeat(60_000)}x`)).toBe(false);
  expect(performance.now() - start).toBeLessThan(1_000);
});
