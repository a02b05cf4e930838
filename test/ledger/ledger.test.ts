import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { personKey } from '../../src/domain/ids.ts';
import type { ChatId, Pair, Participant, SettledStatus } from '../../src/domain/words.ts';
import { encode } from '../../src/ledger/format.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { repeats, scratch } from '../helpers.ts';
import { knowledge, ORIGIN, opened, outcome, pair, SENDER, TestClock } from './support.ts';

const lines = (path: string) => readFileSync(path, 'utf8').split('\n').slice(0, -1);

describe('what is recorded', () => {
  test('an ask and its outcome, and what a later run knows of them', async () => {
    const path = join(await scratch(), 'a.ledger.jsonl');
    const clock = new TestClock();
    const ledger = await opened(path, { clock });
    const ask = await ledger.asked([pair(1), pair(2)], SENDER);
    expect(ledger.state(pair(1))).toEqual({ status: 'in_doubt', attempts: 1, reasonCode: '' });
    expect(ledger.outcome(pair(1))).toBeUndefined();
    clock.wall += 250;
    const failed = outcome('failed', {
      reasonCode: 'privacy_blocked',
      message: '=cmd|"x"\n\u{1f600}',
      traceId: 't2',
    });
    await ledger.settle(ask, [
      { pair: pair(1), outcome: outcome('invited') },
      { pair: pair(2), outcome: failed },
    ]);

    for (const each of [ledger, await reopen(ledger, path)]) {
      expect(each.state(pair(2))).toEqual({ status: 'failed', attempts: 1, reasonCode: 'privacy_blocked' });
      expect(each.outcome(pair(2))).toEqual({
        ...failed,
        attempts: 1,
        askedAt: Date.parse('2025-01-26T17:14:27.000Z'),
        settledAt: Date.parse('2025-01-26T17:14:27.250Z'),
      });
      expect(each.state(pair(3))).toBeUndefined();
      expect(each.outcome(pair(3))).toBeUndefined();
      expect([...each.inDoubt()]).toEqual([]);
      expect(each.size).toBe(2);
      expect(each.counts).toMatchObject({ invited: 1, failed: 1, in_doubt: 0, not_done: 0 });
    }
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('the format is the documented one', async () => {
    const path = join(await scratch(), 'a.ledger.jsonl');
    const ledger = await opened(path);
    await ledger.notDone(await ledger.asked([pair(1)], SENDER));
    await ledger.settle(await ledger.asked([pair(1)], SENDER), [{ pair: pair(1), outcome: outcome() }]);
    await ledger.settle(undefined, [
      {
        pair: pair(2),
        outcome: outcome('already_member', { httpStatus: undefined, traceId: '', message: '' }),
      },
    ]);
    const chat = '120363371308300001@g.us';
    const at = '2025-01-26T17:14:27.000Z';
    const settled = { is: 'outcome', at, chat, trace: '', reason: '', message: '' };
    expect(lines(path).map((line) => JSON.parse(line))).toMatchObject([
      { ledger: 'group-onboard', version: 2, origin: ORIGIN, created: at },
      { n: 2, is: 'asked', at, from: SENDER, chat, who: ['919000000001'] },
      { n: 3, is: 'not_done', at, ask: 2 },
      { n: 4, is: 'asked', at, from: SENDER, chat, who: ['919000000001'] },
      {
        ...settled,
        n: 5,
        ask: 4,
        asked: at,
        who: '919000000001',
        status: 'invited',
        http: 200,
        trace: expect.any(String),
        message: 'Invite sent to participant',
      },
      { ...settled, n: 6, who: '919000000002', status: 'already_member' },
    ]);
    expect(Object.keys(JSON.parse(lines(path)[5]!))).not.toContain('ask');
  });

  test('people of a batch with the same outcome have a line each, and its words are written once', async () => {
    const path = join(await scratch(), 'a.ledger.jsonl');
    const ledger = await opened(path);
    const people = [1, 2, 3, 4, 5].map((n) => pair(n));
    const said = (n: number) =>
      outcome(n % 2 === 0 ? 'added' : 'invited', { message: n === 5 ? 'later' : '' });
    await ledger.settle(
      await ledger.asked(people, SENDER),
      people.map((one, i) => ({ pair: one, outcome: said(i + 1) })),
    );
    expect(
      lines(path)
        .slice(2)
        .map((line) => {
          const { n, as, who, status } = JSON.parse(line);
          return [n, as, Number(who.slice(-3)), status];
        }),
    ).toEqual([
      [3, undefined, 1, 'invited'],
      [4, 3, 3, undefined],
      [5, undefined, 2, 'added'],
      [6, 5, 4, undefined],
      [7, undefined, 5, 'invited'],
    ]);
    expect(Object.keys(JSON.parse(lines(path)[3]!))).toEqual(['n', 'is', 'as', 'who', 'crc']);
    for (const each of [ledger, await reopen(ledger, path)]) {
      for (const n of [1, 2, 3, 4, 5]) {
        expect(each.state(pair(n))?.status).toBe(said(n).status);
        expect(each.outcome(pair(n))).toEqual({
          ...said(n),
          attempts: 1,
          askedAt: new TestClock().now(),
          settledAt: new TestClock().now(),
        });
      }
    }
  });

  test('what differs in anything is written out', async () => {
    const path = join(await scratch(), 'a.ledger.jsonl');
    const clock = new TestClock();
    const ledger = await opened(path, { clock });
    const base = outcome('failed', { reasonCode: 'other', message: 'm', httpStatus: 200, traceId: 't' });
    const others = [
      {},
      { status: 'unknown' },
      { reasonCode: 'bad_request' },
      { message: 'n' },
      { httpStatus: undefined },
      { traceId: 'u' },
    ] as const;
    await ledger.asked([pair(90)], SENDER);
    clock.wall += 1000;
    await ledger.asked([pair(91)], SENDER);
    const settlements = [
      ...others.map((other, n) => ({ pair: pair(n), outcome: { ...base, ...other } })),
      { pair: pair(7, 2), outcome: base },
      ...[90, 91].map((n) => ({ pair: pair(n), outcome: base })),
    ];
    await ledger.settle(undefined, settlements);
    expect(lines(path).filter((line) => line.includes('"as":'))).toEqual([]);
    const again = await reopen(ledger, path);
    for (const one of settlements) expect(again.outcome(one.pair)).toMatchObject(one.outcome);
    expect([90, 91].map((n) => again.outcome(pair(n))?.askedAt)).toEqual([clock.wall - 1000, clock.wall]);
  });

  test('a ledger of version 1 goes on as one', async () => {
    const path = join(await scratch(), 'a.ledger.jsonl');
    const [header] = [{ ledger: 'group-onboard', version: 1, origin: ORIGIN, created: '' } as const];
    const at = '2025-01-26T17:14:27.000Z';
    const { chatId: chat, participant: who } = pair(1);
    writeFileSync(
      path,
      encode(header) +
        encode({ n: 2, is: 'asked', at, from: SENDER, chat, who: [who] }) +
        encode({
          n: 3,
          is: 'outcome',
          at,
          ask: 2,
          asked: at,
          chat,
          who,
          status: 'added',
          reason: '',
          trace: 't',
          message: 'm',
        }),
    );
    const ledger = await opened(path);
    expect(ledger.outcome(pair(1))).toMatchObject({ status: 'added', traceId: 't', message: 'm' });
    const two = [pair(2), pair(3)];
    await ledger.settle(
      await ledger.asked(two, SENDER),
      two.map((one) => ({ pair: one, outcome: outcome() })),
    );
    expect(lines(path).map((line) => JSON.parse(line).version ?? JSON.parse(line).as)).toEqual([
      1,
      ...Array(5).fill(undefined),
    ]);
    const again = await reopen(ledger, path);
    expect(two.map((one) => again.outcome(one)?.status)).toEqual(['invited', 'invited']);
  });

  test('settled without an ask, and a member found later', async () => {
    const path = join(await scratch(), 'a.ledger.jsonl');
    const clock = new TestClock();
    const ledger = await opened(path, { clock });
    await ledger.settle(undefined, [{ pair: pair(1), outcome: outcome('already_member') }]);
    expect(ledger.outcome(pair(1))).toMatchObject({ askedAt: undefined, attempts: 0, settledAt: clock.wall });
    const asked = clock.wall;
    await ledger.settle(await ledger.asked([pair(2)], SENDER), [
      { pair: pair(2), outcome: outcome('invited') },
    ]);
    clock.wall += 1000;
    await ledger.settle(undefined, [{ pair: pair(2), outcome: outcome('joined') }]);
    expect(ledger.outcome(pair(2))).toMatchObject({
      status: 'joined',
      askedAt: asked,
      settledAt: asked + 1000,
      attempts: 1,
    });
    await ledger.settle(undefined, []);
    expect(ledger.size).toBe(2);
  });

  test('long and strange server messages stay readable', async () => {
    const path = join(await scratch(), 'a.ledger.jsonl');
    const ledger = await opened(path);
    const message = `\u0000\ud800"\\\n${'é'.repeat(50_000)}`;
    await ledger.settle(undefined, [{ pair: pair(1), outcome: outcome('failed', { message }) }]);
    const again = await reopen(ledger, path);
    expect(again.outcome(pair(1))?.message).toBe(message.slice(0, 10_000));
  });
});

describe('doubt', () => {
  test('an ask without outcome is in doubt in the next run, by group, until it is settled', async () => {
    const path = join(await scratch(), 'a.ledger.jsonl');
    const ledger = await opened(path);
    await ledger.asked([pair(1, 1)], SENDER);
    const batch = await ledger.asked([pair(2, 2), pair(3, 2)], SENDER);
    await ledger.asked([pair(4, 1)], SENDER);
    await ledger.settle(batch, [{ pair: pair(2, 2), outcome: outcome('added') }]);

    const again = await reopen(ledger, path);
    expect([...again.inDoubt()]).toEqual([pair(1, 1), pair(4, 1), pair(3, 2)]);
    expect(again.counts).toMatchObject({ in_doubt: 3, added: 1 });
    await again.settle(undefined, [
      { pair: pair(3, 2), outcome: outcome('unknown', { reasonCode: 'no_answer' }) },
    ]);
    expect([...again.inDoubt()]).toEqual([pair(1, 1), pair(4, 1)]);
    expect(again.outcome(pair(3, 2))).toMatchObject({ status: 'unknown', askedAt: new TestClock().now() });
  });

  test('the other number of a person is the same person', async () => {
    const ledger = await opened(join(await scratch(), 'a.ledger.jsonl'));
    const chatId = '120363371308389685@g.us' as ChatId;
    const [long, short] = ['5215512345678', '525512345678'].map((digits) => ({
      chatId,
      participant: digits as Participant,
    }));
    await ledger.settle(await ledger.asked([long!], SENDER), [{ pair: long!, outcome: outcome() }]);
    expect(ledger.state(short!)?.status).toBe('invited');
    expect(ledger.outcome(short!)).toEqual(ledger.outcome(long!));
    expect(ledger.size).toBe(1);
  });

  test('what was not done leaves no doubt, and gives back what was known before', async () => {
    const path = join(await scratch(), 'a.ledger.jsonl');
    const ledger = await opened(path);
    await ledger.notDone(await ledger.asked([pair(1)], SENDER));
    await ledger.settle(await ledger.asked([pair(2)], SENDER), [
      { pair: pair(2), outcome: outcome('unknown') },
    ]);
    const retry = await ledger.asked([pair(2)], SENDER);
    expect(ledger.state(pair(2))?.status).toBe('in_doubt');
    await ledger.notDone(retry);
    for (const each of [ledger, await reopen(ledger, path)]) {
      expect(each.state(pair(1))).toEqual({ status: 'not_done', attempts: 1, reasonCode: '' });
      // Asked twice by the record, once in truth: without --retry unknown it is not asked a second time.
      expect(each.state(pair(2))).toEqual({ status: 'unknown', attempts: 2, reasonCode: '' });
      expect(each.outcome(pair(2))).toMatchObject({ status: 'unknown', attempts: 2 });
      expect(each.askedInLast(1000, SENDER)).toBe(1);
    }
  });

  test('calls that make no sense are refused before anything is written', async () => {
    const path = join(await scratch(), 'a.ledger.jsonl');
    const ledger = await opened(path);
    const ask = await ledger.asked([pair(1)], SENDER);
    const before = readFileSync(path);
    await expect(ledger.asked([pair(1)], SENDER)).rejects.toThrow('in doubt');
    const [long, short] = ['5215512345678', '525512345678'].map((digits) => ({
      ...pair(1),
      participant: digits as Participant,
    }));
    await expect(ledger.asked([long!, short!], SENDER)).rejects.toThrow('twice at once');
    await expect(ledger.asked([], SENDER)).rejects.toThrow('needs a participant');
    await expect(ledger.asked([pair(5, 1), pair(5, 2)], SENDER)).rejects.toThrow('one group');
    await expect(ledger.settle(ask, [{ pair: pair(9), outcome: outcome() }])).rejects.toThrow(
      'does not wait',
    );
    await expect(ledger.notDone(99)).rejects.toThrow('not open');
    expect(readFileSync(path)).toEqual(before);
    await ledger.close();
    await ledger.close();
    await expect(ledger.asked([pair(2)], SENDER)).rejects.toThrow('closed');
  });
});

test('any sequence of calls adds up to what a plain model says, now and after a reopening', async () => {
  const dir = await scratch();
  const call = fc.record({
    is: fc.constantFrom('ask', 'ask', 'settle', 'settle', 'notDone', 'precheck'),
    who: fc.uniqueArray(fc.nat(5), { minLength: 1, maxLength: 3 }),
    group: fc.integer({ min: 1, max: 2 }),
    status: fc.constantFrom<SettledStatus>('added', 'invited', 'failed', 'unknown'),
    which: fc.nat(5),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 25, size: 'max' }), async (calls) => {
      const path = join(await mkdtemp(join(dir, 'run-')), 'a.ledger.jsonl');
      let ledger = await opened(path);
      const last = new Map<string, SettledStatus>();
      const attempts = new Map<string, number>();
      let open: { id: number; pairs: Pair[]; size: number }[] = [];
      let asked = 0;
      const key = (one: Pair) => `${one.chatId} ${personKey(one.participant)}`;
      const close = (one: Pair) => {
        for (const ask of open) ask.pairs = ask.pairs.filter((other) => key(other) !== key(one));
        open = open.filter((ask) => ask.pairs.length > 0);
      };
      for (const { is, who, group, status, which } of calls) {
        const pairs = who.map((n) => pair(n, group));
        const inDoubt = (one: Pair) => open.some((ask) => ask.pairs.some((other) => key(other) === key(one)));
        const chosen = open[which % Math.max(1, open.length)];
        if (is === 'ask') {
          if (pairs.some(inDoubt)) continue;
          open.push({ id: await ledger.asked(pairs, SENDER), pairs, size: pairs.length });
          asked += pairs.length;
          for (const one of pairs) attempts.set(key(one), (attempts.get(key(one)) ?? 0) + 1);
        } else if (is === 'precheck') {
          await ledger.settle(undefined, [{ pair: pairs[0]!, outcome: outcome(status) }]);
          last.set(key(pairs[0]!), status);
          close(pairs[0]!);
        } else if (chosen !== undefined && is === 'settle') {
          // Some or all of its people; those with the same outcome share its words.
          const settled = chosen.pairs.slice(0, who.length);
          const statusOf = (i: number) => (i === 1 ? 'failed' : status);
          await ledger.settle(
            chosen.id,
            settled.map((one, i) => ({ pair: one, outcome: outcome(statusOf(i)) })),
          );
          for (const [i, one] of settled.entries()) {
            last.set(key(one), statusOf(i));
            close(one);
          }
        } else if (chosen !== undefined && is === 'notDone') {
          await ledger.notDone(chosen.id);
          asked -= chosen.size;
          open = open.filter((ask) => ask !== chosen);
        }
      }
      const everybody = [1, 2].flatMap((group) => [0, 1, 2, 3, 4, 5].map((n) => pair(n, group)));
      const now = knowledge(ledger, everybody);
      for (let round = 0; round < 2; round++) {
        for (const one of everybody) {
          const doubt = open.some((ask) => ask.pairs.some((other) => key(other) === key(one)));
          const status = doubt
            ? 'in_doubt'
            : (last.get(key(one)) ?? (attempts.has(key(one)) ? 'not_done' : undefined));
          expect(ledger.state(one)?.status).toBe(status);
          expect(ledger.outcome(one)?.status).toBe(doubt ? undefined : last.get(key(one)));
          if (status !== undefined) expect(ledger.state(one)?.attempts).toBe(attempts.get(key(one)) ?? 0);
        }
        expect(ledger.askedInLast(1000, SENDER)).toBe(asked);
        expect([...ledger.inDoubt()].length).toBe(open.reduce((sum, ask) => sum + ask.pairs.length, 0));
        ledger = await reopen(ledger, path);
      }
      expect(knowledge(ledger, everybody)).toEqual(now);
      await ledger.close();
    }),
    { numRuns: repeats(60) },
  );
});

