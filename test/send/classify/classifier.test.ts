import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Participant } from '../../../src/domain/words.ts';
import { type AskResult, classify } from '../../../src/send/classify/classifier.ts';
import { anyCharacter } from '../../any-character.ts';
import { repeats } from '../../helpers.ts';
import { ANNA, answered, BORIS, broken, CARLA, UNSENT } from '../answers.ts';

const KEY = `${ANNA}@c.us`;

function outcomeOf(value: unknown): string {
  const result = classify(answered(200, { [KEY]: value }), [ANNA]);
  if (result.kind !== 'outcomes') return result.kind;
  const [done] = result.outcomes;
  if (done !== undefined) {
    const { status, reasonCode } = done.outcome;
    return [status, reasonCode, done.effect && `closes: ${done.effect}`].filter(Boolean).join(' ');
  }
  if (result.throttled.length > 0) return 'throttled';
  return result.inDoubt[0]?.perhapsFull ? 'in doubt, perhaps full' : 'in doubt';
}

const NO = { is_success: false };
const YES = { is_success: true };

/** The rows of api/FACTS.md, "Answer → status": [expected, codes alone, words alone]. */
const FACTS: readonly [string, readonly number[], readonly string[]][] = [
  [
    'failed not_on_whatsapp',
    [404],
    [
      'The phone number is not registered on WhatsApp',
      'not on WhatsApp',
      "This number isn't on WhatsApp",
      'This number has no WhatsApp account',
    ],
  ],
  [
    'failed privacy_blocked',
    [403],
    ['The participant can be added by sending private invitation only', 'The number was restricted'],
  ],
  [
    'failed recently_left',
    [408],
    ['You cannot add this participant because they have recently left the group', 'left the group recently'],
  ],
  [
    'failed not_admin closes: not_admin',
    [],
    [
      'You have no admin rights to add participants to a group',
      'AddParticipantsError: You have no admin rights',
      'not-authorized',
      'Not authorized',
    ],
  ],
  ['failed refused_by_person', [401], []],
  ['failed removed_by_admin', [402], ['This person was removed by an admin']],
  [
    'failed sender_not_in_group closes: sender_not_in_group',
    [],
    [
      'forbidden',
      'You’re not a member',
      "You're not a member of this group",
      'You are no longer a participant',
    ],
  ],
  [
    'failed chat_not_found closes: chat_not_found',
    [],
    ['item-not-found', 'This group has ended', "The participant can't be added to an empty group"],
  ],
  ['failed not_acceptable', [406], ['not-acceptable']],
  [
    'failed community_blocked',
    [417, 416],
    [
      "The participant can't be added to the community. You can invite them privately to join this group through its invite link",
      'can’t be added to the community',
      'This action is not available',
    ],
  ],
  [
    'failed group_full closes: group_full',
    [419],
    [
      "The participant can't be added because the group is full",
      'This group is full',
      'The community is full',
    ],
  ],
  [
    'invited pending_approval',
    [421],
    [
      'awaiting approval',
      'Pending admin approval',
      'awaiting approval by a group admin',
      'Already requested',
    ],
  ],
  [
    'throttled',
    [429],
    [
      'rate-overlimit',
      'You are adding too many contacts to groups too quickly',
      "You can't add more members right now",
    ],
  ],
  [
    'in doubt',
    [400, 428, 440, 503, 515, 530, 502, 504, 599],
    [
      'An unknown error',
      'An unknown error occupied while adding a participant',
      'Timed Out',
      'Request timeout',
      'Connection was lost',
      'Connection Closed',
      'Session closed. Most likely the page has been closed.',
      'service-unavailable',
      'Phone is not connected',
    ],
  ],
  ['in doubt, perhaps full', [500], []],
  ['already_member', [409], ['The participant is already a group member', 'already in the group']],
];

/** Codes of the engines, each beside words of another row. */
const CODES = [400, 401, 403, 404, 408, 409, 417, 419, 421, 429];

const rows = FACTS.flatMap(([expected, codes, texts]): [string, object][] => [
  ...codes.flatMap((code): [string, object][] =>
    [code, String(code), ` ${code} `].flatMap((written): [string, object][] => [
      [expected, { ...NO, code: written }],
      [expected, { ...NO, code: written, message: '' }],
      [expected, { ...NO, code: written, message: null, isInviteV4Sent: false }],
      [expected, { ...NO, code: written, message: 'Failed to add participant' }],
    ]),
  ),
  ...texts.flatMap((message): [string, object][] => [
    ...[message, message.toUpperCase(), message.toLowerCase()].map((cased): [string, object] => [
      expected,
      { ...NO, message: cased },
    ]),
    ...CODES.map((code): [string, object] => [expected, { ...NO, code, message }]),
  ]),
]);

