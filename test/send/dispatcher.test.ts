import { describe, expect, it } from 'vitest';
import { EXIT, OnboardError } from '../../src/domain/errors.ts';
import type { ChatId, Participant } from '../../src/domain/words.ts';
import type { Answer } from '../../src/send/api/answer.ts';
import { answered, broken, UNSENT } from './answers.ts';
import {
  added,
  each,
  GONE,
  GROUP,
  OTHER,
  people,
  person,
  type Script,
  SENDER,
  stage,
  tick,
} from './fakes.ts';

const THROTTLED = { is_success: false, code: 429, message: 'rate-overlimit' };
const FULL = { is_success: false, code: 419, message: 'the group is full' };
const nameOf = (participant: Participant) => `${GROUP} ${participant}`;

/** Answers in turn, then as if all were well. */
const inTurn = (...answers: Answer[]): Script => ({ add: (who) => answers.shift() ?? added(who) });

describe('an ask in doubt', () => {
  it.each<[string, Answer]>([
    ['a timeout', broken()],
    ['HTTP 500', answered(500)],
    ['HTTP 502', answered(502, '<html>Bad Gateway</html>')],
    ['HTTP 504', answered(504)],
    ['an answer that broke off', broken(200)],
    ['an empty body', answered(200, '')],
    ['a plain string', answered(200, 'Request accepted')],
    ['no key of theirs', answered(200, {})],
  ])('%s: is left to the membership, and not asked again', async (_what, answer) => {
    const on = stage(inTurn(answer));
    const doubts = await on.askFor(people(2));
    expect(doubts.map(({ pair }) => pair.participant)).toEqual([person(0)]);
    expect(on.ledger.inDoubt()).toEqual([nameOf(person(0))]);
    expect(on.ledger.of(person(1))).toBe('added');
    expect(on.ledger.asks).toHaveLength(2);
    expect(on.calls).toContain('phones');
    expect(on.lines.join()).toMatch(/in doubt: /);
  });

  it('of a batch: those with a word are settled, the others are in doubt', async () => {
    const on = stage({ add: (who) => added(who.slice(0, 2)) });
    const doubts = await on.askFor(people(3), 3);
    expect(doubts.map(({ pair }) => pair.participant)).toEqual([person(2)]);
    expect([on.ledger.of(person(0)), on.ledger.of(person(1))]).toEqual(['added', 'added']);
  });

  it('beside others in doubt, those whom WhatsApp throttled are in doubt too', async () => {
    const on = stage({ add: (who) => each(who.slice(0, 1), THROTTLED) });
    expect(await on.askFor(people(2), 2)).toHaveLength(2);
    expect(on.ledger.asks).toHaveLength(1);
  });

  it('says a lost answer’s words in the log without whole numbers', async () => {
    const on = stage(inTurn(answered(500, { message: `cannot add ${person(0)}` })));
    await on.askFor(people(1));
    expect(on.lines.join()).toContain('cannot add 9198');
    expect(on.lines.join()).not.toContain(person(0));
  });
});

