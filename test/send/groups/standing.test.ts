import { expect, it } from 'vitest';
import { foreseen, type Standing } from '../../../src/send/groups/groups.ts';

const FINE: Standing = { members: 10, adminsOnly: false, senderIsAdmin: true };
const NOT_ADMIN = 'the sending phone is not an admin: WhatsApp may refuse it';
const ADMINS_ONLY = 'the sending phone is not an admin, and only admins may add people';

it.each<[string, Partial<Standing>, number, string[]]>([
  ['all is well', {}, 40, []],
  ['just enough places', { members: 1014 }, 10, []],
  ['one place too few', { members: 1014 }, 11, ['10 places are left for 11 people: 1 will not fit']],
  ['one place', { members: 1023 }, 3, ['1 place is left for 3 people: 2 will not fit']],
  ['full', { members: 1024 }, 3, ['the group is full: 3 people will not fit']],
  ['full, for one', { members: 1024 }, 1, ['the group is full: 1 person will not fit']],
  ['more than full', { members: 2000 }, 2, ['the group is full: 2 people will not fit']],
  ['full, and nobody new', { members: 1024, senderIsAdmin: false }, 0, []],
  [
    'nothing told',
    { members: undefined, senderIsAdmin: undefined },
    2000,
    ['1024 places are left for 2000 people: 976 will not fit'],
  ],
  ['not an admin', { senderIsAdmin: false }, 1, [NOT_ADMIN]],
  ['not an admin, admins only', { senderIsAdmin: false, adminsOnly: true }, 1, [ADMINS_ONLY]],
  ['an admin, admins only', { adminsOnly: true }, 1, []],
  ['admins only, and nothing told', { adminsOnly: true, senderIsAdmin: undefined }, 1, []],
  [
    'both',
    { senderIsAdmin: false, members: 1024 },
    2,
    [NOT_ADMIN, 'the group is full: 2 people will not fit'],
  ],
])('%s', (_what, over, newcomers, expected) => {
  expect(foreseen({ ...FINE, ...over }, newcomers)).toEqual(expected);
});
