import { expect, it } from 'vitest';
import { parseChat } from '../../src/send/groups/chats.ts';
import { answered } from './answers.ts';
import { GROUP, SENDER } from './fakes.ts';

const NO = { is_admin: false };
const YES = { is_admin: true };

it.each<[string, unknown, boolean | undefined]>([
  ['its entry', { [`${SENDER}@c.us`]: NO, '919811111111@c.us': YES }, false],
  ['its entry, an admin', { [`${SENDER}@c.us`]: YES }, true],
  ['only a super admin', { [`${SENDER}@c.us`]: { is_admin: false, is_super_admin: true } }, true],
  ['another server', { [`${SENDER}@s.whatsapp.net`]: NO }, false],
  [
    'a LID with its number beside it',
    { '271828182845904@lid': { ...NO, contact_id: `${SENDER}@c.us` } },
    false,
  ],
  ['a list', [{ ...NO, contact_id: `${SENDER}@c.us` }], false],
  [
    'two entries, one of them an admin',
    [
      { ...NO, contact_id: `${SENDER}@c.us` },
      { ...YES, contact_id: `${SENDER}@c.us` },
    ],
    true,
  ],
  ['a LID alone with the same digits', { [`${SENDER}@lid`]: NO }, undefined],
  ['not listed', { '919811111111@c.us': NO }, undefined],
  ['not told', { [`${SENDER}@c.us`]: {} }, undefined],
  ['not a boolean', { [`${SENDER}@c.us`]: { is_admin: 'false' } }, undefined],
  ['no members', null, undefined],
])('%s', (_what, members, expected) => {
  const answer = answered(200, { chat_id: GROUP, chat_name: 'A group', members });
  expect(parseChat(answer, GROUP, SENDER)).toMatchObject({ senderIsAdmin: expected });
  expect(parseChat(answer, GROUP)).toMatchObject({ senderIsAdmin: undefined });
});
