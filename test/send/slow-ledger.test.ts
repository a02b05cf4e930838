/** A disk that takes its time: what an answer means for those still to be asked does not wait for it. */
import { describe, expect, it } from 'vitest';
import { answered, broken } from './answers.ts';
import { each, GROUP, people, READY, type Script, SENDER, type Settings, stage, tick } from './fakes.ts';

const verdict = (code: number, message = '') => ({ is_success: false, code, message });
const notAdmin = answered(200, {
  chat_id: GROUP,
  members: { [`${SENDER}@c.us`]: { is_admin: false }, '14155550100@c.us': {} },
});

/** Turns of the event loop between two asks: more than an answer takes from the ask to its meaning. */
const TURNS = 20;

interface Case {
  readonly script: Script;
  readonly asks: number;
  readonly doubts?: number;
  readonly settings?: Settings;
  readonly why?: string;
}

const cases: readonly [string, Case][] = [
  ['a full group', { script: { add: (who) => each(who, verdict(419)) }, asks: 1 }],
  ['no admin rights', { script: { add: (who) => each(who, verdict(401, 'no admin rights')) }, asks: 1 }],
  [
    'refusals of a sender who is not an admin',
    { script: { add: (who) => each(who, verdict(401)), chat: () => notAdmin }, asks: 3 },
  ],
  ['the group’s 404', { script: { add: () => answered(404, { message: 'Chat not found' }) }, asks: 1 }],
  ['the key', { script: { add: () => answered(401) }, asks: 1, why: 'key_rejected' }],
  [
    'a payment',
    { script: { add: () => answered(402, { message: 'pay' }) }, asks: 1, why: 'payment_required' },
  ],
  [
    'the sending phone',
    {
      script: {
        add: () => answered(422, { fields: { 'x-phone': { message: 'unknown' } } }),
        phones: () => READY,
      },
      asks: 1,
      why: 'sender_refused',
    },
  ],
  ['something in front', { script: { add: () => answered(405) }, asks: 1, why: 'not_the_api' }],
  [
    'the group’s 404, and /phones silent',
    {
      script: { add: () => answered(404, { message: 'Chat not found' }), phones: () => answered(500) },
      asks: 1,
      why: 'not_the_api',
    },
  ],
  ['a redirect', { script: { add: () => answered(307, '', { location: '/' }) }, asks: 1, why: 'redirected' }],
  ['in doubt', { script: { add: () => broken() }, asks: 5, doubts: 5, why: 'breaker' }],
  [
    'failures without a reason',
    { script: { add: (who) => each(who, verdict(499, 'no')) }, asks: 5, why: 'breaker' },
  ],
  [
    'refusals of single people',
    {
      script: { add: () => answered(422, { fields: { participants: { message: 'no' } } }) },
      asks: 5,
      why: 'breaker',
    },
  ],
  [
    '--max-errors',
    {
      script: { add: (who) => each(who, verdict(404)) },
      settings: { maxErrors: { count: 2 } },
      asks: 3,
      why: 'max_errors',
    },
  ],
  [
    'throttled by WhatsApp',
    {
      script: { add: (who) => each(who, verdict(429)) },
      settings: { breaker: 3 },
      asks: 3,
      why: 'whatsapp_throttled',
    },
  ],
];

describe('while the ledger is being written, nobody is asked after the answer that ends it', () => {
  it.each(cases)('%s', async (_what, { script, asks, doubts = 0, settings = {}, why }) => {
    const on = stage(script, { concurrency: 40, ...settings });
    on.groups.senderNumber = SENDER;
    let written = () => {};
    on.ledger.disk = new Promise((resolve) => {
      written = resolve;
    });
    const sent = () => on.calls.filter((call) => call.startsWith('add')).length;
    for (const who of people(40)) {
      await on.dispatcher.submit({ chatId: GROUP, participants: [who] });
      for (let turn = 0; turn < TURNS; turn++) await tick();
    }
    expect(sent()).toBe(asks);
    expect(on.control.reason?.code).toBe(why);
    written();
    await on.dispatcher.drain();
    expect(sent()).toBe(asks);
    expect(on.ledger.inDoubt()).toHaveLength(doubts);
  });

  it('what may not go after all once its record is written is not sent; it goes later, once', async () => {
    const on = stage({}, { concurrency: 10 });
    let granted = 0;
    // Of the first five none may go, as if a pause had come while their records were written.
    on.limiter.isDue = () => ++granted > 5;
    await on.askFor(people(5));
    expect(on.calls.filter((call) => call.startsWith('add'))).toHaveLength(5);
    expect(on.ledger.asks).toHaveLength(10);
    expect(people(5).map((who) => on.ledger.of(who))).toEqual(Array(5).fill('added'));
    expect(on.ledger.inDoubt()).toEqual([]);
  });

  it('who is about to be asked while the record of it is written is not asked', async () => {
    const on = stage({ add: (who) => each(who, verdict(419)) }, { concurrency: 40 });
    let recorded = () => {};
    await on.dispatcher.submit({ chatId: GROUP, participants: people(1) });
    on.ledger.gate = new Promise((resolve) => {
      recorded = resolve;
    });
    while (on.ledger.asks.length < 1) await tick();
    for (const who of people(9, 1)) await on.dispatcher.submit({ chatId: GROUP, participants: [who] });
    while (on.ledger.asks.length < 10) await tick();
    on.groups.close(GROUP, { reasonCode: 'group_full', message: 'full' });
    recorded();
    await on.dispatcher.drain();
    expect(on.calls.filter((call) => call.startsWith('add')).length).toBeLessThanOrEqual(1);
    expect(people(9, 1).map((who) => on.ledger.of(who))).toEqual(Array(9).fill('failed group_full'));
    expect(on.ledger.inDoubt()).toEqual([]);
  });
});