test.each(rows)('%s: %j', (expected, value) => {
  expect(outcomeOf(value)).toBe(expected);
});

test.each([
  ['invited', { ...YES, isInviteV4Sent: true }],
  ['invited', { ...NO, isInviteV4Sent: true, code: 403 }],
  ['invited', { ...NO, isInviteV4Sent: true, code: 500, message: 'An unknown error' }],
  ['invited', { ...YES, isInviteV4Sent: 'true' }],
  ['invited', { ...YES, message: 'Invite sent to participant' }],
  ['invited', { ...YES, message: 'INVITATION LINK WAS SENT' }],
  ['invited', { ...YES, message: 'A group invite has been sent', code: 200 }],
  ['invited', { ...NO, message: 'Could not be added. Invite sent.', code: 403 }],
  ['invited', { ...YES, message: 'The participant was sent a private invite' }],
  // Beside a success any form of "invit…".
  ['invited', { ...YES, message: 'Invite queued' }],
  ['invited', { ...YES, message: 'Invited', code: '200' }],
  ['invited', { ...YES, message: 'INVITE WILL BE SENT' }],
  ['invited', { ...YES, message: 'The participant has been invited' }],
  ['invited', { ...YES, message: 'Inviting participant' }],
  ['invited', { ...YES, message: 'invitation pending' }],
  ['invited', { ...YES, message: 'Could not be added, so an invite was queued' }],
  ['invited', { ...YES, message: 'We have invited them to join' }],
  ['added', { ...YES, code: 200 }],
  ['added', { ...YES, code: '200' }],
  ['added', { ...YES, code: 200, message: 'Done' }],
  ['added', { ...YES, message: 'The participant was Added Successfully' }],
  ['added', { ...YES, message: 'Successfully added', isInviteV4Sent: false }],
  ['added', { ...YES, message: 'Added successfully, no invite needed', code: 200 }],
  ['already_member', { ...YES, message: 'Already in the group' }],
  ['already_member', { ...YES, code: 409 }],
  ['invited pending_approval', { ...YES, code: 421 }],
  ['invited pending_approval', { ...YES, message: 'Request is awaiting approval' }],
  // Throttled people are asked again: after a success that could be a second invite.
  ['in doubt', { ...YES, message: 'Rate-Overlimit' }],
  ['in doubt', { ...YES, message: 'Participant added. Rate limit: 9 left' }],
  ['in doubt', { ...YES, code: 429 }],
  ['in doubt', { ...NO, message: 'Internal Server Error' }],
  ['in doubt', { ...NO, message: 'socket hang up' }],
  // Words under another name than the documented one.
  ['in doubt', { ...NO, error: 'Timed Out' }],
  ['in doubt', { ...NO, message: '', error: { message: 'Connection Closed' } }],
  ['failed not_on_whatsapp', { ...NO, error: 'The number is not registered on WhatsApp' }],
  [
    'failed not_admin closes: not_admin',
    { ...NO, message: null, error: 'AddParticipantsError: You have no admin rights' },
  ],
  ['in doubt', { ...YES, error: 'Session closed' }],
  ['added unconfirmed', { ...YES, error: null }],
  ['added unconfirmed', { ...YES, error: false }],
  ['failed privacy_blocked', { ...NO, code: 403, error: true }],
  ['added unconfirmed', YES],
  ['added unconfirmed', { ...YES, message: 'Done', code: 207 }],
  ['added unconfirmed', { ...YES, isInviteV4Sent: false, code: null, extra: [1] }],
  ['invited', { ...YES, message: 'Invited. Please remind them to accept' }],
  ['invited', { ...YES, message: 'They were invited and must accept the invite' }],
  ['invited', { ...YES, message: 'Invited to join via link' }],
  ['invited', { ...YES, message: 'Invite link generated' }],
  ['added', { ...YES, message: 'Added successfully, you can invite others', code: 200 }],
  ['added', { ...YES, message: 'Done, no manual action needed', code: 200 }],
  // A denied invite, and one that is only spoken of, is none.
  ['added unconfirmed', { ...YES, message: 'Done, no invite needed' }],
  ['added unconfirmed', { ...YES, message: 'Done without an invite' }],
  ['added unconfirmed', { ...YES, message: 'An invite was not required' }],
  ['added', { ...YES, code: 200, message: 'Done, no invite needed' }],
  ['in doubt', { ...YES, message: 'The participant could not be invited' }],
  ['in doubt', { ...YES, message: 'The invite could not be delivered' }],
  ['in doubt', { ...YES, message: 'Failed to invite' }],
  ['in doubt', { ...YES, message: 'The participant was not added' }],
  ['in doubt', { ...YES, code: 200, message: 'Nobody was added' }],
  ['in doubt', { ...YES, code: 200, message: 'It was not possible to add the participant' }],
  ['in doubt', { ...YES, code: 200, message: 'WhatsApp did not add this person' }],
  ['in doubt', { ...YES, code: 200, message: 'Adding this person isn’t allowed' }],
  // The code contradicts the success.
  ['in doubt', { ...YES, code: 403 }],
  ['in doubt', { ...YES, code: 404 }],
  ['in doubt, perhaps full', { ...YES, code: 500 }],
  ['in doubt', { ...NO, code: 200 }],
  // Words that no row has.
  ['failed other', NO],
  ['failed other', { ...NO, message: 'Nope' }],
  ['failed other', { ...NO, message: 'Nope', code: 403 }],
  ['failed other', { ...NO, message: 'Nope', code: 404 }],
  ['in doubt', { ...NO, message: 'Nope', code: 408 }],
  ['failed refused_by_person', { ...NO, message: 'Nope', code: 401 }],
  ['in doubt, perhaps full', { ...NO, message: 'An unknown error', code: 500 }],
  ['in doubt, perhaps full', { ...NO, message: 'Internal error', code: '500' }],
  ['failed group_full closes: group_full', { ...NO, message: 'This group is full', code: 500 }],
  ['failed other', { ...NO, message: 'The participant is not a member of your contacts' }],
  // Never a bare "invit", nor an invite that was not sent.
  ['failed other', { ...NO, message: 'You can invite them through the invite link' }],
  ['failed other', { ...NO, message: 'Invite queued' }],
  ['failed other', { ...NO, message: 'No invite sent' }],
  ['failed other', { ...NO, message: 'Invite could not be sent' }],
  ['failed other', { ...NO, message: 'The invite wasn’t sent' }],
  ['failed other', { ...NO, message: 'Failed to invite. The request was sent' }],
  ['failed other', { ...NO, message: 'Not sent an invite' }],
  ['failed other', { ...NO, message: 'An invite will be sent only by admins' }],
  ['failed other', { ...NO, message: 'The participant was not added successfully' }],
  ['failed other', { ...NO, message: 'The participant is not already in the group' }],
  // Without a word on success there is no word at all.
  ['in doubt', { message: 'Invite sent to participant' }],
  ['in doubt', { is_success: 'true', message: 'Invite sent' }],
  ['in doubt', { is_success: 1 }],
  ['in doubt', {}],
  ['in doubt', null],
  ['in doubt', true],
  ['in doubt', 'Invite sent to participant'],
  ['in doubt', [YES]],
])('%s: %j', (expected, value) => {
  expect(outcomeOf(value)).toBe(expected);
});