describe('an ask that was refused', () => {
  it.each([400, 422])('HTTP %i: a batch is split, and only the bad one fails', async (status) => {
    const bad = person(1);
    const on = stage({ add: (who) => (who.includes(bad) ? answered(status, 'Bad Request') : added(who)) });
    expect(await on.askFor(people(3), 3)).toEqual([]);
    expect(people(3).map((who) => on.ledger.of(who))).toEqual(['added', 'failed bad_request', 'added']);
    expect(on.ledger.asks.map((who) => who.length)).toEqual([3, 1, 1, 1]);
    expect(on.control.stopped).toBe(false);
  });

  it('is no refusal when the phone is gone: nobody fails, and the run stops', async () => {
    for (const batch of [1, 2]) {
      const on = stage({ add: () => answered(400, 'Phone is not connected'), phones: () => GONE });
      await on.askFor(people(4), batch);
      expect(on.control.reason).toMatchObject({ exit: EXIT.safety, code: 'phone_not_connected' });
      expect([...on.ledger.outcomes]).toEqual([]);
      expect(on.ledger.inDoubt()).toEqual([]);
    }
  });

  it('nor are 403 and 404: a phone that is gone closes no group', async () => {
    for (const status of [403, 404]) {
      const on = stage({
        add: () => answered(status, { message: 'Phone is not connected' }),
        phones: () => GONE,
      });
      await on.askFor(people(4));
      expect(on.control.reason).toMatchObject({ code: 'phone_not_connected' });
      expect([...on.ledger.outcomes, ...on.ledger.inDoubt()]).toEqual([]);
    }
  });

  it('the key: the run stops, and nothing is settled', async () => {
    const on = stage({ add: () => answered(401) }, { concurrency: 3 });
    await on.askFor(people(9));
    expect(on.control.reason).toMatchObject({ exit: EXIT.safety, code: 'key_rejected' });
    expect([...on.ledger.outcomes, ...on.ledger.inDoubt()]).toEqual([]);
    expect(on.ledger.asks.length).toBeLessThanOrEqual(3);
  });

  it('a redirect: the run stops, and nothing is settled', async () => {
    const on = stage({ add: () => answered(307, '', { location: 'http://elsewhere' }) });
    await on.askFor(people(3));
    expect(on.control.reason).toMatchObject({ exit: EXIT.safety, code: 'redirected' });
    expect([on.ledger.asks.length, on.ledger.outcomes.size]).toEqual([1, 0]);
    expect(on.ledger.inDoubt()).toEqual([]);
  });
});

describe('a redirect that may come after the deed', () => {
  it.each([300, 302, 303, 304])('%i: the run stops, and who was asked is in doubt', async (status) => {
    const on = stage({ add: () => answered(status, '', { location: '/done' }) });
    await on.askFor(people(3));
    expect(on.control.reason).toMatchObject({ exit: EXIT.safety, code: 'redirected' });
    expect([on.ledger.asks.length, on.ledger.outcomes.size]).toEqual([1, 0]);
    expect(on.ledger.inDoubt()).toHaveLength(1);
  });
});

describe('a group that takes nobody', () => {
  it.each<[string, (who: readonly Participant[]) => Answer, string]>([
    ['HTTP 403', () => answered(403, { message: 'Only admins' }), 'failed not_admin'],
    ['HTTP 404', () => answered(404, { message: 'Chat not found' }), 'failed chat_not_found'],
    ['full', (who) => each(who, FULL), 'failed group_full'],
    [
      'no admin rights',
      (who) => each(who, { is_success: false, code: 401, message: 'no admin rights' }),
      'failed not_admin',
    ],
  ])('%s: its people fail without an ask, another group goes on', async (_what, answer, found) => {
    const on = stage({ add: (who, chatId) => (chatId === GROUP ? answer(who) : added(who)) });
    await on.askFor(people(4));
    await on.askFor(people(4), 1, OTHER);
    expect(people(4).map((who) => on.ledger.of(who))).toEqual([found, found, found, found]);
    expect(people(4).map((who) => on.ledger.of(who, OTHER))).toEqual(['added', 'added', 'added', 'added']);
    expect(on.ledger.asks).toHaveLength(5);
    expect(on.control.stopped).toBe(false);
  });

  const forbidden = () => answered(403, { message: 'Only admins' });
  const chat = (i: number) => `12036337130838${String(9001 + i)}@g.us` as ChatId;

  it('group after group refused: the run stops, and nobody fails by that', async () => {
    const on = stage({ add: forbidden }, { breaker: 3 });
    for (let i = 0; i < 5; i++) {
      for (const who of people(4)) await on.dispatcher.submit({ chatId: chat(i), participants: [who] });
    }
    expect(await on.dispatcher.drain()).toEqual([]);
    expect(on.control.reason).toMatchObject({ exit: EXIT.safety, code: 'breaker' });
    expect([...on.ledger.outcomes, ...on.ledger.inDoubt()]).toEqual([]);
    expect(on.ledger.asks).toHaveLength(3);
  });

  it('is known as refused once another group answers', async () => {
    const on = stage({ add: (who, id) => (id === chat(2) ? added(who) : forbidden()) }, { breaker: 3 });
    for (let i = 0; i < 5; i++) {
      for (const who of people(2)) await on.dispatcher.submit({ chatId: chat(i), participants: [who] });
      await on.dispatcher.idle();
      expect(on.ledger.outcomes.size).toBe(i < 2 ? 0 : 6);
    }
    await on.dispatcher.drain();
    expect(Array.from({ length: 5 }, (_, i) => people(2).map((who) => on.ledger.of(who, chat(i))))).toEqual(
      [0, 1, 2, 3, 4].map((i) => Array(2).fill(i === 2 ? 'added' : 'failed not_admin')),
    );
    expect(on.ledger.inDoubt()).toEqual([]);
    expect(on.ledger.asks).toHaveLength(6);
  });

  it('asks already in flight get their own answers', async () => {
    const held: (() => void)[] = [];
    const on = stage(
      { add: (who) => new Promise((resolve) => held.push(() => resolve(each(who, FULL)))) },
      { concurrency: 3 },
    );
    for (const who of people(5)) void on.dispatcher.submit({ chatId: GROUP, participants: [who] });
    while (held.length < 3) await tick();
    for (const answer of held) answer();
    await on.dispatcher.drain();
    expect(new Set(people(5).map((who) => on.ledger.of(who)))).toEqual(new Set(['failed group_full']));
    expect(on.ledger.asks).toHaveLength(3);
  });

  it('people whom WhatsApp throttled beside a full group fail with it', async () => {
    const [one, two] = [person(0), person(1)];
    const on = stage({
      add: () => answered(200, { [`${one}@c.us`]: FULL, [`${two}@c.us`]: THROTTLED }),
    });
    await on.askFor([one, two], 2);
    expect([on.ledger.of(one), on.ledger.of(two)]).toEqual(['failed group_full', 'failed group_full']);
    expect(on.ledger.asks).toHaveLength(1);
  });
});

