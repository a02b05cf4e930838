import { describe, expect, it } from 'vitest';
import { EXIT } from '../../../src/domain/errors.ts';
import type { ChatId } from '../../../src/domain/words.ts';
import type { Answer } from '../../../src/send/api/answer.ts';
import type { History } from '../../../src/send/groups/notifications.ts';
import { type Doubt, reconcile } from '../../../src/send/groups/reconciler.ts';
import type { RunControl } from '../../../src/send/run-control.ts';
import { answered, UNSENT } from '../answers.ts';
import { GROUP, group, OTHER, person, type Script, SENDER, stage } from '../fakes.ts';

const doubt = (i: number, chatId: ChatId = GROUP, was?: Doubt['was']): Doubt => ({
  pair: { chatId, participant: person(i) },
  message: 'no answer in time',
  httpStatus: 504,
  traceId: 'trace',
  was,
});

async function reconciled(chat: Script['chat'], doubts: readonly Doubt[], control?: RunControl) {
  const on = stage({ ...(chat && { chat }) });
  for (const { pair, was } of doubts) if (!was) await on.ledger.asked([pair]);
  await reconcile(doubts, { ...on, control: control ?? on.control });
  return on;
}

describe('pairs in doubt', () => {
  it('are added when the group lists them, and unknown when not; one read per group', async () => {
    const on = await reconciled(
      (chatId) => group(chatId === GROUP ? [person(1)] : []),
      [doubt(1), doubt(3, OTHER), doubt(2)],
    );
    expect(on.calls).toEqual(['chat', 'chat']);
    expect(on.ledger.of(person(1))).toBe('added confirmed_by_membership');
    expect(on.ledger.of(person(2))).toBe('unknown no_answer');
    expect(on.ledger.of(person(3), OTHER)).toBe('unknown no_answer');
    expect(on.ledger.inDoubt()).toEqual([]);
    expect(on.settled.filter((word) => /^\d/.test(word))).toEqual(['1 added', '1 unknown', '1 unknown']);
    expect([...on.ledger.outcomes.values()][0]).toMatchObject({
      message: 'no answer in time',
      httpStatus: 504,
      traceId: 'trace',
    });
  });

  it.each<[string, Answer]>([
    ['HTTP 500', answered(500)],
    ['nonsense', answered(200, '"hello"')],
    ['404', answered(404)],
  ])('the read fails (%s): unknown, with a warning', async (_what, answer) => {
    const on = await reconciled(() => answer, [doubt(1)]);
    expect(on.ledger.of(person(1))).toBe('unknown no_answer');
    expect(on.lines.filter((line) => line.startsWith('warn')).join()).toMatch(/not readable/);
    expect(on.lines.join()).not.toMatch(/membership read/);
  });

  it('stay in doubt when the API is out of reach, and no other group is tried', async () => {
    const on = await reconciled(() => UNSENT, [doubt(1), doubt(2, OTHER)]);
    expect(on.ledger.inDoubt()).toHaveLength(2);
    expect(on.calls).toHaveLength(6);
  });

  it('stay in doubt when the run is stopped, before a read or in it', async () => {
    const before = stage();
    before.control.stop({ exit: EXIT.sigint, code: 'interrupted', message: '' });
    const on = await reconciled(undefined, [doubt(1)], before.control);
    expect([on.calls, on.ledger.inDoubt().length]).toEqual([[], 1]);

    const within = stage({
      chat: () => {
        within.control.stop({ exit: EXIT.sigint, code: 'interrupted', message: '' });
        return group([person(1)]);
      },
    });
    await within.ledger.asked([doubt(1).pair]);
    await reconcile([doubt(1)], within);
    expect(within.ledger.inDoubt()).toHaveLength(1);
  });

  it('stay in doubt when the key is rejected', async () => {
    const on = await reconciled(() => answered(401), [doubt(1)]);
    expect(on.ledger.inDoubt()).toHaveLength(1);
    expect(on.control.reason).toMatchObject({ code: 'key_rejected' });
  });

  it('known as unknown already: keep their words, unless the group lists them by now', async () => {
    const on = await reconciled(
      () => group([person(1)]),
      [doubt(1, GROUP, 'unknown'), doubt(2, GROUP, 'unknown')],
    );
    expect(on.ledger.of(person(1))).toBe('added confirmed_by_membership');
    expect(on.ledger.of(person(2))).toBeUndefined();
    expect(on.settled.filter((word) => /^\d/.test(word))).toEqual(['1 added']);
  });

  it('not listed, but in the notifications: added, or joined by the invite; and nobody reads them in vain', async () => {
    const on = stage({
      chat: (chat_id) => answered(200, { chat_id, members: { [`${SENDER}@c.us`]: {} } }),
    });
    const cameBy = (who: string) => (who === person(1) ? 'added' : who === person(2) ? 'came' : undefined);
    const reads: ChatId[] = [];
    const history = async (chatId: ChatId) => {
      reads.push(chatId);
      return { cameBy } as unknown as History;
    };
    const doubts = [
      doubt(1),
      doubt(2, GROUP, 'unknown'),
      doubt(3),
      doubt(4, GROUP, 'unknown'),
      doubt(1, OTHER, 'unconfirmed'),
    ];
    await reconcile(doubts, { ...on, history });
    expect([1, 2, 3, 4].map((i) => on.ledger.of(person(i)))).toEqual([
      'added confirmed_by_notification',
      'joined accepted_invite',
      'unknown no_answer',
      undefined,
    ]);
    expect(on.ledger.of(person(1), OTHER)).toBe('invited unconfirmed');
    expect(reads).toEqual([GROUP]);
  });

  it.each<[string, Script['chat'], string | undefined, string | undefined]>([
    [
      'listed, and not listed',
      () => group([person(1)]),
      'added confirmed_by_membership',
      'invited unconfirmed',
    ],
    ['HTTP 500', () => answered(500), undefined, undefined],
    ['members: null', () => answered(200, { chat_id: GROUP, members: null }), undefined, undefined],
    [
      'a member whose phone nobody knows',
      () => answered(200, { members: { '919000000001@c.us': {}, '271828182845904@lid': {} } }),
      undefined,
      undefined,
    ],
    [
      'a member by LID, with a number beside it',
      () => answered(200, { members: { '271828182845904@lid': { number: person(1) } } }),
      'added confirmed_by_membership',
      'invited unconfirmed',
    ],
  ])('a success that did not say what was done (%s): one read', async (_what, chat, first, second) => {
    const on = await reconciled(chat, [doubt(1, GROUP, 'unconfirmed'), doubt(2, GROUP, 'unconfirmed')]);
    expect(on.calls).toEqual(['chat']);
    expect([on.ledger.of(person(1)), on.ledger.of(person(2))]).toEqual([first, second]);
    // Both were counted as added before.
    expect(on.settled.filter((word) => /^-?\d/.test(word)).sort()).toEqual(
      second === undefined ? [] : ['-1 added', '1 invited'],
    );
  });

  it('none: nothing is read', async () => {
    expect((await reconciled(undefined, [])).calls).toEqual([]);
  });
});