/** Words beyond those of api/FACTS.md that say the same. */
test.each([
  ['already_member', 'Participant already in group'],
  ['already_member', 'The person already exists in this group'],
  ['already_member', 'They are already in the community'],
  ['already_member', 'Participant has already been added to the group.'],
  ['already_member', 'Already added'],
  ['throttled', 'Already added too many contacts to groups too quickly'],
  ['failed not_on_whatsapp', 'Invalid WhatsApp number'],
  ['failed not_on_whatsapp', 'Not a valid WhatsApp account'],
  ['failed not_admin closes: not_admin', 'The phone is not an admin of this group'],
  ['failed not_admin closes: not_admin', 'Sender is not a group admin'],
  ['failed not_admin closes: not_admin', 'You must be an admin to add participants'],
  ['failed not_admin closes: not_admin', 'Group admin permission required'],
  ['failed sender_not_in_group closes: sender_not_in_group', 'You were removed from this group'],
  ['failed chat_not_found closes: chat_not_found', 'This group doesn’t exist'],
  ['failed chat_not_found closes: chat_not_found', 'The group has been deleted'],
  ['failed not_acceptable', 'Not acceptable'],
  ['invited pending_approval', 'Needs admin approval: awaiting admin approval'],
  ['in doubt', 'Logged out'],
  ['in doubt', 'Navigation failed because browser has disconnected!'],
  ['in doubt', 'Client is not ready'],
  ['in doubt', 'Device is offline'],
  ['in doubt', 'Bad session'],
  ['in doubt', 'TimeoutError: waiting for function failed'],
  ['in doubt', 'TIMED_OUT'],
  ['in doubt', 'Most likely the page has been closed'],
  ['in doubt', 'Something went wrong'],
  ['in doubt', 'Internal error'],
  ['failed other', 'The participant has not already been added'],
  ['failed other', 'Needs admin approval'],
])('%s: %s', (expected, message) => {
  for (const cased of [message, message.toUpperCase(), message.toLowerCase()])
    for (const code of [undefined, ...(expected === 'failed other' ? [] : [401, '403'])])
      expect(outcomeOf({ ...NO, code, message: cased }), `${code} ${cased}`).toBe(expected);
});

