import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FixedAligned, type RateLimit, SlidingLog, TokenBucket } from '../../src/sandbox/limiting.ts';
import type { SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { SOAK } from '../helpers.ts';
import { ask, get, headersOf, open } from './helpers.ts';

const KINDS = ['express-rate-limit', 'fixed-aligned', 'sliding-log', 'token-bucket'] as const;
/** Long enough never to end within a test. */
const LONG = 3_600_000;

describe('over HTTP', () => {
  it.each(KINDS)('%s lets the limit through and throttles the rest, in one burst', async (kind) => {
    const sandbox = await open({ kind, limit: 10, windowMs: LONG });
    const answers = await Promise.all(Array.from({ length: 14 }, () => get(sandbox, '/phones')));
    const ok = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 429);
    expect([ok.length, refused.length]).toEqual([10, 4]);
    const remaining = ok.map(({ headers }) => Number(headers.get('x-ratelimit-remaining')));
    expect(remaining.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (const { text, headers } of refused) {
      expect(text).toMatch(/^Too many requests/);
      expect(headers.get('content-type')).toMatch(/^text\//);
      expect(headers.get('x-ratelimit-remaining')).toBe('0');
      expect(headers.get('x-ratelimit-limit')).toBe('10');
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      expect(headers.get('x-periskope-trace-id')).not.toBeNull();
    }
    const counts = sandbox.counts();
    expect(counts.throttled).toBe(4);
    expect(counts.requests.phones).toEqual({ 200: 10, 429: 4 });
    expect(counts.timeline.filter(({ throttled }) => throttled)).toHaveLength(4);
  });

  // Outside the soak, only the kind that the virtual time below does not reach.
  it.each(SOAK ? KINDS : KINDS.slice(0, 1))('%s gives the allowance back', async (kind) => {
    const sandbox = await open({ kind, limit: 3, windowMs: 250 });
    let allowed = 0;
    let refused = 0;
    // Without the allowance coming back there could be no more than three, or six where the burst met a window's edge.
    while (allowed < 10) {
      if ((await get(sandbox, '/phones')).status === 200) allowed++;
      else refused++;
    }
    expect(refused).toBeGreaterThan(0);
  });

  it('one window serves every endpoint of the key, or each phone has its own', async () => {
    const shared = await open({ limit: 3, windowMs: LONG });
    await ask(shared, ['919537850001']);
    await get(shared, '/chats/x');
    expect((await get(shared, '/phones')).headers.get('x-ratelimit-remaining')).toBe('0');
    const other = { ...headersOf(shared), 'x-phone': '447700900123' };
    expect((await get(shared, '/phones', other)).status).toBe(429);

    for (const kind of ['express-rate-limit', 'sliding-log'] as const) {
      const apart = await open({ kind, limit: 1, windowMs: LONG, scope: 'phone' });
      expect((await get(apart, '/phones')).status).toBe(200);
      expect((await get(apart, '/phones', other)).status).toBe(200);
      expect((await get(apart, '/phones')).status).toBe(429);
    }
  });

  it('a throttled person was received, not asked', async () => {
    const sandbox = await open({ limit: 1, windowMs: LONG });
    await get(sandbox, '/phones');
    expect((await ask(sandbox, ['919537850001'])).status).toBe(429);
    expect(Object.values(sandbox.counts().pairs)).toEqual([
      { received: 1, asked: 0, done: 0, status: 'untouched' },
    ]);
  });

  it('the limit changes in mid-run, within the window; a new window length starts afresh', async () => {
    const sandbox = await open({ limit: 10, windowMs: LONG });
    const remaining = async () => (await get(sandbox, '/phones')).headers.get('x-ratelimit-remaining');
    expect(await remaining()).toBe('9');
    sandbox.control({ limit: 5 });
    expect(await remaining()).toBe('3');
    sandbox.control({ limit: 20 });
    expect(await remaining()).toBe('17');
    sandbox.control({ windowMs: LONG - 1 });
    expect(await remaining()).toBe('19');
    sandbox.control({ limit: null });
    expect(await remaining()).toBeNull();
  });

  const WINDOW = 100_000;
  const forms: [string, SandboxOptions, (reset: string) => [number, string]][] = [
    ['seconds', {}, (reset) => [Number(reset) * 1000, '^\\d{10}$']],
    ['milliseconds', { resetForm: 'ms' }, (reset) => [Number(reset), '^\\d{13}$']],
    ['seconds to go', { resetForm: 'delta' }, (reset) => [Date.now() + Number(reset) * 1000, '^\\d{1,3}$']],
    ['an HTTP date', { resetForm: 'http-date' }, (reset) => [Date.parse(reset), ' GMT$']],
  ];
  it.each(forms)('Reset as %s', async (_name, options, read) => {
    for (const kind of ['express-rate-limit', 'fixed-aligned', 'sliding-log'] as const) {
      const sandbox = await open({ kind, limit: 10, windowMs: WINDOW, ...options });
      const from = Date.now();
      const { headers } = await get(sandbox, '/phones');
      const reset = headers.get('x-ratelimit-reset') ?? '';
      const [at, shape] = read(reset);
      expect(reset).toMatch(new RegExp(shape));
      const until = Date.now();
      const ends = (now: number) =>
        kind === 'fixed-aligned' ? Math.ceil(now / WINDOW) * WINDOW : now + WINDOW;
      // Rounded up to whole seconds, and written and read between the two instants.
      expect(at).toBeGreaterThanOrEqual(ends(from));
      expect(at).toBeLessThanOrEqual(ends(until) + (kind === 'fixed-aligned' ? until - from : 0) + 1000);
    }
  });

  it.each([-3_600_000, 7000])('a server clock that is off by %i ms', async (clockOffsetMs) => {
    const sandbox = await open({ limit: 1, windowMs: WINDOW, clockOffsetMs, retryAfterForm: 'http-date' });
    const from = Date.now();
    const first = await get(sandbox, '/phones');
    const near = (at: number, expected: number) => {
      expect(at).toBeGreaterThanOrEqual(expected - 1000);
      expect(at).toBeLessThanOrEqual(expected + (Date.now() - from) + 1000);
    };
    near(Date.parse(first.headers.get('date') ?? ''), from + clockOffsetMs);
    near(Number(first.headers.get('x-ratelimit-reset')) * 1000, from + clockOffsetMs + WINDOW);
    const throttled = await get(sandbox, '/phones');
    expect(throttled.status).toBe(429);
    near(Date.parse(throttled.headers.get('retry-after') ?? ''), from + clockOffsetMs + WINDOW);
    const unauthorized = await get(sandbox, '/phones', {});
    near(Date.parse(unauthorized.headers.get('date') ?? ''), from + clockOffsetMs);
  });

  it('headers vanish, and Retry-After with them', async () => {
    const sandbox = await open({ limit: 2, windowMs: LONG, retryAfterForm: 'none' });
    expect((await get(sandbox, '/phones')).headers.get('x-ratelimit-remaining')).toBe('1');
    sandbox.control({ hideHeaders: ['X-RateLimit-Remaining', 'x-ratelimit-reset', 'Date'] });
    const { headers } = await get(sandbox, '/phones');
    expect(headers.get('x-ratelimit-limit')).toBe('2');
    expect(headers.get('x-ratelimit-remaining')).toBeNull();
    expect(headers.get('x-ratelimit-reset')).toBeNull();
    expect(headers.get('date')).toBeNull();
    const throttled = await get(sandbox, '/phones');
    expect(throttled.status).toBe(429);
    expect(throttled.headers.get('retry-after')).toBeNull();
  });

  it('forced 429s are not the limiter’s', async () => {
    const sandbox = await open({ force429: 2 });
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await ask(sandbox, ['919537850001'])).status);
    expect(statuses).toEqual([429, 429, 200]);
    expect(sandbox.counts()).toMatchObject({ throttled: 0, asks: 1 });
  });
});

