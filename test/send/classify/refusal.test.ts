import { expect, it, test } from 'vitest';
import { classify } from '../../../src/send/classify/classifier.ts';
import { isRefusedForNow, type StatusMeaning, statusRule } from '../../../src/send/classify/refusal.ts';
import { ANNA, answered, broken, UNSENT } from '../answers.ts';

const own = (status: number, code: string, message: string) => ({ code, message, name: 'Error', status });
const fields = (...names: string[]) => ({
  code: 'VALIDATION_ERROR',
  fields: Object.fromEntries(names.map((name) => [name, { message: 'bad' }])),
  message: 'Validation failed',
  name: 'ValidateError',
  status: 422,
});
const CHALLENGE =
  '<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Enable JavaScript and cookies to continue</body></html>';

/** No mark of the API in the headers: the body alone tells who speaks. */
function of(status: number, body: unknown, headers: Record<string, string> = {}): string {
  const result = classify({ ...answered(status, body, headers), traceId: '' } as never, [ANNA]);
  const { kind } = result;
  if (kind === 'group_closed' || kind === 'account') return `${kind} ${result.reasonCode}`;
  if (kind === 'not_done') return `${kind} ${result.why}`;
  return kind === 'refused' && result.named ? 'refused named' : kind;
}

test.each([
  // The group, in the API's own words
  ['group_closed not_admin', 403, own(403, 'FORBIDDEN', 'Forbidden')],
  ['group_closed not_admin', 403, { message: 'Only admins can add participants' }],
  ['group_closed not_admin', 403, { error: { message: 'You are not an admin of this chat' } }],
  ['group_closed not_admin', 403, own(403, 'FORBIDDEN', 'Phone is not a member of this chat')],
  ['group_closed chat_not_found', 404, { message: 'Chat not found' }],
  ['group_closed chat_not_found', 404, { error: 'Chat not found in this organization' }],
  ['group_closed chat_not_found', 404, own(404, 'NOT_FOUND', 'Not found')],
  ['group_closed chat_not_found', 422, fields('chat_id')],
  // Something in front of the API
  ['account not_the_api', 403, CHALLENGE],
  ['account not_the_api', 404, 'default backend - 404'],
  ['account not_the_api', 404, ''],
  ['account not_the_api', 404, '"Not Found"'],
  ['account not_the_api', 404, '[]'],
  ['account not_the_api', 404, { message: 'Not Found' }],
  ['account not_the_api', 404, { detail: 'Not Found' }],
  ['account not_the_api', 404, { message: 'no Route matched with those values' }],
  ['account not_the_api', 404, { statusCode: 404, message: 'Cannot POST /chats/x/add', error: 'Not Found' }],
  ['account not_the_api', 403, { message: 'Missing Authentication Token' }],
  ['account not_the_api', 403, { message: 'Forbidden' }],
  // JSON of a gateway: neither a mark of the API, nor a word on a group
  ['account not_the_api', 403, { message: 'Access to this resource is denied' }],
  ['account not_the_api', 403, { error: 'You do not have permission to view this page' }],
  ['account not_the_api', 403, { error: { code: 403, message: 'The caller does not have permission' } }],
  ['account not_the_api', 404, { error: { code: '404', message: 'The resource has been removed' } }],
  ['account not_the_api', 403, own(403, 'BLOCKED', 'Blocked by the firewall')],
  ['account not_the_api', 403, own(403, 'DENIED', 'Your IP address is not allowed')],
  ['account not_the_api', 403, { message: 'Denied by our security policy; ask an admin' }],
  ['group_closed not_admin', 403, own(403, 'DENIED', 'You do not have permission')],
  ['account not_the_api', 405, own(405, 'METHOD_NOT_ALLOWED', 'Method not allowed')],
  ['account not_the_api', 405, ''],
  ['account not_the_api', 407, ''],
  ['account not_the_api', 451, CHALLENGE],
  // The account and the phone
  ['account payment_required', 402, 'Payment Required'],
  ['account payment_required', 403, { message: 'Your last payment failed' }],
  ['account account_refused', 403, { message: 'Your plan does not include adding participants to groups' }],
  ['account account_refused', 403, { code: 'PLAN_LIMIT', message: 'Upgrade your subscription' }],
  ['account account_refused', 403, { message: 'Organization is suspended' }],
  ['account sender_refused', 404, { message: 'Phone not found' }],
  ['account sender_refused', 404, { message: 'Phone 919876543210 not found' }],
  ['account sender_refused', 404, own(404, 'PHONE_NOT_FOUND', 'Not found')],
  ['account sender_refused', 404, { message: 'No phone with this id in your organization' }],
  ['account sender_refused', 400, 'Phone is not connected'],
  ['account sender_refused', 422, fields('x-phone')],
  ['account sender_refused', 422, fields('headers.x_phone', 'participants.0')],
  ['account sender_refused', 400, { message: "'x-phone' is required" }],
  ['key_rejected', 401, CHALLENGE],
  // The person, or nobody knows
  ['refused', 404, { message: 'Participant not found' }],
  ['refused', 404, own(404, 'NOT_FOUND', 'Contact 919537851844@c.us not found')],
  ['refused', 404, { message: 'The phone number is not registered on WhatsApp' }],
  ['refused', 404, own(404, 'NOT_FOUND', 'User not found')],
  ['refused', 403, own(403, 'FORBIDDEN', 'Participant +919537851844 could not be added to the group')],
  ['refused', 403, { message: 'This participant cannot be added' }],
  ['refused', 403, { error: 'Invalid phone number' }],
  ['group_closed not_admin', 403, { message: 'Participants cannot be added to this group' }],
  ['group_closed not_admin', 403, { message: 'Participant not added: you are not an admin' }],
  ['group_closed not_admin', 403, { message: 'Phone is not a participant of this group' }],
  ['group_closed chat_not_found', 404, own(404, 'NOT_FOUND', 'Chat with these participants not found')],
  ['refused named', 422, fields('participants.3')],
  ['refused named', 400, fields('body.participants[0]')],
  ['refused', 422, fields('force_add_participants')],
  ['refused', 400, { message: 'Participant is not a valid phone number' }],
  ['refused', 400, { message: 'phone number not found' }],
  ['refused', 400, 'Bad Request'],
  // The engine's words
  ['in_doubt', 400, { message: 'Session closed. Most likely the page has been closed.' }],
  ['in_doubt', 400, { error: 'An unknown error occurred' }],
  ['in_doubt', 400, own(400, 'BAD_REQUEST', 'TIMED OUT')],
  ['group_closed not_admin', 400, { message: 'AddParticipantsError: You have NO admin rights' }],
  ['refused', 400, 'You have no admin rights'],
  ['refused', 400, { message: 'Forbidden' }],
  ['group_closed group_full', 400, { error: { message: 'This group is full' } }],
  ['group_closed chat_not_found', 422, { message: 'item-not-found' }],
  ['refused', 400, { message: 'You cannot add this participant because they have recently left the group' }],
  ['refused', 413, CHALLENGE],
  // Less haste
  ['not_done throttled', 429, ''],
  ['not_done throttled', 403, { message: 'You have exceeded a secondary rate limit' }],
  ['not_done throttled', 403, 'Too Many Requests'],
  ['not_done throttled', 400, { error: 'TOO MANY REQUESTS' }],
  ['not_done throttled', 400, 'Slow down!'],
  ['not_done throttled', 420, ''],
  ['not_done throttled', 430, { message: 'Rate limit exceeded' }],
  ['not_done throttled', 422, { code: 'RATE_LIMITED', message: 'wait' }],
])('%s: %i %j', (expected, status, body) => {
  expect(of(status, body)).toBe(expected);
});

