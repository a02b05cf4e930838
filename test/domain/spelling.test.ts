import { expect, test } from 'vitest';
import { nearest } from '../../src/lib/text.ts';

const key = (name: string) => name.toLowerCase().replace(/[^a-z]/g, '');

test.each([
  ['phnoe', 'Phone'],
  ['phon', 'Phone'],
  ['phonenumber', 'Phone'],
  ['fullnmae', 'Full Name'],
  ['name', 'Full Name'],
  ['emial', 'E-mail'],
  ['id', undefined],
  ['no', undefined],
  ['address', undefined],
  ['', undefined],
])('%j is %j', (word, name) => {
  expect(nearest(word, ['Phone', 'Full Name', 'E-mail', '', 'x'], key)).toBe(name);
});

test('of several the closest, of equals the first; of none none', () => {
  expect(nearest('ba', ['bab', 'baa', 'b'], key)).toBe('bab');
  expect(nearest('groups', ['grapes', 'group', 'groupid'], key)).toBe('group');
  expect(nearest('phone', [], key)).toBeUndefined();
});