/** Words that deny `is_success`. */
test.each([
  ...FACTS.filter(([expected]) => expected.startsWith('failed')).flatMap(([, , texts]) =>
    texts.map((message): [string, object] => ['in doubt', { ...YES, message }]),
  ),
  ['in doubt', { ...YES, message: 'Forbidden', code: 200 }],
  ['in doubt', { ...NO, message: 'The participant was added successfully' }],
  ['in doubt', { ...NO, message: 'Successfully added', code: '403' }],
  ['invited', { ...YES, message: 'Could not be added because of privacy settings; invite queued' }],
  ['invited', { ...YES, message: 'PRIVACY SETTINGS: INVITED INSTEAD' }],
  ['invited', { ...YES, message: 'Recently left the group, so the invite was queued' }],
  ['in doubt', { ...YES, message: 'Privacy settings: please invite manually' }],
  ['in doubt', { ...YES, message: 'Privacy settings: no invite was queued' }],
  ['in doubt', { ...YES, message: 'forbidden '.repeat(150) }],
])('words against is_success: %s: %j', (expected, value) => {
  expect(outcomeOf(value)).toBe(expected);
});

/** A success that leaves the invite to somebody: nobody was added, and nobody invited. */
const BY_HAND = [
  'Please invite manually',
  'Please invite this person manually',
  'Invite them manually',
  'Could not be added, please invite manually',
  'Please send the invite link to them yourself',
  'Send them the invite link',
  'Share the group invite link with this person',
  'Use the invite link',
  'They can be invited later',
  'The participant must be invited',
  'This person needs to be invited by hand',
  'You have to invite this person',
  'Manual invite required',
  'Invitation required',
  'An invite is needed',
  'Requires an invite',
  'The person should be invited by an admin',
  'They can join via the invite link',
  'Ask them to join through the group link',
  'Add them manually',
  'Must be added by hand',
  'Try to invite them',
  'Kindly invite the participant',
  'Action required: invite',
  'Invitation must be sent manually',
  'An invite should be sent by you',
  'Invite generated; send it yourself',
  'Invite link available, please share',
  'Use https://chat.whatsapp.com/x to invite',
  'Invite this user privately',
  'Participant can only be invited',
  'This person is to be invited',
  'Ask an admin to invite them',
  'Ask an admin to add them',
  'Needs to be added by an admin',
  'They must join themselves',
  'Only contacts can add this participant',
  'Manual action required',
  'Invite skipped',
  'Invite not sent',
  'Por favor invite manualmente',
];

test.each(BY_HAND)('a success that leaves the invite to somebody is in doubt: %s', (message) => {
  for (const cased of [message, message.toUpperCase(), message.toLowerCase()])
    for (const code of [200, '200', undefined, 207])
      expect(outcomeOf({ ...YES, code, message: cased }), `${code} ${cased}`).toBe('in doubt');
});

/** Codes as the engines name them: of the same row as their numbers and texts. */
test.each([
  ['failed not_admin closes: not_admin', 'not-authorized'],
  ['failed sender_not_in_group closes: sender_not_in_group', 'forbidden'],
  ['failed chat_not_found closes: chat_not_found', 'item-not-found'],
  ['failed not_acceptable', 'not-acceptable'],
  ['failed group_full closes: group_full', 'group-full'],
  ['failed recently_left', 'recently-left'],
  ['failed not_on_whatsapp', 'not-on-whatsapp'],
  ['already_member', 'conflict'],
  ['throttled', 'rate-overlimit'],
  ['in doubt', 'bad-request'],
  ['in doubt', 'request-timeout'],
  ['in doubt', 'timed-out'],
  ['in doubt', 'connection-closed'],
  ['in doubt', 'connection-lost'],
  ['in doubt', 'connection-replaced'],
  ['in doubt', 'restart-required'],
  ['in doubt', 'service-unavailable'],
  ['in doubt', 'unavailable-service'],
  ['in doubt', 'unknown-error'],
  ['in doubt, perhaps full', 'internal-server-error'],
  ['failed other', 'something-else'],
  ['failed other', ''],
])('%s: the code %j', (expected, code) => {
  const camel = code.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  const title = camel.charAt(0).toUpperCase() + camel.slice(1);
  const snake = code.replaceAll('-', '_');
  const spaced = code.replaceAll('-', ' ');
  const written = [code, code.toUpperCase(), snake, snake.toUpperCase(), spaced, ` ${code} `, camel, title];
  for (const cell of [...written, { text: code }, [code]])
    for (const message of [undefined, '', 'Failed to add participant'])
      expect(outcomeOf({ ...NO, code: cell, message }), JSON.stringify(cell)).toBe(expected);
});

