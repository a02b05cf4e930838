import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ChatId } from '../../../src/domain/words.ts';
import type { Answer } from '../../../src/send/api/answer.ts';
import { type Chat, parseChat } from '../../../src/send/groups/chats.ts';
import { parsePhones } from '../../../src/send/phones/phone-state.ts';
import { repeats } from '../../helpers.ts';
import { ANNA, answered, BORIS, broken, CARLA, UNSENT } from '../answers.ts';

const CHAT = '120363371308389685@g.us' as ChatId;
const GROUP = {
  chat_id: '120363371308389685@g.us',
  chat_type: 'group',
  chat_name: 'Cohort 7',
  member_count: 3,
  is_exited: false,
  add_members_admins_only: true,
  invite_link: 'https://chat.whatsapp.com/abc',
  members: {
    [`${ANNA}@c.us`]: { contact_id: `${ANNA}@c.us`, is_admin: true, contact_lid: '271828182845904@lid' },
    '5215512345678:3@s.whatsapp.net': null,
    '314159265358979@lid': { contact_id: '314159265358979@lid' },
  },
};

function chatWith(fields: object): Chat {
  const chat = parseChat(answered(200, { ...GROUP, ...fields }), CHAT);
  if (chat.kind !== 'chat') throw new Error(chat.kind);
  return chat;
}

test('a group as documented', () => {
  const chat = chatWith({});
  expect(chat).toMatchObject({
    name: 'Cohort 7',
    memberCount: 3,
    isExited: false,
    adminsOnly: true,
    inviteLink: 'https://chat.whatsapp.com/abc',
    members: { size: 2, withoutPhone: 1 },
  });
  const listed = [ANNA, '5215512345678', '525512345678', BORIS, '314159265358979', '271828182845904'].filter(
    (phone) => chat.members?.has(phone as typeof ANNA),
  );
  expect(listed).toEqual([ANNA, '5215512345678', '525512345678']);
});

test.each([
  ['a LID as key, the phone beside it', { '314159265358979@lid': { contact_id: `${BORIS}@c.us` } }, true],
  ['a LID as key, a phone field beside it', { '314159265358979@lid': { phone: BORIS } }, true],
  ['a list of ids', [`${BORIS}@c.us`], true],
  ['a list of members', [{ contact_id: `${BORIS}@c.us` }], true],
  ['a list of members with an id', [{ id: `${BORIS}@c.us` }, 5], true],
  ['an id of a database', { [`${ANNA}@c.us`]: { id: BORIS } }, false],
  ['somebody else', { [`${ANNA}@c.us`]: {} }, false],
  ['a LID, with a number', { '314159265358979@lid': { number: BORIS } }, true],
  ['a LID, with a number as a number', { '314159265358979@lid': { number: Number(BORIS) } }, true],
  [
    'a LID, with a number as people write it',
    { '314159265358979@lid': { number: `+${BORIS.slice(0, 2)} ${BORIS.slice(2, 7)}-${BORIS.slice(7)}` } },
    true,
  ],
  ['a LID, with id._serialized', { '314159265358979@lid': { id: { _serialized: `${BORIS}@c.us` } } }, true],
  [
    'a list, with id._serialized',
    [{ id: { user: BORIS, server: 'c.us', _serialized: `${BORIS}@c.us` } }],
    true,
  ],
  ['a LID in the list, with a number', [{ id: { _serialized: '314159265358979@lid' }, number: BORIS }], true],
  ['an id._serialized that is a LID', { x: { id: { _serialized: `${BORIS}@lid` } } }, false],
  ['a number that is the LID', { [`${BORIS}@lid`]: { number: BORIS, contact_id: BORIS } }, false],
  [
    'a number that is the LID, which stands beside it',
    { x: { contact_lid: `${BORIS}@lid`, number: BORIS } },
    false,
  ],
  ['a number that is the LID of a device', { [`${BORIS}:3@lid`]: { phone: BORIS } }, false],
  ['LIDs alone', { '314159265358979@lid': {} }, false],
])('members: %s', (_name, members, listed) => {
  expect(chatWith({ members }).members?.has(BORIS)).toBe(listed);
});

test.each([
  [null],
  [{}],
  [[]],
  ['many'],
  [7],
  [{ total: 3 }],
  [{ '120363371308389685@g.us': {} }],
  [[null, 3]],
])('members that tell nothing: %j', (members) => {
  expect(chatWith({ members }).members).toBeUndefined();
});

test.each([
  [{ member_count: '12' }, { memberCount: 12 }],
  [{ member_count: null }, { memberCount: undefined }],
  [{ member_count: true }, { memberCount: undefined }],
  [
    { chat_name: null, invite_link: 4 },
    { name: '', inviteLink: '' },
  ],
  [
    { is_exited: true, add_members_admins_only: 'yes' },
    { isExited: true, adminsOnly: false },
  ],
])('fields of another type do not spoil the rest: %j', (fields, expected) => {
  expect(chatWith(fields)).toMatchObject(expected);
});

test.each(['120363371308389686@g.us', ' 120363371308389686@G.US ', '905301234567-1574073754@g.us'])(
  'the answer about another group, %s, tells nothing of this one',
  (chat_id) => {
    expect(parseChat(answered(200, { ...GROUP, chat_id }), CHAT)).toMatchObject({ kind: 'nonsense' });
  },
);