/** The page of a group with so many members, one of them the sending phone. */
const page = (members: number, isAdmin = true) =>
  answered(200, {
    chat_id: GROUP,
    member_count: members,
    members: { [`${SENDER}@c.us`]: { is_admin: isAdmin }, '14155550100@c.us': { is_admin: false } },
  });

describe('an answer that may mean two things has the group read', () => {
  const ILL = { is_success: false, code: 500 };
  const REFUSED = { is_success: false, code: '401' };

  it('code 500 of a group at its limit: it is full, for everybody', async () => {
    const on = stage({ add: (who) => each(who, ILL), chat: () => page(1024) });
    expect(await on.askFor(people(4))).toEqual([]);
    expect(new Set(people(4).map((who) => on.ledger.of(who)))).toEqual(new Set(['failed group_full']));
    expect([on.ledger.asks.length, on.calls.filter((call) => call === 'chat').length]).toEqual([1, 1]);
  });

  it.each([
    ['has room', page(1023)],
    ['does not tell', answered(500)],
  ])('code 500 of a group that %s: in doubt', async (_what, chat) => {
    const on = stage({ add: (who) => each(who, ILL), chat: () => chat });
    expect(await on.askFor(people(2))).toHaveLength(2);
    expect(on.ledger.asks).toHaveLength(2);
  });

  it.each<[string, Script, string[]]>([
    [
      'one person refuses: that person alone',
      {
        add: (who) => (who.includes(person(1)) ? each(who, REFUSED) : added(who)),
        chat: () => page(9, false),
      },
      ['added', 'failed refused_by_person', 'added', 'added', 'added'],
    ],
    [
      'everybody refuses, and the sender is an admin: each alone',
      { add: (who) => each(who, REFUSED), chat: () => page(9) },
      Array(5).fill('failed refused_by_person'),
    ],
    [
      'everybody refuses, and the sender is not an admin: the group is closed',
      { add: (who) => each(who, REFUSED), chat: () => page(9, false) },
      Array(5).fill('failed not_admin'),
    ],
    [
      'everybody refuses but the first: each alone',
      {
        add: (who) => (who.includes(person(0)) ? added(who) : each(who, REFUSED)),
        chat: () => page(9, false),
      },
      ['added', ...Array(4).fill('failed refused_by_person')],
    ],
  ])('%s', async (_what, script, expected) => {
    const on = stage(script);
    on.groups.senderNumber = SENDER;
    await on.askFor(people(5));
    expect(people(5).map((who) => on.ledger.of(who))).toEqual(expected);
    expect(on.control.stopped).toBe(false);
    expect(on.calls.filter((call) => call === 'chat').length).toBeLessThanOrEqual(1);
  });
});