test.each([
  // The words of the message go first, and a success that the code denies is in doubt.
  ['failed not_on_whatsapp', { ...NO, code: 'forbidden', message: 'not on WhatsApp' }],
  ['failed sender_not_in_group closes: sender_not_in_group', { ...NO, code: 'forbidden', message: 'Nope' }],
  ['in doubt', { ...YES, code: 'forbidden' }],
  ['in doubt', { ...YES, code: 'not-authorized', message: 'Done' }],
  ['in doubt', { ...YES, code: 'rate-overlimit' }],
  ['in doubt', { ...YES, code: 'bad-request' }],
  ['added unconfirmed', { ...YES, code: 'OK' }],
  ['added', { ...YES, code: 'ok', message: 'Added successfully' }],
  ['invited', { ...YES, code: 'INVITE_SENT' }],
  ['invited pending_approval', { ...YES, code: 'PENDING_APPROVAL' }],
  ['already_member', { ...YES, code: 'conflict' }],
  // The number beside the word, or within a value.
  ['failed sender_not_in_group closes: sender_not_in_group', { ...NO, code: '403 Forbidden' }],
  ['failed not_admin closes: not_admin', { ...NO, code: { code: 401, text: 'not-authorized' } }],
  ['failed privacy_blocked', { ...NO, code: 'HTTP 403' }],
  ['failed privacy_blocked', { ...NO, code: 'ERR_403' }],
  ['failed privacy_blocked', { ...NO, code: '403.0' }],
  ['in doubt', { ...NO, code: 'E408', message: 'Nope' }],
  ['failed other', { ...NO, code: '919537851403' }],
  ['failed other', { ...NO, code: null }],
])('a code in words: %s: %j', (expected, value) => {
  expect(outcomeOf(value)).toBe(expected);
});

test('the code is the message where there is no other', () => {
  const result = classify(answered(200, { [KEY]: { ...NO, code: 'item-not-found' } }), [ANNA]);
  expect(result).toMatchObject({ outcomes: [{ outcome: { message: 'item-not-found' } }] });
});

/** [body, what it says of one person, what it says of each of two] */
test.each<[unknown, string, string]>([
  ['"AddParticipantsError: You have no admin rights to add participants"', 'not_admin', 'not_admin'],
  ['AddParticipantsError: You have no admin rights', 'not_admin', 'not_admin'],
  [{ message: 'AddParticipantsError: You have NO ADMIN RIGHTS' }, 'not_admin', 'not_admin'],
  [{ error: 'forbidden', status: 200 }, 'sender_not_in_group', 'sender_not_in_group'],
  [{ error: { message: 'item-not-found' } }, 'chat_not_found', 'chat_not_found'],
  [
    { message: "AddParticipantsError: The participant can't be added to an empty group" },
    'chat_not_found',
    'chat_not_found',
  ],
  ['"This group is full"', 'group_full', 'group_full'],
  [{ message: 'rate-overlimit' }, 'throttled', 'throttled'],
  ['"The phone number is not registered on WhatsApp"', 'not_on_whatsapp', 'in doubt'],
  ['"Invite sent to participant"', 'invited', 'in doubt'],
  [{ message: 'An unknown error' }, 'in doubt', 'in doubt'],
  ['"Session closed"', 'in doubt', 'in doubt'],
  ['"Request accepted"', 'in doubt', 'in doubt'],
  [{ is_success: true, message: 'Done' }, 'in doubt', 'in doubt'],
  [{ is_success: false, message: 'Nope' }, 'in doubt', 'in doubt'],
  // About somebody else, though it has a message.
  [{ message: 'forbidden', '4915112345678@c.us': { is_success: true } }, 'in doubt', 'in doubt'],
  // A page, or a proxy's text, is nobody's verdict.
  ['<html><body>Forbidden</body></html>', 'in doubt', 'in doubt'],
  ['Forbidden', 'in doubt', 'in doubt'],
])('a verdict on the whole ask: %j', (body, one, each) => {
  const told = (people: readonly Participant[]) => {
    const result = classify(answered(200, body), people);
    if (result.kind !== 'outcomes') return [result.kind === 'in_doubt' ? 'in doubt' : result.kind];
    return [
      ...result.outcomes.map(({ outcome }) => outcome.reasonCode || outcome.status),
      ...result.inDoubt.map(() => 'in doubt'),
      ...result.throttled.map(() => 'throttled'),
    ];
  };
  expect(told([ANNA])).toEqual([one]);
  expect(new Set(told([ANNA, BORIS]))).toEqual(new Set([each]));
});

