/** What an ask does before it can be sent, its record in the ledger above all, costs nothing of its window. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createLimiter, type LimiterOptions, leadAfter } from '../../../src/send/rate-limit/limiter.ts';
import { localPacer, type MakePacer, type Permit } from '../../../src/send/rate-limit/pacer.ts';
import { bestOfThree, soakTest } from '../../helpers.ts';

const clock = { now: () => Date.now(), monotonic: () => performance.now() };

/** A limiter, and how long after its instant each ask was sent (milliseconds), in the order of the permits. */
function watched(options: Partial<LimiterOptions>) {
  const fromOf = new Map<number, Permit>();
  const late: number[] = [];
  /** How long after its record. */
  const waited: number[] = [];
  let withdrawn = 0;
  const pacer: MakePacer = (parts) => {
    const grant = (permits: readonly Permit[]) => {
      for (const permit of permits) fromOf.set(permit.id, permit);
      parts.hooks.grant(permits);
    };
    const inner = localPacer({ ...parts, hooks: { ...parts.hooks, grant } });
    return {
      ...inner,
      get allowance() {
        return inner.allowance;
      },
      tell(event) {
        if (event.type === 'withdrawn') withdrawn++;
        if (event.type === 'sent') late.push(clock.monotonic() - (fromOf.get(event.id)?.from ?? 0));
        inner.tell(event);
      },
    };
  };
  const limiter = createLimiter({ clock, maxConcurrent: 100, pacer, ...options });
  onTestFinished(() => limiter.stop());
  /** An ask whose record takes so long. */
  const ask = (writeMs: number) =>
    limiter.schedule('ask', async (start) => {
      await delay(writeMs);
      const readyAt = clock.monotonic();
      if (!(await start.due())) return undefined;
      start.sent();
      const sentAt = clock.monotonic();
      waited.push(sentAt - readyAt);
      const headers = {
        'x-ratelimit-limit': '1000',
        'x-ratelimit-remaining': '900',
        'x-ratelimit-reset': '60',
      };
      return { value: sentAt, observation: { sentAt, answeredAt: sentAt + 0.1, httpStatus: 200, headers } };
    });
  return { limiter, ask, late, waited, withdrawn: () => withdrawn };
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

soakTest.each([
  [30, 'at its instant'],
  [80, 'right after the record'],
])('a record that takes %i ms: sent %s, and never before', async (writeMs, when) => {
  const once = async () => {
    const { ask, late, waited } = watched({ maxRate: { count: 10, perMs: 1000 } });
    for (let i = 0; i < 8; i++) await ask(writeMs);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    // The first ones teach how long it takes.
    return median((when === 'at its instant' ? late : waited).slice(2));
  };
  // The record would cost thirty by itself; the machine's other work costs some.
  const isGood = (ms: number) => ms < 15;
  expect(isGood(await bestOfThree(once, isGood))).toBe(true);
});

test('a pause that comes while the record is written holds it back: it is given back, and goes after the pause', async () => {
  const { limiter, ask, withdrawn } = watched({ gap: { minMs: 50, maxMs: 50 } });
  await ask(0);
  const sentAt = ask(60);
  let until = 0;
  setTimeout(() => {
    until = clock.monotonic() + 150;
    limiter.pause(until);
  }, 75);
  expect(await sentAt).toBeGreaterThanOrEqual(until);
  expect(withdrawn()).toBe(1);
});

test('the lead is what it takes of late: soon longer, slowly shorter, within bounds', () => {
  expect(leadAfter(2, 0)).toBe(2);
  expect(leadAfter(2, 9)).toBe(9);
  expect(leadAfter(9, 5)).toBeCloseTo(8.55);
  expect(leadAfter(9, 400)).toBe(50);
  let lead = 50;
  for (let i = 0; i < 100; i++) lead = leadAfter(lead, 9);
  expect(lead).toBe(9);
});