describe('the kinds, in virtual time', () => {
  const LIMIT = 5;
  const WINDOW = 1000;
  const allowance = { limit: LIMIT, windowMs: WINDOW };
  /** Gaps between requests that come in bursts and in pauses. */
  const gaps = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 400 }), fc.constant(1700)), {
    minLength: 20,
    maxLength: 200,
  });
  const run = (limit: RateLimit, steps: readonly number[]) => {
    let now = 1_700_000_000_123;
    return steps.map((gap) => {
      now += gap;
      return { now, ...limit.take(now, allowance) };
    });
  };
  const most = (at: readonly number[], within: (first: number, each: number) => boolean) =>
    Math.max(0, ...at.map((first) => at.filter((each) => within(first, each)).length));

  it.each([
    [
      'fixed-aligned',
      () => new FixedAligned(),
      LIMIT,
      (a: number, b: number) => ~~((a % 1e7) / WINDOW) === ~~((b % 1e7) / WINDOW),
    ],
    ['sliding-log', () => new SlidingLog(), LIMIT, (a: number, b: number) => b >= a && b < a + WINDOW],
    ['token-bucket', () => new TokenBucket(), 2 * LIMIT, (a: number, b: number) => b >= a && b < a + WINDOW],
  ] as const)('%s never lets more through than it may, and nothing less', (_name, make, bound, within) => {
    fc.assert(
      fc.property(gaps, (steps) => {
        const verdicts = run(make(), steps);
        const allowed = verdicts.filter((each) => each.allowed).map(({ now }) => now);
        expect(most(allowed, within)).toBeLessThanOrEqual(bound);
        for (const [index, verdict] of verdicts.entries()) {
          const next = verdicts[index + 1];
          expect(verdict.remaining).toBeGreaterThanOrEqual(0);
          expect(verdict.remaining).toBeLessThan(LIMIT);
          expect(verdict.resetAt).toBeGreaterThanOrEqual(verdict.now);
          expect(verdict.resetAt - verdict.now).toBeLessThanOrEqual(WINDOW + 1e-6);
          // What the headers promise is kept.
          if (verdict.remaining > 0) expect(next?.allowed ?? true).toBe(true);
          if (!verdict.allowed) {
            expect(verdict.retryAt).toBeGreaterThan(verdict.now);
            if (next && next.now >= verdict.retryAt) expect(next.allowed).toBe(true);
            if (next && next.now < verdict.retryAt - 1) expect(next.allowed).toBe(false);
          }
        }
      }),
    );
  });

  it.each([
    ['fixed-aligned', () => new FixedAligned()],
    ['sliding-log', () => new SlidingLog()],
    ['token-bucket', () => new TokenBucket()],
  ])('%s allows at the very instant that it names, and not a millisecond before', (_name, make) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 50, max: 5000 }), (limit, windowMs) => {
        const start = 1_700_000_000_123;
        const exhausted = () => {
          const kind = make();
          for (let i = 0; i < limit; i++) expect(kind.take(start, { limit, windowMs }).allowed).toBe(true);
          const { allowed, retryAt } = kind.take(start, { limit, windowMs });
          expect(allowed).toBe(false);
          return { kind, at: Math.ceil(retryAt) };
        };
        const [early, due] = [exhausted(), exhausted()];
        expect(early.kind.take(early.at - 1, { limit, windowMs }).allowed).toBe(false);
        expect(due.kind.take(due.at, { limit, windowMs }).allowed).toBe(true);
      }),
    );
  });

  it('the two that know no edges still hold where an aligned window lets twice the limit through', () => {
    const burst = (limit: RateLimit) => {
      const times = [
        ...Array<number>(LIMIT).fill(WINDOW * 1000 - 1),
        ...Array<number>(LIMIT).fill(WINDOW * 1000),
      ];
      return times.filter((now) => limit.take(now, allowance).allowed).length;
    };
    expect(burst(new FixedAligned())).toBe(2 * LIMIT);
    expect(burst(new SlidingLog())).toBe(LIMIT);
    expect(burst(new TokenBucket())).toBe(LIMIT);
  });
});