test('an answer about somebody else is in doubt, whatever it says', () => {
  for (const key of [`${BORIS}@c.us`, `${BORIS}@s.whatsapp.net`, BORIS, '919537851845@c.us']) {
    expect(classify(answered(200, { [key]: { ...YES, code: 200 } }), [ANNA])).toMatchObject({
      outcomes: [],
      inDoubt: [{ participant: ANNA }],
    });
  }
});

/** [expected, value under the other key] */
test.each<[string, string, object]>([
  ['added', 's.whatsapp.net', { ...YES, code: '200' }],
  ['added', 'c.us', { ...YES, message: 'Successfully added' }],
  ['in doubt', 's.whatsapp.net', { ...NO, code: 403 }],
  ['in doubt', 's.whatsapp.net', { ...YES, message: 'Invite sent' }],
  ['in doubt', 's.whatsapp.net', {}],
  ['in doubt', 's.whatsapp.net', { ...NO, code: 429 }],
])('two keys of one person that differ are in doubt: %s: %s %j', (expected, server, other) => {
  const key = server === 'c.us' ? `${ANNA}:3@c.us` : `${ANNA}@${server}`;
  const done = { ...YES, code: 200 };
  for (const body of [
    { [KEY]: done, [key]: other },
    { [key]: other, [KEY]: done, [`${BORIS}@c.us`]: { ...NO, code: 404 } },
  ]) {
    const result = classify(answered(200, body), [ANNA]);
    expect(result).toMatchObject(
      expected === 'added'
        ? { outcomes: [{ outcome: { status: 'added' } }], inDoubt: [] }
        : { outcomes: [], throttled: [], inDoubt: [{ message: JSON.stringify(body) }] },
    );
  }
});

test('a key of another person of the ask contradicts nobody', () => {
  const [one, two] = ['525512345678', '5215512345678'] as Participant[];
  const body = { [`${one}@c.us`]: { ...YES, code: 200 }, [`${two}@c.us`]: { ...NO, code: 403 } };
  const both = [one, two] as Participant[];
  expect(classify(answered(200, body), both)).toMatchObject({ inDoubt: [], outcomes: [{}, {}] });
  expect(classify(answered(200, body), [one as Participant])).toMatchObject({ inDoubt: [{}] });
});

test.each([
  ['5511961234511', '551161234511'],
  ['551161234511', '5511961234511'],
  ['5215512345678', '525512345678'],
  ['525512345678', '5215512345678'],
  ['5491123456789', '541123456789'],
  ['541123456789', '5491123456789'],
  ['919537851844', undefined],
  ['551133334444', undefined],
])('not on WhatsApp: %s names the other number %s', (asked, other) => {
  const value = { ...NO, code: 404, message: 'The phone number is not registered on WhatsApp' };
  const result = classify(answered(200, { [`${asked}@c.us`]: value }), [asked as Participant]);
  const message = result.kind === 'outcomes' ? result.outcomes[0]?.outcome.message : '';
  expect(message).toBe(
    other === undefined
      ? value.message
      : `${value.message} (the account may be under ${other}, the other form of this number)`,
  );
});

test('an outcome carries the words, the status and the trace', () => {
  expect(classify(answered(200, { [KEY]: { is_success: true, message: '=Hi\n' } }), [ANNA])).toEqual({
    kind: 'outcomes',
    outcomes: [
      {
        participant: ANNA,
        outcome: {
          status: 'added',
          reasonCode: 'unconfirmed',
          message: '=Hi',
          httpStatus: 200,
          traceId: 'trace-1',
        },
        effect: undefined,
      },
    ],
    inDoubt: [],
    throttled: [],
    httpStatus: 200,
    traceId: 'trace-1',
  });
});

test('a batch may be done, throttled and in doubt, each for its own', () => {
  const body = {
    [KEY]: { is_success: true, code: 200 },
    [`${BORIS}@c.us`]: { is_success: false, code: 429, message: 'rate-overlimit' },
  };
  const result = classify(answered(200, body), [ANNA, BORIS, CARLA]);
  expect(result).toMatchObject({
    outcomes: [{ participant: ANNA, outcome: { status: 'added' } }],
    throttled: [{ participant: BORIS, message: 'rate-overlimit' }],
    inDoubt: [{ participant: CARLA, message: JSON.stringify(body) }],
  });
});

