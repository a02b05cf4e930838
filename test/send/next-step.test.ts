/** What happens after an answer: the whole table, without a fake. */
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/domain/errors.ts';
import type { Outcome, Participant } from '../../src/domain/words.ts';
import type { AskOutcome, AskResult } from '../../src/send/classify/classifier.ts';
import { type NextStep, nextStep, type Tries } from '../../src/send/next-step.ts';
import { ANNA, answered, BORIS, broken } from './answers.ts';

const HTTP = { message: 'no', httpStatus: 404, traceId: 't' };
const FIRST: Tries = {
  people: [ANNA],
  answer: answered(404, { message: 'no' }),
  refusals: 0,
  roundIsOver: false,
  leftInRow: 0,
  ceiling: undefined,
  throttlings: 0,
  phone: 'not_read',
  groupIsClosed: false,
  stopped: false,
};
const TWO = { people: [ANNA, BORIS] };
const WELL = { phone: 'well' } as const;
const SILENT = { phone: 'silent' } as const;
const STOPPED = { stopped: true };

const found = (
  participant: Participant,
  status: Outcome['status'],
  reasonCode: Outcome['reasonCode'] = '',
  effect?: AskOutcome['effect'],
): AskOutcome => ({ participant, outcome: { status, reasonCode, ...HTTP }, effect });
const remark = (participant: Participant) => ({ participant, message: 'no' });

type Outcomes = Extract<AskResult, { kind: 'outcomes' }>;
const told = (...outcomes: AskOutcome[]): Outcomes => ({
  kind: 'outcomes',
  outcomes,
  inDoubt: [],
  throttled: [],
  httpStatus: 200,
  traceId: 't',
});
const notDone = (why: 'throttled' | 'unavailable' | 'unreachable'): AskResult => ({
  kind: 'not_done',
  why,
  ...HTTP,
});
const refused = (named: boolean): AskResult => ({ kind: 'refused', named, ...HTTP });
const closed: AskResult = { kind: 'group_closed', reasonCode: 'chat_not_found', ...HTTP };
const account = (reasonCode: 'sender_refused' | 'payment_required'): AskResult => ({
  kind: 'account',
  reasonCode,
  ...HTTP,
});
const redirected = (perhapsDone: boolean): AskResult => ({
  kind: 'redirected',
  perhapsDone,
  ...HTTP,
  httpStatus: 302,
});

const trouble = (what: string, suspectsPhone: boolean, code = 'breaker') => ({ what, code, suspectsPhone });
const NO_ANSWER = trouble('asks in a row without a clear answer', true);
const THROTTLED = trouble('asks in a row throttled by WhatsApp', false, 'whatsapp_throttled');
const failing = (suspectsPhone: boolean) =>
  trouble('asks in a row failed without a known reason (no)', suspectsPhone);
const stop = (code: string, exit: number = EXIT.safety) => expect.objectContaining({ exit, code });

type Case = [what: string, result: AskResult, tries: Partial<Tries>, step: object];
const table = (cases: readonly Case[]) =>
  it.each(cases)('%s', (_what, result, tries, step) => {
    expect(nextStep(result, { ...FIRST, ...tries })).toEqual(step);
  });

const RETRY: NextStep = { kind: 'retry' };
const LOOK: NextStep = { kind: 'look_at_phone' };
const LEAVE: NextStep = { kind: 'leave' };

describe('certainly not done', () => {
  table([
    ['429', notDone('throttled'), { refusals: 1 }, RETRY],
    ['503, fifth round', notDone('unavailable'), { refusals: 5, leftInRow: 2 }, RETRY],
    ['sixth round', notDone('unavailable'), { refusals: 6 }, { kind: 'leave', gaveUp: 'no' }],
    [
      'sixth round, another ask of it was left',
      notDone('throttled'),
      { refusals: 6, roundIsOver: true },
      RETRY,
    ],
    [
      'the second left in a row',
      notDone('throttled'),
      { refusals: 6, leftInRow: 1 },
      { kind: 'leave', gaveUp: 'no' },
    ],
    [
      'the third left in a row',
      notDone('throttled'),
      { refusals: 6, leftInRow: 2 },
      { kind: 'leave', gaveUp: 'no', stop: stop('throttled', EXIT.again) },
    ],
    [
      'the third, of an API that takes five at a time',
      notDone('throttled'),
      { refusals: 6, leftInRow: 2, ceiling: 5 },
      {
        kind: 'leave',
        gaveUp: 'no',
        stop: expect.objectContaining({
          message: 'the API keeps refusing (no); at most 5 at a time got through: --concurrency 5',
        }),
      },
    ],
    ['out of reach', notDone('unreachable'), {}, RETRY],
    ['out of reach, many rounds of refusals of others', notDone('unreachable'), { leftInRow: 9 }, RETRY],
  ]);
});