describe('the breaker', () => {
  it('stops after N in doubt in a row', async () => {
    const on = stage({ add: () => broken() }, { breaker: 3 });
    const doubts = await on.askFor(people(9));
    expect(on.control.reason).toMatchObject({ exit: EXIT.safety, code: 'breaker' });
    expect(on.control.reason?.message).toBe(
      '3 asks in a row without a clear answer: stopped to protect the account',
    );
    expect([doubts.length, on.ledger.asks.length]).toEqual([3, 3]);
  });

  it('a failure that WhatsApp explains is a clear answer', async () => {
    let n = 0;
    const answer = (who: readonly Participant[]) =>
      ++n % 3 === 0 ? each(who, { is_success: false, code: 404 }) : broken();
    const on = stage({ add: answer }, { breaker: 3 });
    await on.askFor(people(12));
    expect(on.control.stopped).toBe(false);
    expect(on.ledger.asks).toHaveLength(12);
  });

  it('the phone’s state is read meanwhile, and is the better reason', async () => {
    const on = stage({ add: () => answered(500), phones: () => GONE });
    await on.askFor(people(9));
    expect(on.control.reason).toMatchObject({ exit: EXIT.safety, code: 'phone_not_connected' });
    expect(on.ledger.asks.length).toBeLessThanOrEqual(5);
  });

  it('WhatsApp’s throttling: a cool-down each time, then the end; nobody is in doubt', async () => {
    const on = stage({ add: (who) => each(who, THROTTLED) }, { breaker: 5, coolDownMs: 70 });
    expect(await on.askFor(people(4))).toEqual([]);
    expect(on.control.reason).toMatchObject({ exit: EXIT.safety, code: 'whatsapp_throttled' });
    expect(on.control.reason?.message).toMatch(/5 asks in a row throttled by WhatsApp/);
    expect(on.limiter.pauses).toEqual([70, 70, 70, 70]);
    expect([...on.ledger.outcomes, ...on.ledger.inDoubt()]).toEqual([]);
    expect(on.ledger.asks).toHaveLength(5);
  });

  it('one whom WhatsApp throttles is asked three times, the others go on', async () => {
    const bad = person(0);
    const on = stage({ add: (who) => (who.includes(bad) ? each(who, THROTTLED) : added(who)) });
    await on.askFor(people(3));
    expect(people(3).map((who) => on.ledger.of(who))).toEqual([undefined, 'added', 'added']);
    expect(on.ledger.asks.filter((who) => who.includes(bad))).toHaveLength(3);
    expect(on.control.stopped).toBe(false);
  });

  it('--max-errors counts failed and in doubt, and not those who were never asked', async () => {
    const on = stage(inTurn(broken(), answered(400), answered(400)), { maxErrors: { count: 2 } });
    await on.askFor(people(6));
    expect(on.control.reason).toMatchObject({ exit: EXIT.safety, code: 'max_errors' });
    expect(on.ledger.asks).toHaveLength(3);

    const closed = stage(
      { add: () => answered(404, { message: 'Chat not found' }) },
      { maxErrors: { count: 2 } },
    );
    await closed.askFor(people(6));
    expect(closed.control.stopped).toBe(false);
  });
});