test('of two asks for one person at the same moment, one is refused', async () => {
  const path = join(await scratch(), 'a.ledger.jsonl');
  const ledger = await opened(path);
  const both = await Promise.allSettled([
    ledger.asked([pair(1)], SENDER),
    ledger.asked([pair(1), pair(2)], SENDER),
  ]);
  expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  expect(lines(path)).toHaveLength(2);
});

describe('opening', () => {
  test('twice leaves the file as it was, byte for byte', async () => {
    const path = join(await scratch(), 'a.ledger.jsonl');
    const ledger = await opened(path);
    await ledger.asked([pair(1)], SENDER);
    await ledger.close();
    const before = readFileSync(path);
    for (let i = 0; i < 2; i++) {
      const again = await opened(path);
      expect(again.repaired).toBeUndefined();
      await again.close();
    }
    expect(readFileSync(path)).toEqual(before);
  });

  test('a zero-byte file is a new ledger', async () => {
    const path = join(await scratch(), 'a.ledger.jsonl');
    writeFileSync(path, '', { mode: 0o644 });
    await opened(path);
    expect(lines(path)).toHaveLength(1);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('a sandbox ledger refuses a production run, and the other way round, and another API', async () => {
    const dir = await scratch();
    const [sandbox, real] = [join(dir, 's.jsonl'), join(dir, 'r.jsonl')];
    await (await opened(sandbox, { origin: 'sandbox' })).close();
    await (await opened(real)).close();
    await expect(opened(sandbox)).rejects.toMatchObject({
      code: 'LEDGER_ORIGIN',
      exitCode: 2,
      message: `${sandbox} is a sandbox ledger; give --output or --ledger another path for a production run`,
    });
    await expect(opened(real, { origin: 'sandbox' })).rejects.toMatchObject({
      code: 'LEDGER_ORIGIN',
      message: expect.stringContaining('for a sandbox run'),
    });
    await expect(opened(real, { origin: 'https://example.org' })).rejects.toMatchObject({
      code: 'LEDGER_ORIGIN',
      message: expect.stringContaining('https://example.org'),
    });
    // The refusals have let the lock go.
    await (await opened(real)).close();
  });

  test('for reading: no lock, no file, no repair', async () => {
    const dir = await scratch();
    const path = join(dir, 'a.ledger.jsonl');
    const none = await opened(path, { readOnly: true });
    expect([none.size, none.header.origin]).toEqual([0, ORIGIN]);
    await expect(none.asked([pair(1)], SENDER)).rejects.toThrow('for reading');
    expect(() => statSync(path)).toThrow('ENOENT');

    const ledger = await opened(path);
    await ledger.settle(undefined, [{ pair: pair(1), outcome: outcome() }]);
    writeFileSync(path, '{"n":3', { flag: 'a' });
    const before = readFileSync(path);
    const reader = await opened(path, { readOnly: true });
    expect(reader.outcome(pair(1))?.status).toBe('invited');
    expect(reader.repaired).toContain('6 bytes are left out');
    await reader.close();
    expect(readFileSync(path)).toEqual(before);
  });

  test('what cannot be a ledger is NOT_WRITABLE, in one line', async () => {
    const dir = await scratch();
    const file = join(dir, 'file');
    writeFileSync(file, '');
    await mkdir(join(dir, 'dir'));
    for (const path of [
      join(dir, 'missing/a.jsonl'),
      join(file, 'a.jsonl'),
      join(dir, 'dir'),
      '/dev/null',
      '/proc/a.jsonl',
    ]) {
      const error = await opened(path).catch((caught) => caught);
      expect(error, path).toMatchObject({ code: 'NOT_WRITABLE', exitCode: 2 });
      expect(error.message).toContain(path);
      expect(error.message).not.toContain('\n');
    }
    await expect(opened(join(dir, 'dir'), { readOnly: true })).rejects.toMatchObject({
      code: 'NOT_WRITABLE',
    });
  });

  test('a link leads to the same ledger and the same lock', async () => {
    const dir = await scratch();
    await opened(join(dir, 'a.jsonl'));
    await symlink(join(dir, 'a.jsonl'), join(dir, 'b.jsonl'));
    await expect(opened(join(dir, 'b.jsonl'))).rejects.toMatchObject({ code: 'LOCKED', exitCode: 6 });
  });
});

describe('writing', () => {
  test('calls made at once share a write, and keep their order', async () => {
    const path = join(await scratch(), 'a.ledger.jsonl');
    const ledger = await opened(path);
    const asks = await Promise.all(Array.from({ length: 50 }, (_, i) => ledger.asked([pair(i)], SENDER)));
    expect(asks).toEqual(Array.from({ length: 50 }, (_, i) => i + 2));
    await Promise.all(
      asks.map((ask, i) =>
        ledger.settle(ask, [{ pair: pair(i), outcome: outcome('added', { traceId: `${i}` }) }]),
      ),
    );
    const again = await reopen(ledger, path);
    expect(again.counts.added).toBe(50);
    for (let i = 0; i < 50; i++) expect(again.outcome(pair(i))?.traceId).toBe(`${i}`);
  });

  test.each([
    ['removed', (path: string) => rm(path), 'was removed'],
    [
      'replaced',
      async (path: string) => {
        writeFileSync(`${path}.other`, readFileSync(path));
        await rename(`${path}.other`, path);
      },
      'another file',
    ],
    ['unlocked', (path: string) => rm(`${path}.lock`, { recursive: true }), 'lock'],
  ])('a ledger that is %s in mid-run takes nothing more', async (_name, damage, words) => {
    const path = join(await scratch(), 'a.ledger.jsonl');
    let told = 0;
    const ledger = await opened(path, { onFailed: () => told++, heartbeatMs: 20, staleMs: 0 });
    await ledger.asked([pair(1)], SENDER);
    await damage(path);
    const refused = { code: 'LEDGER_FAILED', exitCode: 75, message: expect.stringContaining(words) };
    await expect(ledger.asked([pair(2)], SENDER)).rejects.toMatchObject(refused);
    await expect(ledger.settle(undefined, [{ pair: pair(3), outcome: outcome() }])).rejects.toMatchObject(
      refused,
    );
    expect(ledger.state(pair(2))).toBeUndefined();
    expect(told).toBe(1);
    await ledger.close();
    expect(told).toBe(1);
  });
});

describe('outcomes are read from the file', () => {
  test('forwards, backwards and in between, over many blocks, and those written since', async () => {
    const path = join(await scratch(), 'a.ledger.jsonl');
    const ledger = await opened(path);
    const count = repeats(9000);
    // Of many lengths, so that lines straddle the blocks in every way; some are longer than a block.
    const message = (i: number) =>
      'x'.repeat(i % 97 === 0 ? 9_900 : i % 300) + (i % 3 === 0 ? 'é'.repeat(20) : '');
    const settle = (i: number) =>
      ledger.settle(undefined, [{ pair: pair(i), outcome: outcome('failed', { message: message(i) }) }]);
    await Promise.all(Array.from({ length: count }, (_, i) => settle(i)));
    const expectAt = (i: number) => {
      const found = ledger.outcome(pair(i));
      if (found?.message !== message(i)) throw new Error(`outcome ${i} is another's`);
    };
    for (let i = 0; i < count; i++) expectAt(i);
    for (let i = count - 1; i >= 0; i--) expectAt(i);
    for (let i = 0; i < count; i++) expectAt((i * 7919) % count);
    for (let i = count; i < count + 300; i++) {
      await settle(i);
      expectAt(i);
    }
  });

  test('a line changed behind our back is noticed', async () => {
    const path = join(await scratch(), 'a.ledger.jsonl');
    const ledger = await opened(path);
    await ledger.settle(undefined, [{ pair: pair(1), outcome: outcome() }]);
    writeFileSync(path, `${lines(path)[0]}\n${encode({ n: 2, is: 'not_done', at: '', ask: 1 }).padEnd(400)}`);
    // The words of another line are nobody's; the status is remembered.
    expect(ledger.outcome(pair(1))).toMatchObject({
      status: outcome().status,
      message: '',
      settledAt: undefined,
    });
  });
});

async function reopen(ledger: Ledger, path: string): Promise<Ledger> {
  await ledger.close();
  return opened(path);
}
