import { describe, expect, it, vi } from 'vitest';
import { Live, WaitMeter } from '../../../src/app/asking/live.ts';
import { noteWait } from '../../../src/app/phones/connect.ts';
import type { ChatId } from '../../../src/domain/words.ts';

function metered() {
  let now = 0;
  const meter = new WaitMeter({ monotonic: () => now, now: () => 1_000_000 + now });
  const at = (ms: number, what: () => void) => {
    now = ms;
    what();
  };
  return { meter, at };
}

it('adds up waits by reason, each to its end or to the next one', () => {
  const { meter, at } = metered();
  at(100, () => meter.begins('window'));
  at(150, () => meter.begins('gap'));
  at(250, () => meter.ends());
  at(300, () => meter.ends());
  at(400, () => meter.begins('window'));
  at(425, () => expect(Object.fromEntries(meter.total())).toEqual({ window: 75, gap: 100 }));
  at(900, () => expect(Object.fromEntries(meter.total())).toEqual({ window: 75, gap: 100 }));
});

it('keeps the long waits and those after a throttled answer; a wait that is prolonged is one', () => {
  const { meter, at } = metered();
  at(0, () => meter.begins('window'));
  at(900, () => meter.begins('throttled'));
  at(1_400, () => meter.begins('gap'));
  at(61_400, () => meter.begins('paused'));
  at(65_000, () => meter.begins('paused'));
  at(69_400, () => meter.ends());
  expect(meter.notable).toEqual([
    { why: 'throttled', from: 1_000_900, to: 1_001_400 },
    { why: 'paused', from: 1_061_400, to: 1_069_400 },
  ]);
  expect(Object.fromEntries(meter.total())).toEqual({
    window: 900,
    throttled: 500,
    gap: 60_000,
    paused: 8_000,
  });
});

it('keeps no more than can be shown', () => {
  const { meter, at } = metered();
  for (let i = 0; i < 2_000; i++) {
    at(i * 10, () => meter.begins('throttled'));
    at(i * 10 + 5, () => meter.ends());
  }
  expect(meter.notable).toHaveLength(500);
  expect(meter.total().get('throttled')).toBe(2_000 * 5);
});

it('is news when a person would wonder, in fields that are named as all are; a long one with its end', () => {
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const clock = { monotonic: () => 1_000, now: () => Date.UTC(2026, 10, 26, 20, 0, 0) };
  const waits = new WaitMeter(clock);
  for (const [untilMonotonic, why] of [
    [5_999.6, 'window'],
    [5_900.4, 'gap'],
    [61_000, 'window'],
    [61_600, 'window'],
    [301_000, 'throttled'],
    [301_000, 'paused'],
    [301_000, 'cool_down'],
  ] as const)
    noteWait({ waits, clock, log }, { untilMonotonic, why });
  const until = '2026-11-26T20:05:00Z';
  const long = (why: string) => ({ wait_ms: 300_000, until, why });
  expect(log.info.mock.calls).toEqual([
    [{ wait_ms: 5_000, why: 'window' }, 'waiting for the rate limit'],
    [{ wait_ms: 60_000, why: 'window' }, 'waiting for the rate limit'],
    [
      { wait_ms: 60_600, until: '2026-11-26T20:01:01Z', why: 'window' },
      'waiting 1 min 01 s (until 2026-11-26T20:01:01Z) for the rate limit',
    ],
    [long('throttled'), `waiting 5 min 00 s (until ${until}) for the API (too many requests)`],
  ]);
  // What asks for a pause says so itself, with the cause.
  expect(log.debug.mock.calls).toEqual([
    [{ wait_ms: 4_900, why: 'gap' }, 'waiting for the --gap'],
    [long('paused'), `waiting 5 min 00 s (until ${until}) for the API to recover`],
    [long('cool_down'), `waiting 5 min 00 s (until ${until}) for WhatsApp to cool down`],
  ]);
});

const GROUP = '120363371308389685@g.us' as ChatId;
const OTHER = '120363402715563921@g.us' as ChatId;

describe('live', () => {
  it('counts what happens, and says the rate from the start of asking', () => {
    let ms = 0;
    const live = new Live({ now: () => ms, monotonic: () => ms });
    ms = 5_000;
    live.start(10);
    expect(live.moment()).toEqual({
      done: 0,
      total: 10,
      counts: {},
      group: '',
      perSecond: undefined,
      waiting: undefined,
    });
    live.asked();
    live.settled(GROUP, 'added', 2);
    live.settled(GROUP, 'failed', 1);
    live.settled(GROUP, 'added', 1);
    live.groupRead(GROUP, 'Group one', { inviteLink: '', memberCount: undefined });
    ms = 7_000;
    live.waiting = () => ({ waitingUntil: 9_000, waitingWhy: 'window' });
    expect(live.moment()).toEqual({
      done: 4,
      total: 10,
      counts: { added: 3, failed: 1 },
      group: 'Group one',
      perSecond: 2,
      waiting: { why: 'window', ms: 2_000 },
    });
    live.waiting = () => ({ waitingUntil: 8_000 });
    expect(live.moment().waiting).toEqual({ why: 'rate limit', ms: 1_000 });
    live.settled(GROUP, 'unknown', 99);
    expect(live.moment().done).toBe(10);
    expect([live.asks, live.groupName(GROUP), live.groupName(OTHER)]).toEqual([1, 'Group one', '']);
  });
});
