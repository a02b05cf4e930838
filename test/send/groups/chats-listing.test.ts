import { describe, expect, it } from 'vitest';
import { EXIT } from '../../../src/domain/errors.ts';
import type { Answer } from '../../../src/send/api/answer.ts';
import { listGroups } from '../../../src/send/groups/chats.ts';
import { answered } from '../answers.ts';
import { GROUP, OTHER, SENDER, stage } from '../fakes.ts';

const group = (chat_id: string, fields: object = {}) => ({ chat_id, chat_name: 'Batch A', ...fields });
const page = (chats: readonly unknown[], fields: object = {}) =>
  answered(200, { from: 0, to: chats.length, count: chats.length, chats, ...fields });

async function list(answers: readonly (() => Answer)[], sender: string | undefined = SENDER) {
  const on = stage({});
  const asked: unknown[] = [];
  const client = {
    groups: async (at: object) => {
      asked.push(at);
      return { ...(answers[asked.length - 1] ?? (() => answered(500)))(), sentAt: 0, answeredAt: 0 };
    },
  };
  const listing = await listGroups({ gateway: on.gateway, client, control: on.control, sender });
  return { ...on, listing, asked };
}

const ids = (from: number, many: number) =>
  Array.from({ length: many }, (_, i) => group(`${String(120363000000000000 + 100 * (from + i))}@g.us`));

describe('the list of groups', () => {
  it('tells what is known of each', async () => {
    const members = { [`${SENDER}@c.us`]: { is_admin: true }, '919870001001@c.us': { is_admin: false } };
    const chats = [
      group(GROUP, { member_count: 2, members, invite_link: 'https://chat.whatsapp.com/x' }),
      group(OTHER, { member_count: 1024, members: null, is_exited: true, chat_name: null }),
      group('919870001001@c.us'),
    ];
    const { listing, asked } = await list([() => page(chats)]);
    expect(listing).toEqual({
      kind: 'groups',
      groups: [
        {
          ...{ chatId: GROUP, name: 'Batch A', members: 2, placesLeft: 1022, isAdmin: true, isExited: false },
          inviteLink: 'https://chat.whatsapp.com/x',
        },
        {
          ...{ chatId: OTHER, name: '', members: 1024, placesLeft: 0, isAdmin: undefined, isExited: true },
          inviteLink: '',
        },
      ],
    });
    expect(asked).toEqual([{ offset: 0, limit: 2_000 }]);
  });

  it('of a phone that is named by its id, by the number that the list names', async () => {
    const members = { [`${SENDER}@c.us`]: { is_admin: false } };
    const { listing } = await list(
      [() => page([group(GROUP, { org_phone: `${SENDER}@c.us`, members })])],
      undefined,
    );
    expect(listing).toMatchObject({ groups: [{ isAdmin: false }] });
  });

  it.each([
    ['the place of the first', (from: number) => ({ from })],
    ['nothing but how many there are', () => ({ from: undefined })],
  ])('pages are read to the end, where each tells %s', async (_what, fields) => {
    const all = ids(0, 2_500);
    const { listing, asked } = await list([
      () => page(all.slice(0, 2_000), { count: 2_500, ...fields(0) }),
      () => page(all.slice(2_000), { count: 2_500, ...fields(2_000) }),
    ]);
    expect(listing).toMatchObject({ kind: 'groups', groups: { length: 2_500 } });
    expect(asked).toEqual([
      { offset: 0, limit: 2_000 },
      { offset: 2_000, limit: 2_000 },
    ]);
  });

  it('without a count, a page that is not full is the last', async () => {
    const none = { count: undefined, from: undefined };
    const { listing, asked } = await list([() => page(ids(0, 2_000), none), () => page(ids(2_000, 1), none)]);
    expect(listing).toMatchObject({ groups: { length: 2_001 } });
    expect(asked).toHaveLength(2);
  });

  it.each<[string, () => Answer, Answer | undefined, RegExp, number]>([
    [
      'the same page again',
      () => page(ids(0, 3), { count: 5 }),
      page(ids(0, 3), { count: 5 }),
      /there are more/,
      75,
    ],
    ['a server error', () => answered(500, 'oops'), undefined, /oops/, 75],
    ['no such endpoint', () => answered(404, { message: 'Cannot GET /chats' }), undefined, /Cannot GET/, 5],
    ['no list', () => answered(200, { chats: null }), undefined, /chats/, 5],
    ['an entry that could be any group', () => page([{ chat_name: 'Batch A' }]), undefined, /./, 5],
    [
      'a phone that it refuses',
      () =>
        answered(422, { message: 'Validation failed', fields: { 'x-phone': { message: 'invalid phone' } } }),
      undefined,
      /x-phone: invalid phone/,
      5,
    ],
  ])('is whole, or there is none: %s', async (_what, first, then, why, exit) => {
    const { listing } = await list([first, () => then ?? answered(500)]);
    expect(listing).toMatchObject({ kind: 'unlisted', why: expect.stringMatching(why), exit });
  });

  it('a key that is refused stops it', async () => {
    const { listing, control } = await list([() => answered(401, { message: 'Invalid API key' })]);
    expect(listing).toEqual({ kind: 'not_read' });
    expect(control.reason).toMatchObject({ exit: EXIT.safety, code: 'key_rejected' });
  });
});