test.each([' 120363371308389685@G.US', '120363371308389685', 7, null, undefined, 'chat-abc'])(
  'a chat_id that names no other group: %j',
  (chat_id) => expect(chatWith({ chat_id }).members?.has(ANNA)).toBe(true),
);

/** Both reads fail alike. */
test.each<[string, Answer, object]>([
  ['401', answered(401, 'no'), { kind: 'key_rejected', message: 'no' }],
  ['402', answered(402), { kind: 'payment' }],
  ['403', answered(403), { kind: 'forbidden', message: 'HTTP 403 without a message' }],
  ['404', answered(404, { message: 'no such chat' }), { kind: 'not_found', message: 'no such chat' }],
  ['302', answered(302), { kind: 'redirected' }],
  ['422', answered(422), { kind: 'nonsense' }],
  ['429', answered(429, '', { 'retry-after': '9' }), { kind: 'unavailable', why: 'throttled' }],
  ['503', answered(503), { kind: 'unavailable', why: 'unavailable' }],
  ['500', answered(500), { kind: 'unavailable', why: 'lost' }],
  ['no answer', broken(), { kind: 'unavailable', why: 'lost', message: 'no answer in time' }],
  ['half an answer', broken(200), { kind: 'unavailable', why: 'lost' }],
  ['half a refusal', broken(404), { kind: 'not_found' }],
  ['nothing sent', UNSENT, { kind: 'unavailable', why: 'unreachable' }],
  ['an empty body', answered(200), { kind: 'nonsense', message: 'an empty body' }],
  ['no JSON', answered(200, 'hello'), { kind: 'nonsense', message: 'hello' }],
  ['another object', answered(200, { ok: true }), { kind: 'nonsense' }],
  ['a list of nothing known', answered(200, [1, { ok: true }]), { kind: 'nonsense' }],
])('a read fails: %s', (_name, answer, expected) => {
  expect(parseChat(answer, CHAT)).toMatchObject(expected);
  expect(parsePhones(answer, '919876543210')).toMatchObject(expected);
});

// --- phones

const OURS = {
  is_ready: true,
  wa_state: 'CONNECTED',
  org_phone: '919876543210@c.us',
  phone_id: 'phone-ours',
};
const OTHER = { is_ready: false, wa_state: 'UNPAIRED', org_phone: '14155550100', phone_id: 'phone-other' };
const ready = {
  kind: 'phone',
  ready: true,
  state: 'CONNECTED',
  orgPhone: '919876543210',
  phoneId: 'phone-ours',
};

test.each<[string, unknown, string | undefined, object]>([
  ['a list', [OTHER, OURS], '919876543210', ready],
  ['a list under phones', { phones: [OTHER, OURS] }, '919876543210', ready],
  ['one object', OURS, '919876543210', ready],
  ['by phone id', [OTHER, OURS], 'phone-ours', ready],
  ['a number', { ...OURS, org_phone: 919876543210 }, '919876543210', ready],
  [
    'the only one, unnamed',
    { is_ready: true, wa_state: 'CONNECTED' },
    'phone-ours',
    { kind: 'phone', ready: true, phoneId: '' },
  ],
  ['no sender, one phone', [OURS], undefined, ready],
  ['no sender, two phones', [OURS, OTHER], undefined, { kind: 'unknown_phone' }],
  ['another phone', OTHER, '919876543210', { kind: 'unknown_phone' }],
  ['another phone id', [OTHER], 'phone-ours', { kind: 'unknown_phone' }],
  [
    'none of them',
    [OTHER, { ...OTHER, org_phone: '4915112345678' }],
    '919876543210',
    { kind: 'unknown_phone' },
  ],
  ['an empty list', [], '919876543210', { kind: 'unknown_phone' }],
  ['not ready', OTHER, '14155550100', { kind: 'phone', ready: false, state: 'UNPAIRED' }],
  [
    'the state alone',
    { wa_state: 'connected', phone_id: 'phone-ours' },
    'phone-ours',
    { kind: 'phone', ready: true },
  ],
  [
    'another state alone',
    { wa_state: 'OPENING', phone_id: 'phone-ours' },
    'phone-ours',
    { kind: 'phone', ready: false },
  ],
  ['no state at all', { phone_id: 'phone-ours' }, 'phone-ours', { kind: 'nonsense' }],
])('phones: %s', (_name, body, sender, expected) => {
  expect(parsePhones(answered(200, body), sender)).toMatchObject(expected);
});

test('whatever comes, both parsers answer', () => {
  const hostile = fc.record(
    {
      members: fc.oneof(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue())),
      chat_id: fc.jsonValue(),
      phones: fc.jsonValue(),
      org_phone: fc.jsonValue(),
      is_ready: fc.jsonValue(),
      ['__proto__']: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  const body = fc.oneof(
    fc.string(),
    fc.json(),
    hostile.map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 100, max: 599 }),
      fc.oneof(body, fc.constant('{"chat_id":1,"members":[{"id":{"toString":1}}]}')),
      (status, text) => {
        for (const code of [200, status]) {
          expect(parseChat(answered(code, text), CHAT).kind).toBeTypeOf('string');
          expect(parsePhones(answered(code, text), CARLA).kind).toBeTypeOf('string');
        }
      },
    ),
    { numRuns: repeats(1000) },
  );
});
