import { describe, expect, it } from 'vitest';
import { EXIT } from '../../../src/domain/errors.ts';
import type { Participant } from '../../../src/domain/words.ts';
import type { Answer } from '../../../src/send/api/answer.ts';
import { HistorySupport, historyReader } from '../../../src/send/groups/notifications.ts';
import { answered, broken } from '../answers.ts';
import { ASKED_AT, GROUP, OTHER, person, SENDER, stage } from '../fakes.ts';

const at = (ms: number) => new Date(ASKED_AT + ms).toISOString();
const add = (who: string, ms = 1_000, fields: object = {}) => ({
  ...{ chat_id: GROUP, author: `${SENDER}@c.us`, recipientids: [`${who}@c.us`], type: 'add' },
  ...{ timestamp: at(ms), org_phone: `${SENDER}@c.us`, ...fields },
});
const page = (items: readonly unknown[], fields: object = {}) =>
  answered(200, { from: 0, to: items.length, count: items.length, notifictions: items, ...fields });

async function history(...pages: Answer[]) {
  const on = stage({ notifications: () => pages.shift() ?? answered(500) });
  const support = new HistorySupport();
  const notifications = historyReader(on.gateway, on.client, on.log, support);
  return { ...on, notifications, read: await notifications(GROUP, on.control) };
}

const ANNA = person(1);

describe('how somebody came in after an ask', () => {
  it.each<[string, unknown, 'added' | 'came' | undefined, Participant?]>([
    ['added by us', add(ANNA), 'added'],
    ['within the second of the ask, which has no parts', add(ANNA, -500), 'added'],
    ['before the ask', add(ANNA, -501), undefined],
    ['by another phone', add(ANNA, 1_000, { author: '919999999999@c.us' }), 'added'],
    ['by a LID', add(ANNA, 1_000, { author: '271828182845904@lid' }), 'added'],
    ['by nobody that is told', add(ANNA, 1_000, { author: null }), 'added'],
    ['through a phone that is not told', add(ANNA, 1_000, { org_phone: undefined }), 'added'],
    [
      'another way of writing the server',
      add(ANNA, 1_000, { recipientids: [`${ANNA}:3@s.whatsapp.net`] }),
      'added',
    ],
    ['another type’s case', add(ANNA, 1_000, { type: 'ADD' }), 'added'],
    ['among others', add(ANNA, 1_000, { recipientids: ['919000000000@c.us', `${ANNA}@c.us`] }), 'added'],
    ['by an invite', add(ANNA, 1_000, { type: 'invite', author: `${ANNA}@c.us` }), 'came'],
    [
      'by an invite, as the author alone',
      add(ANNA, 1_000, { type: 'invite', author: `${ANNA}@c.us`, recipientids: null }),
      'came',
    ],
    ['in another group', add(ANNA, 1_000, { chat_id: OTHER }), undefined],
    ['a LID of these digits', add(ANNA, 1_000, { recipientids: [`${ANNA}@lid`] }), undefined],
    ['somebody else', add(person(2)), undefined],
    ['no time', add(ANNA, 1_000, { timestamp: null }), undefined],
    ['a time of no zone', add(ANNA, 1_000, { timestamp: '2026-03-01T10:00:02' }), undefined],
    ['a time as Postgres writes it', add(ANNA, 1_000, { timestamp: '2026-03-01 10:00:02+00' }), 'added'],
    ['made an admin', add(ANNA, 1_000, { type: 'promote' }), undefined],
    ['a type of every object', add(ANNA, 1_000, { type: 'constructor' }), undefined],
    ['no recipients', add(ANNA, 1_000, { recipientids: null }), undefined],
    ['not an item', 'add', undefined],
    ['another number of the same person', add('5215512345678'), 'added', '525512345678' as Participant],
  ])('%s: %#', async (_name, item, came, who = ANNA) => {
    expect((await history(page([item]))).read?.cameBy(who, ASKED_AT)).toBe(came);
    const other = answered(200, { notifications: [item] });
    expect((await history(other)).read?.cameBy(who, ASKED_AT)).toBe(came);
  });
});

