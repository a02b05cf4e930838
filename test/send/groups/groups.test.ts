import { describe, expect, it } from 'vitest';
import { EXIT } from '../../../src/domain/errors.ts';
import { createGroups, foreseen, SharedKnowledge, type Standing } from '../../../src/send/groups/groups.ts';
import { answered, broken, UNSENT } from '../answers.ts';
import { GROUP, group, OTHER, person, type Script, stage, tick } from '../fakes.ts';

describe('reading a group', () => {
  it('knows its members and its name', async () => {
    const on = stage({ chat: () => group([person(1)]) });
    expect(on.groups.lists(GROUP, person(1))).toBe(false);
    expect(await on.groups.read(GROUP)).toBe('read');
    expect([on.groups.lists(GROUP, person(1)), on.groups.lists(GROUP, person(2))]).toEqual([true, false]);
    expect(on.groups.lists(OTHER, person(1))).toBe(false);
    expect([on.groups.name(GROUP), on.groups.name(OTHER)]).toEqual(['A group', '']);
    expect(on.settled).toEqual(['group A group']);
  });

  it.each([
    ['HTTP 500', answered(500)],
    ['HTTP 404', answered(404)],
    ['nonsense', answered(200, ['nonsense'])],
    ['a lost answer', broken()],
    ['another group', answered(200, { chat_id: OTHER, members: { [`${person(1)}@c.us`]: {} } })],
    ['members: null', answered(200, { chat_id: GROUP, members: null })],
  ])('%s: is told, and no reason to stop', async (_what, answer) => {
    const on = stage({ chat: () => answer });
    expect(await on.groups.read(GROUP)).toBe('unreadable');
    expect(on.control.stopped).toBe(false);
    expect(on.lines.join()).toMatch(/^warn .*going on without/);
    expect(on.groups.lists(GROUP, person(1))).toBe(false);
  });

  it('keeps what it knew when a later reading fails', async () => {
    const answers = [group([person(1)]), answered(500)];
    const on = stage({ chat: () => answers.shift()! });
    await on.groups.read(GROUP);
    expect(await on.groups.read(GROUP)).toBe('unreadable');
    expect(on.groups.lists(GROUP, person(1))).toBe(true);
  });

  it('the key rejected: the run stops, and nothing was read', async () => {
    const on = stage({ chat: () => answered(401) });
    expect(await on.groups.read(GROUP)).toBe('not_read');
    expect(on.control.reason).toMatchObject({ exit: EXIT.safety, code: 'key_rejected' });
  });

  it('out of reach: nothing was read', async () => {
    const on = stage({ chat: () => UNSENT });
    expect(await on.groups.read(GROUP)).toBe('not_read');
    expect(on.control.reason).toMatchObject({ code: 'api_unreachable' });
  });

  it('two at once are one request', async () => {
    const on = stage({
      chat: async () => {
        await tick();
        return group([]);
      },
    });
    expect(await Promise.all([on.groups.read(GROUP), on.groups.read(GROUP)])).toEqual(['read', 'read']);
    expect(on.calls).toEqual(['chat']);
    await on.groups.read(GROUP);
    expect(on.calls).toHaveLength(2);
  });

  it('says that the phone has left it', async () => {
    const on = stage({
      chat: () => answered(200, { chat_id: GROUP, is_exited: true, members: { '1@c.us': {} } }),
    });
    await on.groups.read(GROUP);
    expect(on.lines.join()).toMatch(/seems to have left this group/);
  });
});

it('a group that is closed stays closed, for its first reason', () => {
  const on = stage();
  expect(on.groups.closure(GROUP)).toBeUndefined();
  on.groups.close(GROUP, { reasonCode: 'group_full', message: 'full' });
  on.groups.close(GROUP, { reasonCode: 'not_admin', message: 'later' });
  expect(on.groups.closure(GROUP)).toEqual({ reasonCode: 'group_full', message: 'full' });
  expect(on.groups.closure(OTHER)).toBeUndefined();
});

describe('several phones', () => {
  const two = (script: Script) => {
    const on = stage(script);
    const shared = new SharedKnowledge();
    const make = () => createGroups(on.gateway, on.client, on.events, on.control, on.log, shared);
    return [make(), make()] as const;
  };

  it('a member that one of them has read is a member', async () => {
    const [one, other] = two({ chat: () => group([person(1)]) });
    await one.read(GROUP);
    expect([other.lists(GROUP, person(1)), other.lists(GROUP, person(2))]).toEqual([true, false]);
    expect(other.lists(OTHER, person(1))).toBe(false);
  });

  it('what is full for one is full for all; what refuses one refuses that one', () => {
    const [one, other] = two({});
    const full = { reasonCode: 'group_full', message: 'full' } as const;
    one.close(GROUP, full);
    one.close(OTHER, { reasonCode: 'not_admin', message: 'no' });
    expect([other.closure(GROUP), other.closure(OTHER)]).toEqual([full, undefined]);
    expect(one.closure(OTHER)?.reasonCode).toBe('not_admin');
  });
});

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
])('foreseen: %s', (_what, over, newcomers, expected) => {
  expect(foreseen({ ...FINE, ...over }, newcomers)).toEqual(expected);
});