describe('a word on each', () => {
  const added = found(ANNA, 'added');
  const other = found(BORIS, 'failed', 'other');
  const full = found(BORIS, 'failed', 'group_full', 'group_full');
  const settle = (sign: unknown, ...outcomes: AskOutcome[]) => ({
    kind: 'settle',
    outcomes,
    sign,
    held: false,
  });
  const doubtOf = (...who: Participant[]) => ({
    kind: 'in_doubt',
    doubts: who.map(remark),
    httpStatus: 200,
    traceId: 't',
    outcomes: [added],
    sign: NO_ANSWER,
  });
  const coolDown = (last: boolean, ...outcomes: AskOutcome[]) => ({
    kind: 'cool_down',
    again: [BORIS],
    outcomes,
    sign: THROTTLED,
    last,
  });
  const throttled = { ...told(added), throttled: [remark(BORIS)] };
  table([
    ['added', told(added), {}, settle('clear', added)],
    ['a failure with a reason', told(full), {}, settle('clear', full)],
    ['failures without one', told(other), {}, settle(failing(true), other)],
    ['one with and one without', told(added, other), TWO, settle('clear', added, other)],
    ['after the stop: settled all the same', told(added), STOPPED, settle('clear', added)],
    ['in doubt beside it', { ...told(added), inDoubt: [remark(BORIS)] }, TWO, doubtOf(BORIS)],
    [
      'in doubt and throttled: both in doubt',
      { ...told(added), inDoubt: [remark(BORIS)], throttled: [remark(ANNA)] },
      TWO,
      doubtOf(BORIS, ANNA),
    ],
    ['throttled by WhatsApp', throttled, TWO, coolDown(false, added)],
    ['the second time', throttled, { ...TWO, throttlings: 1 }, coolDown(false, added)],
    ['the third time', throttled, { ...TWO, throttlings: 2 }, coolDown(true, added)],
  ]);
});

describe('perhaps done', () => {
  const doubt = (httpStatus: number, end = {}) => ({
    kind: 'in_doubt',
    doubts: [remark(ANNA), remark(BORIS)],
    httpStatus,
    traceId: 't',
    outcomes: [],
    sign: NO_ANSWER,
    ...end,
  });
  table([
    ['no answer', { kind: 'in_doubt', ...HTTP }, TWO, doubt(404)],
    ['a redirect after the deed', redirected(true), TWO, doubt(302, { stop: stop('redirected') })],
    ['a redirect before it', redirected(false), TWO, { kind: 'stop', stop: stop('redirected') }],
  ]);
});

describe('refused', () => {
  const one = (sign: unknown, held: boolean, reason: 'bad_request' | 'chat_not_found' = 'bad_request') => ({
    kind: 'settle',
    outcomes: [found(ANNA, 'failed', reason, reason === 'bad_request' ? undefined : reason)],
    sign,
    held,
  });
  const groups = trouble('groups in a row refused (no)', false);
  table([
    ['the request: the phone first', refused(false), {}, LOOK],
    ['one person, by name', refused(true), WELL, one(failing(false), false)],
    ['one person, perhaps', refused(false), WELL, one(failing(false), true)],
    ['the same where /phones is silent', refused(false), SILENT, one(failing(false), true)],
    ['a batch', refused(true), { ...WELL, ...TWO }, { kind: 'split' }],
    ['the phone is gone', refused(true), { ...SILENT, ...STOPPED }, LEAVE],
    ['a batch, and the phone is gone', refused(true), { ...SILENT, ...STOPPED, ...TWO }, LEAVE],

    ['the group: the phone first', closed, {}, LOOK],
    ['the group', closed, WELL, one(groups, true, 'chat_not_found')],
    [
      'a group known as closed',
      closed,
      { ...WELL, groupIsClosed: true },
      one(undefined, true, 'chat_not_found'),
    ],
    ['the group, and the phone is gone', closed, { ...SILENT, ...STOPPED }, LEAVE],
    ['the group, and /phones is silent', closed, SILENT, { kind: 'stop', stop: stop('not_the_api') }],
    ['the same, by a status alone', closed, { ...SILENT, answer: broken(404) }, LEAVE],
  ]);
});

describe('the account or the phone', () => {
  const end = (code: string) => ({ kind: 'stop', stop: stop(code) });
  table([
    ['the key', { kind: 'key_rejected', ...HTTP }, {}, end('key_rejected')],
    ['a payment', account('payment_required'), {}, end('payment_required')],
    ['the phone: its own state first', account('sender_refused'), {}, LOOK],
    ['the phone, which is well', account('sender_refused'), WELL, end('sender_refused')],
    ['the phone, which does not tell', account('sender_refused'), SILENT, end('sender_refused')],
  ]);
});

it('the words of an answer are safe for a terminal', () => {
  const step = nextStep(
    { kind: 'refused', named: true, ...HTTP, message: '\u001b[31mno\nno' },
    { ...FIRST, ...WELL },
  );
  expect(JSON.stringify('sign' in step && step.sign)).not.toMatch(/\\u001b|\\n/);
});