test('words are bounded, whatever the server sends', () => {
  const long = classify(answered(200, { [KEY]: { is_success: false, message: '😀'.repeat(5000) } }), [ANNA]);
  const raw = classify(answered(200, { [KEY]: { success: 'x'.repeat(5000) } }), [ANNA]);
  const missing = classify(answered(200, { other: 'x'.repeat(5000) }), [ANNA]);
  const texts = [long, raw, missing].flatMap((result) =>
    result.kind === 'outcomes'
      ? [
          ...result.outcomes.map(({ outcome }) => outcome.message),
          ...result.inDoubt.map(({ message }) => message),
        ]
      : [],
  );
  expect(texts).toHaveLength(3);
  for (const text of texts) {
    expect(text.length).toBeGreaterThan(490);
    expect(text.length).toBeLessThanOrEqual(500);
    expect(text).not.toMatch(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])/);
  }
});

test('a message that is no string is kept as its JSON', () => {
  const result = classify(answered(200, { [KEY]: { is_success: false, message: { text: 'no' } } }), [ANNA]);
  expect(result).toMatchObject({
    outcomes: [{ outcome: { message: '{"text":"no"}', reasonCode: 'other' } }],
  });
});

/** DESIGN.md, "Answers", and what is decided beyond it. */
test.each<[AskResult['kind'], number, unknown, object]>([
  ['in_doubt', 200, '', { message: 'HTTP 200 with an empty body' }],
  ['outcomes', 200, 'AddParticipantsError: …', { inDoubt: [{ message: 'AddParticipantsError: …' }] }],
  ['outcomes', 200, '"Request accepted"', { inDoubt: [{ message: 'Request accepted' }] }],
  ['in_doubt', 200, '[{"is_success":true}]', {}],
  ['in_doubt', 200, '{"919537851844@c.us":{"is_succ', {}],
  ['in_doubt', 200, 'null', {}],
  ['in_doubt', 204, '', {}],
  ['outcomes', 200, '{}', { inDoubt: [{ participant: ANNA, message: '{}' }] }],
  ['outcomes', 200, `\uFEFF{"${KEY}":{"is_success":true}}`, { inDoubt: [], outcomes: [{}] }],
  ['outcomes', 201, { [KEY]: { is_success: true, code: 200 } }, { inDoubt: [], outcomes: [{}] }],
  ['not_done', 429, 'Too many requests', { why: 'throttled', message: 'Too many requests' }],
  ['not_done', 503, '', { why: 'unavailable', message: 'HTTP 503 without a message' }],
  [
    'in_doubt',
    500,
    { message: 'Internal error' },
    { message: 'Internal error', httpStatus: 500, traceId: 'trace-1' },
  ],
  [
    'in_doubt',
    502,
    '<html><head><title>x</title></head><h1>502 Bad\n Gateway</h1></html>',
    { message: '502 Bad Gateway' },
  ],
  ['in_doubt', 504, '', {}],
  ['in_doubt', 501, '', {}],
  ['in_doubt', 520, '', {}],
  ['in_doubt', 599, '', {}],
  ['in_doubt', 103, '', {}],
  ['in_doubt', 999, '', {}],
  [
    'refused',
    422,
    {
      code: 'VALIDATION_ERROR',
      fields: { participants: { message: 'bad number' } },
      message: 'Validation failed',
      status: 422,
    },
    { message: 'Validation failed; participants: bad number', httpStatus: 422, traceId: 'trace-1' },
  ],
  ['refused', 400, { error: 'bad' }, { message: 'bad' }],
  ['refused', 400, { error: { message: 'worse' } }, { message: 'worse' }],
  ['refused', 400, '"plain words"', { message: 'plain words' }],
  ['refused', 400, { message: 5, fields: 'none' }, { message: '{"message":5,"fields":"none"}' }],
  ['account', 405, '', { reasonCode: 'not_the_api' }],
  ['refused', 413, '', {}],
  ['in_doubt', 408, '', {}],
  ['in_doubt', 409, '', {}],
  ['in_doubt', 424, '', {}],
  ['in_doubt', 499, '', {}],
  ['key_rejected', 401, 'Unauthorized', { message: 'Unauthorized' }],
  ['account', 402, '', { reasonCode: 'payment_required' }],
  ['group_closed', 403, { message: 'Forbidden' }, { reasonCode: 'not_admin', message: 'Forbidden' }],
  ['group_closed', 404, { message: 'Not Found' }, { reasonCode: 'chat_not_found' }],
  ['redirected', 301, 'Moved', { message: 'redirect to https://elsewhere.example/', perhapsDone: false }],
  ['redirected', 307, '', { perhapsDone: false }],
  ['redirected', 303, '', { perhapsDone: true }],
  ['redirected', 304, '', { perhapsDone: true }],
])('%s: %i %j', (kind, status, body, rest) => {
  const headers = {
    ...(status === 301 ? { location: 'https://elsewhere.example/' } : {}),
  };
  expect(classify(answered(status, body, headers), [ANNA])).toMatchObject({ kind, ...rest });
});