describe('who has left', () => {
  const leave = (ms: number, fields: object = {}) =>
    add(ANNA, ms, { type: 'leave', author: `${ANNA}@c.us`, ...fields });
  it.each<[string, readonly unknown[], boolean, boolean]>([
    ['left', [add(ANNA), leave(5_000)], true, false],
    ['left, as the author alone', [leave(5_000, { recipientids: null })], true, false],
    ['was removed', [add(ANNA, 5_000, { type: 'remove' }), add(ANNA)], true, false],
    ['came again', [leave(5_000), add(ANNA, 9_000)], false, true],
    ['left within the second in which they came', [add(ANNA, 5_000), leave(5_000)], false, false],
    ['before the ask', [leave(-60_000)], false, false],
    [
      'removed somebody else',
      [add(person(2), 5_000, { type: 'remove', author: `${ANNA}@c.us` })],
      false,
      false,
    ],
    [
      'removed somebody whom nobody names',
      [add(ANNA, 5_000, { type: 'remove', author: `${ANNA}@c.us`, recipientids: [] })],
      false,
      false,
    ],
  ])('%s', async (_name, items, left, isIn) => {
    const { read } = await history(page(items));
    expect([read?.hasLeft(ANNA, ASKED_AT), read?.isIn(ANNA, ASKED_AT)]).toEqual([left, isIn]);
  });

  it('is not told by pages that are not all there', async () => {
    const { read } = await history(page([leave(5_000)], { count: 2 }), answered(500));
    expect([read?.hasLeft(ANNA, ASKED_AT), read?.isIn(ANNA, ASKED_AT)]).toEqual([false, false]);
  });
});

describe('pages', () => {
  it('are read until the count is reached', async () => {
    const on = await history(
      page([add(person(1)), add(person(2))], { count: 3 }),
      page([add(person(3))], { from: 2, count: 3 }),
    );
    expect([1, 2, 3].map((i) => on.read?.cameBy(person(i), ASKED_AT))).toEqual(['added', 'added', 'added']);
    expect(on.calls).toEqual(['notifications', 'notifications']);
  });

  it('of a server that knows no offset end with the first that is not new', async () => {
    const same = page([add(person(1))], { count: 9_999 });
    const on = await history(same, same, same);
    expect(on.read?.cameBy(person(1), ASKED_AT)).toBe('added');
    expect(on.calls).toHaveLength(2);
  });

  it('without end are bounded', async () => {
    const pages = Array.from({ length: 99 }, (_, i) => page([add(person(i))], { count: 9_999 }));
    expect((await history(...pages)).calls).toHaveLength(10);
  });
});

describe('a server without notifications', () => {
  it.each<[string, Answer]>([
    ['404', answered(404, '<!DOCTYPE html><pre>Cannot GET /v1/</pre>')],
    ['404 of the API', answered(404, { message: 'Cannot GET this path' })],
    ['403', answered(403, 'Forbidden')],
    ['401', answered(401)],
    ['405', answered(405)],
    ['500', answered(500)],
    ['HTML', answered(200, '<html>hello</html>')],
    ['nonsense', answered(200, { notifictions: 'many' })],
    ['a list', answered(200, [])],
    ['half an answer', broken(200)],
    ['a redirect', answered(302)],
  ])('is asked once, and changes nothing: %s', async (_name, answer) => {
    const on = await history(answer);
    expect(on.read).toBeUndefined();
    const more = await Promise.all([GROUP, OTHER].map((group) => on.notifications(group, on.control)));
    expect(more).toEqual([undefined, undefined]);
    expect(on.calls).toEqual(['notifications']);
    expect(on.control.stopped).toBe(false);
    expect(on.lines.filter((line) => !line.startsWith('debug'))).toEqual([]);
  });

  it('is found out by one of several reads at once', async () => {
    const on = stage();
    const notifications = historyReader(on.gateway, on.client, on.log, new HistorySupport());
    await Promise.all(Array.from({ length: 8 }, () => notifications(GROUP, on.control)));
    expect(on.calls).toEqual(['notifications']);
  });

  it('is not one that knows no such group, or where one read went wrong', async () => {
    const unknown = await history(
      answered(404, { message: 'Chat not found' }),
      page([add(ANNA)]),
      answered(500),
      page([]),
    );
    const { notifications, control } = unknown;
    expect((await notifications(GROUP, control))?.cameBy(ANNA, ASKED_AT)).toBe('added');
    expect(await notifications(GROUP, control)).toBeUndefined();
    expect(await notifications(GROUP, control)).toBeDefined();
    control.stop({ exit: EXIT.sigint, code: 'interrupted', message: '' });
    expect(await notifications(GROUP, control)).toBeUndefined();
  });
});
