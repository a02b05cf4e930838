/** Refusals (401) are each about the person, or all about the sender: what is known later holds for the earlier ones, too. */
import { expect, it } from 'vitest';
import type { Participant } from '../../../src/domain/words.ts';
import { answered } from '../answers.ts';
import { added, each, GROUP, OTHER, people, type Script, SENDER, stage, tick } from '../fakes.ts';

const REFUSED = { is_success: false, code: 401 };
const PERSON = 'failed refused_by_person';
const ADMIN = 'failed not_admin';

const page = (isAdmin?: boolean) =>
  answered(200, {
    chat_id: GROUP,
    members: {
      [`${SENDER}@c.us`]: isAdmin === undefined ? {} : { is_admin: isAdmin },
      '14155550100@c.us': { is_admin: isAdmin !== true },
    },
  });

interface Case {
  /** Places of those who do not refuse. */
  readonly accept?: readonly number[];
  readonly n?: number;
  readonly batch?: number;
  readonly precheck?: boolean;
  readonly chat: Script['chat'];
  readonly found: readonly string[];
  readonly asks: number;
}

const five = (found: string) => Array<string>(5).fill(found);
const no = () => page(false);

it.each<[string, Case]>([
  ['not an admin, found by the look', { chat: no, found: five(ADMIN), asks: 3 }],
  ['not an admin, known before', { precheck: true, chat: no, found: five(ADMIN), asks: 3 }],
  ['the same in one batch', { batch: 3, chat: no, found: five(ADMIN), asks: 1 }],
  ['the same in batches', { batch: 2, chat: no, found: five(ADMIN), asks: 2 }],
  ['two people, known before', { n: 2, precheck: true, chat: no, found: [ADMIN, ADMIN], asks: 2 }],
  ['two people, nothing known', { n: 2, chat: no, found: [PERSON, PERSON], asks: 2 }],
  ['an admin', { precheck: true, chat: () => page(true), found: five(PERSON), asks: 5 }],
  ['not told', { precheck: true, chat: () => page(), found: five(PERSON), asks: 5 }],
  ['unreadable', { chat: () => answered(500), found: five(PERSON), asks: 5 }],
  [
    'not an admin by a stale list: somebody is added first',
    { accept: [0], precheck: true, chat: no, found: ['added', ...Array(4).fill(PERSON)], asks: 5 },
  ],
  [
    'the same after a refusal',
    { accept: [2], precheck: true, chat: no, found: [PERSON, PERSON, 'added', PERSON, PERSON], asks: 5 },
  ],
  [
    'the same in one batch',
    {
      accept: [1],
      batch: 3,
      precheck: true,
      chat: no,
      found: [PERSON, 'added', ...Array(3).fill(PERSON)],
      asks: 2,
    },
  ],
])('%s', async (_what, { accept = [], n = 5, batch = 1, precheck, chat, found, asks }) => {
  const all = people(n);
  const accepts = (who: Participant) => accept.includes(all.indexOf(who));
  const on = stage({
    add: (who) =>
      answered(
        200,
        Object.fromEntries(
          who.map((one) => [`${one}@c.us`, accepts(one) ? { is_success: true, code: 200 } : REFUSED]),
        ),
      ),
    ...(chat && { chat }),
  });
  on.groups.senderNumber = SENDER;
  if (precheck) await on.groups.read(GROUP);
  expect(await on.askFor(all, batch)).toEqual([]);
  expect(all.map((who) => on.ledger.of(who)?.replace(' unconfirmed', ''))).toEqual(found);
  expect(on.ledger.asks).toHaveLength(asks);
  // A correction is nobody's second outcome.
  const counted = on.settled.flatMap((line) => (line.startsWith('group') ? [] : Number.parseInt(line, 10)));
  expect(counted.reduce((sum, one) => sum + one, 0)).toBe(n);
  expect(on.control.stopped).toBe(false);
});

it('all at once: those answered while the group is being read are not refused by a person either', async () => {
  const held: (() => void)[] = [];
  let read = () => {};
  const on = stage(
    {
      add: (who) => new Promise((resolve) => held.push(() => resolve(each(who, REFUSED)))),
      chat: () => new Promise((resolve) => (read = () => resolve(page(false)))),
    },
    { concurrency: 6 },
  );
  on.groups.senderNumber = SENDER;
  for (const who of people(9)) void on.dispatcher.submit({ chatId: GROUP, participants: [who] });
  while (held.length < 6) await tick();
  for (const answer of held.slice(0, 4)) answer();
  while (!on.calls.includes('chat')) await tick();
  held[4]?.();
  for (let turn = 0; turn < 20; turn++) await tick();
  read();
  while (on.groups.closure(GROUP) === undefined) await tick();
  for (const answer of held.slice(5)) answer();
  await on.dispatcher.drain();
  expect(new Set(people(9).map((who) => on.ledger.of(who)))).toEqual(new Set([ADMIN]));
  expect(on.ledger.inDoubt()).toEqual([]);
});

it('another group’s refusals are its own, and the words of the answer are kept', async () => {
  const on = stage({
    add: (who, chatId) => (chatId === GROUP ? each(who, { ...REFUSED, message: 'Nope' }) : added(who)),
    chat: no,
  });
  on.groups.senderNumber = SENDER;
  await on.askFor(people(3), 1, OTHER);
  await on.askFor(people(3));
  expect(people(3).map((who) => on.ledger.of(who))).toEqual([ADMIN, ADMIN, ADMIN]);
  const [first] = [...on.ledger.outcomes].flatMap(([name, outcome]) =>
    name.startsWith(GROUP) ? [outcome] : [],
  );
  expect(first?.message).toBe('Nope (the group does not list the sending phone as an admin)');
});