test.each([
  ['a value', (deep: string) => `{"${ANNA}@c.us":${deep}}`, 'inDoubt'],
  ['a message', (deep: string) => `{"${ANNA}@c.us":{"is_success":true,"message":${deep}}}`, 'outcomes'],
])('%s nested deeper than can be written again is no reason to throw', (_name, body, where) => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const result = classify(answered(200, body(deep)), [ANNA]);
  expect(result).toMatchObject({ kind: 'outcomes', [where]: [{ participant: ANNA }] });
});

test('nothing sent is not done, out of reach', () => {
  expect(classify(UNSENT, [ANNA])).toEqual({
    kind: 'not_done',
    why: 'unreachable',
    message: 'the connection was refused',
    httpStatus: undefined,
    traceId: '',
  });
});

test('an answer that broke off counts by its status line, except where the body is what counts', () => {
  const kind = (status?: number) => classify(broken(status, { 'retry-after': '3' }), [ANNA]);
  expect(kind()).toEqual({
    kind: 'in_doubt',
    message: 'no answer in time',
    httpStatus: undefined,
    traceId: '',
  });
  expect(kind(200)).toMatchObject({ kind: 'in_doubt', message: 'no answer in time', traceId: 'trace-1' });
  expect(kind(429)).toMatchObject({ kind: 'not_done', why: 'throttled' });
  expect(kind(401)).toMatchObject({ kind: 'key_rejected' });
  expect(kind(422)).toMatchObject({ kind: 'refused' });
  expect(kind(500)).toMatchObject({ kind: 'in_doubt' });
});

// --- any bytes

const people = [ANNA, BORIS, CARLA, '5215512345678' as Participant, '525512345678' as Participant];
const anyPeople = fc.uniqueArray(fc.constantFrom(...people), { minLength: 1 });
const anyVerdict = fc.oneof(
  fc.jsonValue(),
  fc.record(
    {
      is_success: fc.oneof(fc.boolean(), fc.jsonValue()),
      code: fc.oneof(
        fc.integer(),
        fc.constantFrom(200, 401, 403, 404, 408, 409, 417, 419, 421, 429, '429'),
        fc.jsonValue(),
      ),
      message: fc.oneof(fc.string(), fc.constantFrom('Invite sent', 'rate-overlimit'), fc.jsonValue()),
      isInviteV4Sent: fc.oneof(fc.boolean(), fc.jsonValue()),
      toString: fc.jsonValue(),
      ['__proto__']: fc.jsonValue(),
    },
    { requiredKeys: [] },
  ),
);
const anyKey = fc.oneof(
  fc.string(),
  fc
    .tuple(fc.constantFrom(...people), fc.constantFrom('@c.us', '@s.whatsapp.net', ':3@c.us', '', '@lid'))
    .map(([p, s]) => p + s),
  fc.constantFrom('__proto__', 'toString', 'constructor'),
);
const anyBody = fc.oneof(
  fc.string({ unit: anyCharacter }),
  fc.json(),
  fc
    .array(fc.tuple(anyKey, anyVerdict))
    .map((entries) => `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`)}}`),
);

test('whatever comes, classify has a result, and every participant is in it exactly once', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.integer({ min: 100, max: 999 }), fc.constant(200)),
      anyBody,
      anyPeople,
      (status, body, asked) => {
        const result = classify(answered(status, body), asked);
        if (result.kind !== 'outcomes') return;
        const accounted = [
          ...result.outcomes.map(({ participant }) => participant),
          ...result.inDoubt.map(({ participant }) => participant),
          ...result.throttled.map(({ participant }) => participant),
        ];
        expect(accounted.sort()).toEqual([...asked].sort());
      },
    ),
    { numRuns: repeats(3000) },
  );
});

test('hostile words do not make the matching slow', () => {
  const started = performance.now();
  for (const piece of [
    'invite ',
    'please the any ',
    'join via ',
    'ask only ',
    'send ',
    'not a ',
    'no the any ',
    "n't ",
    'sent a ',
    'invitn’t been ',
    'not been been ',
    'error ',
    'failed: ',
    '404 ',
  ]) {
    outcomeOf({ is_success: true, message: piece.repeat(100_000) });
    // Short: a nested repetition takes minutes for so few words.
    outcomeOf({ is_success: false, code: 404, message: `${piece.repeat(29)}x` });
  }
  expect(performance.now() - started).toBeLessThan(5000);
});
