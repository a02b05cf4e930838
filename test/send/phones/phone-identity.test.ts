import { expect, it } from 'vitest';
import { identityOf, isSamePhone } from '../../../src/send/phones/phone-state.ts';

const ID = 'phone-bqzvyibhmwkaergr';
const phone = (orgPhone: string, phoneId: string) => ({
  ...({ kind: 'phone', ready: true, state: 'CONNECTED' } as const),
  orgPhone,
  phoneId,
});

it.each([
  ['by its number', '919876543210', '919876543210', ID, true],
  ['by its id', ID, '919876543210', ID, true],
  ['by another form of its number', '5215512345678', '525512345678', ID, true],
  ['another number', '919811111111', '919876543210', ID, false],
  ['another id', 'phone-aaaaaaaaaaaaaaaa', '919876543210', ID, false],
  ['no id', '919876543210', '919876543210', '', false],
  ['no number', ID, '', ID, false],
  ['an id that is none', '919876543210', '919876543210', '17', false],
])('%s', (_what, sender, orgPhone, phoneId, known) => {
  expect(identityOf(sender, phone(orgPhone, phoneId))).toEqual(
    known ? { number: orgPhone, id: phoneId } : undefined,
  );
});

it.each([
  ['919876543210', ID, true],
  ['919876543211', ID, false],
  ['919876543210', 'phone-aaaaaaaaaaaaaaaa', false],
])('%s and %s beside the known one', (number, id, same) => {
  expect(isSamePhone({ number: '919876543210', id: ID }, { number, id })).toBe(same);
});
