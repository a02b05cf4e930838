import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AskResult, classify } from '../../src/asking/classifier.ts';
import type { Participant } from '../../src/domain/words.ts';
import { anyCharacter } from '../any-character.ts';
import { repeats } from '../helpers.ts';
import { ANNA, answered, BORIS, broken, CARLA, UNSENT } from './answers.ts';

const KEY = `${ANNA}@c.us`;

function outcomeOf(value: unknown): string {
  const result = classify(answered(200, { [KEY]: value }), [ANNA]);
  if (result.kind !== 'outcomes') return result.kind;
  const [done] = result.outcomes;
  if (done !== undefined) {
    const { status, reasonCode } = done.outcome;
    return [status, reasonCode, done.effect && `closes: ${done.effect}`].filter(Boolean).join(' ');
  }
  return result.throttled.length > 0 ? 'throttled' : 'in doubt';
}

/** The rows of api/FACTS.md, "Answer → status": by code, by words, in other case, against a contrary is_success. */
test.each([
  ['invited', { is_success: true, isInviteV4Sent: true }],
  ['invited', { is_success: false, isInviteV4Sent: true, code: 403 }],
  ['invited', { is_success: true, isInviteV4Sent: 'true' }],
  ['invited', { is_success: true, message: 'Invite sent to participant' }],
  ['invited', { is_success: true, message: 'INVITATION LINK WAS SENT' }],
  ['invited', { is_success: true, message: 'A group invite has been sent', code: 200 }],
  ['invited', { is_success: false, message: 'Could not be added. Invite sent.', code: 403 }],
  ['invited', { is_success: true, message: 'The participant was sent a private invite' }],
  ['added', { is_success: true, code: 200 }],
  ['added', { is_success: true, code: '200' }],
  ['added', { is_success: true, message: 'The participant was Added Successfully' }],
  ['added', { is_success: true, message: 'Successfully added', isInviteV4Sent: false }],
  ['already_member', { is_success: false, code: 409 }],
  ['already_member', { is_success: false, message: 'The participant is already a group member' }],
  ['already_member', { is_success: true, message: 'Already in the group' }],
  ['failed not_on_whatsapp', { is_success: false, code: 404 }],
  [
    'failed not_on_whatsapp',
    { is_success: false, message: 'The phone number is not registered on WhatsApp' },
  ],
  ['failed privacy_blocked', { is_success: false, code: 403 }],
  [
    'failed privacy_blocked',
    { is_success: false, message: 'The participant can be added by sending private invitation only' },
  ],
  ['failed recently_left', { is_success: false, code: 408 }],
  ['failed recently_left', { is_success: false, message: 'cannot add: they Recently Left the group' }],
  ['failed community_blocked', { is_success: false, code: 417 }],
  [
    'failed community_blocked',
    {
      is_success: false,
      message:
        "The participant can't be added to the community. You can invite them privately to join this group through its invite link.",
    },
  ],
  ['failed community_blocked', { is_success: false, message: 'can’t be added to the community' }],
  ['failed group_full closes: group_full', { is_success: false, code: 419 }],
  ['failed group_full closes: group_full', { is_success: false, message: 'because the group is full' }],
  ['invited pending_approval', { is_success: true, code: 421 }],
  ['invited pending_approval', { is_success: true, message: 'Request is awaiting approval' }],
  ['failed not_admin closes: not_admin', { is_success: false, code: 401 }],
  ['failed not_admin closes: not_admin', { is_success: false, message: 'You have no admin rights here' }],
  ['throttled', { is_success: false, code: 429 }],
  ['throttled', { is_success: false, message: 'rate-overlimit' }],
  ['throttled', { is_success: true, message: 'Rate-Overlimit' }],
  ['added unconfirmed', { is_success: true }],
  ['added unconfirmed', { is_success: true, message: 'Done', code: 207 }],
  ['added unconfirmed', { is_success: true, isInviteV4Sent: false, code: null, extra: [1] }],
  ['failed other', { is_success: false }],
  ['failed other', { is_success: false, message: 'An unknown error', code: 500 }],
  // Never a bare "invit", nor an invite that was not sent.
  ['failed other', { is_success: false, message: 'You can invite them through the invite link' }],
  ['failed other', { is_success: false, message: 'No invite sent' }],
  ['failed other', { is_success: false, message: 'Invite could not be sent' }],
  ['failed other', { is_success: false, message: 'The invite wasn’t sent' }],
  ['failed other', { is_success: false, message: 'Failed to invite. The request was sent' }],
  ['failed other', { is_success: false, message: 'Not sent an invite' }],
  ['failed other', { is_success: false, message: 'An invite will be sent only by admins' }],
  ['failed other', { is_success: false, message: 'The participant was not added successfully' }],
  ['failed other', { is_success: false, message: 'The participant is not already in the group' }],
  // Without a word on success there is no word at all.
  ['in doubt', { message: 'Invite sent to participant' }],
  ['in doubt', { is_success: 'true', message: 'Invite sent' }],
  ['in doubt', { is_success: 1 }],
  ['in doubt', {}],
  ['in doubt', null],
  ['in doubt', true],
  ['in doubt', 'Invite sent to participant'],
  ['in doubt', [{ is_success: true }]],
])('%s: %j', (expected, value) => {
  expect(outcomeOf(value)).toBe(expected);
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
  ['in_doubt', 200, 'AddParticipantsError: …', { message: 'AddParticipantsError: …' }],
  ['in_doubt', 200, '"Invite sent to participant"', { message: '"Invite sent to participant"' }],
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
  ['refused', 405, '', {}],
  ['refused', 413, '', {}],
  ['in_doubt', 408, '', {}],
  ['in_doubt', 409, '', {}],
  ['in_doubt', 424, '', {}],
  ['in_doubt', 499, '', {}],
  ['key_rejected', 401, 'Unauthorized', { message: 'Unauthorized' }],
  ['key_rejected', 402, '', {}],
  ['group_closed', 403, { message: 'Forbidden' }, { reasonCode: 'not_admin', message: 'Forbidden' }],
  ['group_closed', 404, 'Not Found', { reasonCode: 'chat_not_found' }],
  ['redirected', 301, 'Moved', { message: 'redirect to https://elsewhere.example/', perhapsDone: false }],
  ['redirected', 307, '', { perhapsDone: false }],
  ['redirected', 303, '', { perhapsDone: true }],
  ['redirected', 304, '', { perhapsDone: true }],
])('%s: %i %j', (kind, status, body, rest) => {
  const headers = {
    'retry-after': '7',
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
  for (const piece of ['invite ', 'no the any ', "n't ", 'sent a ', 'invitn’t been ', 'not been been ']) {
    outcomeOf({ is_success: true, message: piece.repeat(100_000) });
  }
  expect(performance.now() - started).toBeLessThan(5000);
});