describe('an ask that was certainly not done', () => {
  it('is made again, and the answer settles it', async () => {
    const on = stage(inTurn(answered(503), answered(429), UNSENT));
    await on.askFor(people(1));
    expect([on.ledger.of(person(0)), on.ledger.asks.length]).toEqual(['added', 4]);
  });

  it.each([429, 503])(
    'HTTP %i always: six tries, then left for another run; others go on',
    async (status) => {
      const bad = person(0);
      const on = stage({ add: (who) => (who.includes(bad) ? answered(status) : added(who)) });
      await on.askFor(people(3));
      expect(people(3).map((who) => on.ledger.of(who))).toEqual([undefined, 'added', 'added']);
      expect(on.ledger.asks).toHaveLength(8);
      expect(on.ledger.inDoubt()).toEqual([]);
      expect(on.control.stopped).toBe(false);
    },
  );

  it('HTTP 503 for everybody: the third that is left ends the run for now', async () => {
    const on = stage({ add: () => answered(503) });
    await on.askFor(people(9));
    expect(on.control.reason).toMatchObject({ exit: EXIT.again, code: 'throttled' });
    expect(on.ledger.asks).toHaveLength(18);
  });

  it.each([429, 503])(
    'HTTP %i to a burst, six rounds long: is six tries, and not six for each',
    async (status) => {
      const burst = 12;
      let rounds = 0;
      const flying: (() => void)[] = [];
      const on = stage(
        {
          add: (who) => {
            if (rounds === 6) return added(who);
            return new Promise((resolve) => {
              flying.push(() => resolve(answered(status)));
              if (flying.length < burst) return;
              rounds++;
              on.time.ms++;
              for (const refuse of flying.splice(0)) refuse();
            });
          },
        },
        { concurrency: burst },
      );
      await on.askFor(people(30));
      expect(on.control.stopped).toBe(false);
      // One of them is left for another run, and not all that were refused with it.
      const left = people(30).filter((who) => on.ledger.of(who) !== 'added');
      expect(left).toHaveLength(1);
      expect([rounds, on.ledger.inDoubt()]).toEqual([6, []]);
    },
  );

  it('HTTP 503 to every burst: one is left in each round, and the third round of them ends the run for now', async () => {
    const add = async () => {
      // All that go together are under way before the first is answered.
      for (let turn = 0; turn < 20; turn++) await tick();
      return answered(503);
    };
    const on = stage({ add }, { concurrency: 10 });
    await on.askFor(people(10));
    expect(on.control.reason).toMatchObject({ exit: EXIT.again, code: 'throttled' });
    expect(on.lines.filter((line) => line.includes('left for the next run'))).toHaveLength(3);
    expect(on.limiter.pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect([...on.ledger.outcomes, ...on.ledger.inDoubt()]).toEqual([]);
  });

  it('HTTP 503 until tomorrow: the run ends at once, and nobody is in doubt', async () => {
    const on = stage({ add: () => answered(503, '', { 'retry-after': '86400' }) }, { concurrency: 3 });
    await on.askFor(people(9));
    expect(on.control.reason).toMatchObject({ exit: EXIT.again, code: 'throttled' });
    expect(on.ledger.asks.length).toBeLessThanOrEqual(3);
    expect([...on.ledger.outcomes, ...on.ledger.inDoubt(), ...on.limiter.pauses]).toEqual([]);
  });

  it('out of reach: waits longer each time, then the run ends for now', async () => {
    const on = stage({ add: () => UNSENT });
    await on.askFor(people(3));
    expect(on.control.reason).toMatchObject({ exit: EXIT.again, code: 'api_unreachable' });
    expect(on.limiter.pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000]);
    expect([...on.ledger.outcomes, ...on.ledger.inDoubt()]).toEqual([]);
  });
});

describe('--daily-cap', () => {
  it('is neither passed nor left unused, however many asks run at once', async () => {
    for (const cap of [1, 3, 7, 10]) {
      const on = stage({}, { concurrency: 8, dailyCap: cap });
      await on.askFor(people(20));
      expect(on.ledger.asks.flat()).toHaveLength(cap);
      expect(on.control.reason).toMatchObject({ exit: EXIT.again, code: 'daily_cap' });
    }
  });

  it('cuts a batch to what is left of it', async () => {
    for (const [cap, batch] of [
      [3, 5],
      [8, 5],
      [5, 5],
    ] as const) {
      const on = stage({}, { concurrency: 4, dailyCap: cap });
      await on.askFor(people(20), batch);
      expect(on.ledger.asks.flat()).toHaveLength(cap);
      expect(on.ledger.outcomes.size).toBe(cap);
      expect(on.control.reason).toMatchObject({ code: 'daily_cap' });
    }
  });

  it('those beyond it are not taken for throttled', async () => {
    const on = stage({}, { dailyCap: 1, breaker: 1 });
    await on.askFor(people(2), 2);
    expect(on.control.reason).toMatchObject({ code: 'daily_cap' });
    expect(on.limiter.pauses).toEqual([]);
  });
});