test('headers tell as well', () => {
  expect(of(403, CHALLENGE, { 'retry-after': '7' })).toBe('not_done throttled');
  expect(of(404, { message: 'Not Found' }, { 'x-periskope-org-id': 'x' })).toBe(
    'group_closed chat_not_found',
  );
  expect(of(404, 'Not Found', { 'x-periskope-org-id': 'x' })).toBe('account not_the_api');
});

test('says what answered', () => {
  expect(
    classify(answered(403, CHALLENGE, { 'content-type': 'text/html; charset=utf-8' }), [ANNA]),
  ).toMatchObject({
    message: 'HTTP 403 (text/html): Enable JavaScript and cookies to continue',
  });
});

it.each<[StatusMeaning, number[]]>([
  ['answered', [200, 201, 204, 299]],
  ['moved', [301, 307, 308]],
  ['moved_after', [300, 302, 303, 304, 399]],
  ['request', [400, 413]],
  ['invalid', [422]],
  ['key', [401]],
  ['payment', [402]],
  ['forbidden', [403]],
  ['not_found', [404]],
  ['throttled', [420, 429]],
  ['unavailable', [503, 521, 523, 525, 526, 530]],
  ['perhaps_done', [408, 409, 424, 499]],
  ['broken', [100, 500, 501, 502, 504, 520, 522, 524, 527, 529, 599, 600, 999, 0]],
  ['front', [405, 406, 407, 410, 418, 430, 451]],
])('by the status alone, %s: %j', (meaning, statuses) => {
  expect(statuses.map((status) => statusRule(status).meaning)).toEqual(statuses.map(() => meaning));
});

it.each([
  [true, answered(429)],
  [true, answered(420)],
  [true, answered(503)],
  [true, broken(503)],
  [true, answered(530, '<html>error code: 1016</html>')],
  [true, broken(429)],
  [true, answered(403, '', { 'retry-after': '5' })],
  [true, answered(422, { message: 'Too many requests' })],
  [false, answered(422, 'no', { 'retry-after': '5' })],
  [false, answered(403, 'no')],
  [false, answered(409, 'Too many requests', { 'retry-after': '5' })],
  [false, answered(200, 'Too many requests')],
  [false, answered(500, 'Too many requests', { 'retry-after': '5' })],
  [false, broken()],
  [false, UNSENT],
])('refused for now: %s', (expected, answer) => {
  expect(isRefusedForNow(answer)).toBe(expected);
});