describe('the hour', () => {
  const [first, second, third] = people(3) as [Participant, Participant, Participant];
  const never = Number.POSITIVE_INFINITY;

  it('who may not be asked now is left for later, also out of an ask of several', async () => {
    const hours = { opensAt: (who: string, now: number) => (who === second ? never : now) };
    const on = stage({}, { hours });
    await on.askFor([first, second, third], 3);
    expect(on.ledger.asks).toEqual([[first, third]]);
    expect(on.later).toEqual([second]);
    expect(on.control.stopped).toBe(false);
  });

  it('an hour that ends while an ask is on its way to the wire: nothing is sent', async () => {
    let closed = false;
    const on = stage({}, { hours: { opensAt: (_who, now) => (closed ? never : now) } });
    on.limiter.isDue = () => {
      closed = true;
      return true;
    };
    await on.askFor([first]);
    expect(on.calls).toEqual([]);
    expect(on.later).toEqual([first]);
    expect([...on.ledger.outcomes, ...on.ledger.inDoubt()]).toEqual([]);
  });

  it('a daily cap that is waited for leaves the others for later', async () => {
    for (const roomAt of [() => 5_000, () => undefined]) {
      const on = stage({}, { dailyCap: 2, roomAt });
      await on.askFor(people(5));
      expect(on.ledger.asks).toHaveLength(2);
      expect(on.later).toEqual(people(3, 2));
      expect(on.control.stopped).toBe(false);
    }
  });
});

describe('what else may happen', () => {
  it('members are not asked', async () => {
    const on = stage({ chat: () => each([person(0)], {}) });
    on.groups.close(OTHER, { reasonCode: 'group_full', message: 'full' });
    await on.groups.read(GROUP);
    await on.askFor(people(2), 2);
    expect(on.ledger.of(person(1))).toBe('added');
  });

  it('a ledger that fails stops the run for now, and nothing is sent after it', async () => {
    const on = stage();
    on.ledger.fails = new OnboardError('LEDGER_FAILED', 'no room');
    await on.askFor(people(3));
    expect(on.control.reason).toMatchObject({ exit: EXIT.again, code: 'ledger_failed', message: 'no room' });
    expect(on.calls).toEqual([]);
  });

  it('a defect stops the run; the asks in flight end before it is told', async () => {
    let end = () => {};
    const on = stage(
      {
        add: (who) => {
          if (who.includes(person(1))) throw new Error('a defect');
          return new Promise((resolve) => {
            end = () => resolve(added(who));
          });
        },
      },
      { concurrency: 2 },
    );
    for (const who of people(5)) void on.dispatcher.submit({ chatId: GROUP, participants: [who] });
    while (!on.control.stopped) await tick();
    const drained = on.dispatcher.drain();
    end();
    await expect(drained).rejects.toThrow('a defect');
    expect(on.ledger.of(person(0))).toBe('added');
    expect(on.ledger.asks).toHaveLength(2);
  });

  it('reading waits while there is no room', async () => {
    let end = () => {};
    const on = stage({
      add: (who) =>
        new Promise((resolve) => {
          end = () => resolve(added(who));
        }),
    });
    await on.dispatcher.submit({ chatId: GROUP, participants: [person(0)] });
    let taken = false;
    const second = on.dispatcher.submit({ chatId: GROUP, participants: [person(1)] }).then(() => {
      taken = true;
    });
    while (on.calls.length === 0) await tick();
    expect(taken).toBe(false);
    end();
    await second;
    while (on.calls.length < 2) await tick();
    end();
    await on.dispatcher.drain();
    expect(on.ledger.outcomes.size).toBe(2);
  });

  it('a phone’s state that waits for the window holds up no end', async () => {
    const on = stage({ add: () => broken() });
    on.limiter.window = new Promise(() => {}); // ten minutes, say
    await on.dispatcher.submit({ chatId: GROUP, participants: [person(0)] });
    while (on.ledger.asks.length === 0 || on.lines.length === 0) await tick();
    on.control.stop({ exit: EXIT.again, code: 'deadline', message: 'over' });
    expect(await on.dispatcher.drain()).toHaveLength(1);
  });
});
