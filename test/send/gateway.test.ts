import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/domain/errors.ts';
import type { Answer } from '../../src/send/api/answer.ts';
import type { CallOptions } from '../../src/send/api/client.ts';
import { observed } from '../../src/send/gateway.ts';
import { RunControl } from '../../src/send/run-control.ts';
import { answered, broken, UNSENT } from './answers.ts';
import { stage, tick } from './fakes.ts';

const OVER = { exit: EXIT.again, code: 'deadline', message: 'over' } as const;

/** A gateway with a request that gives these answers, in turn; the last one for ever. */
function reading(...answers: Answer[]) {
  const on = stage();
  let tries = 0;
  const request = async () => {
    const answer = answers[Math.min(tries++, answers.length - 1)]!;
    return { ...answer, sentAt: on.time.ms };
  };
  return { ...on, read: (control?: RunControl) => on.gateway.read(request, control), tries: () => tries };
}

describe('a read', () => {
  it('gives the answer, whatever it is: only “busy” and “out of reach” are tried again', async () => {
    for (const answer of [answered(200), answered(404), answered(500), broken()]) {
      const on = reading(answer);
      expect(await on.read()).toMatchObject({ kind: answer.kind });
      expect(on.tries()).toBe(1);
    }
  });

  it.each([429, 503])('%i: six tries, then the answer as it is', async (status) => {
    const on = reading(answered(status));
    expect(await on.read()).toMatchObject({ httpStatus: status });
    expect(on.tries()).toBe(6);
    expect(on.limiter.pauses).toEqual(status === 503 ? [500, 1_000, 2_000, 4_000, 8_000] : []);
  });

  it('503 with Retry-After waits for as long as it says', async () => {
    const on = reading(answered(503, '', { 'retry-after': '7' }), answered(200));
    expect(await on.read()).toMatchObject({ httpStatus: 200 });
    expect(on.limiter.pauses).toEqual([7_000]);
  });

  it.each([
    ['a date, by the clock of the server, which is an hour behind', -3_600_000, 7, 7_000],
    ['a date that is over', 0, -7, 0],
    ['a date within the hour: as long as it says', 0, 3_600, 3_600_000],
  ])('503 with Retry-After as %s', async (_, offMs, seconds, waits) => {
    const date = (ms: number) => new Date(ms).toUTCString();
    const now = Date.UTC(2026, 10, 22) + offMs;
    const headers = { date: date(now), 'retry-after': date(now + seconds * 1_000) };
    const on = reading(answered(503, '', headers), answered(200));
    expect(await on.read()).toMatchObject({ httpStatus: 200 });
    expect(on.limiter.pauses).toEqual([waits]);
  });

  it('503 with Retry-After as an instant without Date: by our clock, no longer than a minute', async () => {
    const started = stage().time.ms;
    const busy = (ms: number) => answered(503, '', { 'retry-after': new Date(started + ms).toUTCString() });
    const on = reading(busy(5_000), busy(305_000), answered(200));
    expect(await on.read()).toMatchObject({ httpStatus: 200 });
    expect(on.limiter.pauses).toEqual([5_000, 60_000]);
  });

  it('503 with Retry-After as an epoch: no stall of an hour', async () => {
    const date = 'Sun, 26 Jan 2025 17:14:27 GMT';
    const on = reading(answered(503, '', { date, 'retry-after': '1737911670' }), answered(200));
    expect(await on.read()).toMatchObject({ httpStatus: 200 });
    expect(on.limiter.pauses).toEqual([3_000]);
  });

  const QUOTA = {
    date: 'Thu, 26 Nov 2026 20:00:00 GMT',
    'x-ratelimit-limit': '1000',
    'x-ratelimit-remaining': '0',
  };
  it.each([
    ['429, seconds', 429, { 'retry-after': '86400' }],
    ['503, seconds', 503, { 'retry-after': '86400' }],
    ['503, a little over an hour', 503, { 'retry-after': '3601' }],
    ['403', 403, { 'retry-after': '7200' }],
    ['a quota of the day', 429, { ...QUOTA, 'x-ratelimit-reset': '1795809600' }],
    ['a quota, seconds', 429, { ...QUOTA, 'x-ratelimit-reset': '43200' }],
    [
      'a quota, the draft header',
      429,
      { ratelimit: '"day";r=0;t=43200', 'ratelimit-policy': '"day";q=1000;w=86400' },
    ],
    [
      'of two limits that are used up the quota',
      429,
      {
        ...QUOTA,
        'x-ratelimit-limit': '10, 1000',
        'x-ratelimit-remaining': '0, 0',
        'x-ratelimit-reset': '1, 43200',
      },
    ],
    [
      '503, a date',
      503,
      { date: 'Thu, 26 Nov 2026 20:00:00 GMT', 'retry-after': 'Fri, 27 Nov 2026 20:00:00 GMT' },
    ],
  ])(
    '%s of another day: the run stops at once (75), with the time; a later read gives up',
    async (_, status, headers) => {
      const on = reading(answered(status, '', headers));
      expect(await on.read()).toBeUndefined();
      expect([on.tries(), on.limiter.pauses]).toEqual([1, []]);
      expect(on.control.reason).toMatchObject({ exit: EXIT.again, code: 'throttled' });
      expect(on.control.reason?.message).toMatch(
        /^the API asks us to wait until 1970-01-0\dT\d\d:\d\d:\d\dZ \(\d+ h \d\d min\), HTTP \d+: run again then$/,
      );
      expect(await on.read(new RunControl())).toBeUndefined();
      expect(on.tries()).toBe(2);
    },
  );

  it('says a wait of more than a minute once, with its end and its cause', async () => {
    const on = reading(answered(503, '', { 'retry-after': '120' }), answered(200));
    await on.read();
    expect(on.lines).toEqual([
      'warn waiting 2 min 00 s (until 1970-01-01T00:02:01Z): API unavailable (503) {"wait_ms":120000,"until":"1970-01-01T00:02:01Z"}',
    ]);
  });

  it('503 with a Retry-After that says nothing: as without one', async () => {
    const without = { 'retry-after': new Date(Date.UTC(2026, 10, 22)).toUTCString() };
    const on = reading(
      answered(503, '', { 'retry-after': 'soon' }),
      answered(503, '', without),
      answered(200),
    );
    expect(await on.read()).toMatchObject({ httpStatus: 200 });
    expect(on.limiter.pauses).toEqual([500, 1_000]);
  });

  it('out of reach: six tries with longer and longer waits, then the run stops', async () => {
    const on = reading(UNSENT);
    expect(await on.read()).toBeUndefined();
    expect(on.tries()).toBe(6);
    expect(on.limiter.pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000]);
    expect(on.control.reason).toMatchObject({ exit: EXIT.again, code: 'api_unreachable' });
    expect(on.control.reason?.message).toContain('the connection was refused');
  });

  it('out of reach after the run was stopped: gives up just so, and does not storm', async () => {
    const on = reading(UNSENT);
    on.control.stop(OVER);
    const closing = new RunControl();
    expect(await on.read(closing)).toBeUndefined();
    expect(on.tries()).toBe(6);
    expect(await on.read(closing)).toBeUndefined();
    expect(on.tries()).toBe(7);
    expect(on.control.reason).toMatchObject({ code: 'deadline' });
  });

  it('back in reach: the count begins anew', async () => {
    const on = reading(UNSENT, UNSENT, UNSENT, UNSENT, UNSENT, answered(200), UNSENT, answered(200));
    expect(await on.read()).toMatchObject({ httpStatus: 200 });
    expect(await on.read()).toMatchObject({ httpStatus: 200 });
    expect(on.limiter.pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 500]);
  });

  it('is not begun after a stop, nor waited for', async () => {
    const on = reading(answered(200));
    on.control.stop(OVER);
    expect(await on.read()).toBeUndefined();
    expect(on.tries()).toBe(0);

    const waiting = reading(answered(200));
    let open = () => {};
    waiting.limiter.window = new Promise<void>((resolve) => {
      open = resolve;
    });
    const read = waiting.read();
    waiting.control.stop(OVER);
    expect(await read).toBeUndefined();
    open(); // the window comes later: nothing is sent for a read that nobody waits for
    await tick();
    await tick();
    expect(waiting.tries()).toBe(0);
  });

  it('in flight is given up with the run', async () => {
    const on = stage();
    let call: CallOptions = {};
    const read = on.gateway.read((options) => {
      call = options;
      return new Promise(() => {});
    });
    while (!call.signal) await tick();
    on.control.stop(OVER);
    expect(await read).toBeUndefined();
    expect(call.signal.aborted).toBe(true);
  });

  it('ends with the limiter', async () => {
    const on = reading(answered(200));
    await on.limiter.stop();
    expect(await on.read()).toBeUndefined();
  });

  it('a defect in it is no answer', async () => {
    const on = stage();
    const read = on.gateway.read(async () => {
      throw new TypeError('a defect');
    });
    await expect(read).rejects.toThrow('a defect');
  });
});

it('many that were refused together are one failure to reach the API', () => {
  const on = stage();
  for (let i = 0; i < 20; i++) on.gateway.outOfReach(on.time.ms - 1, 'refused');
  expect(on.limiter.pauses).toEqual([500]);
});

it.each([429, 503])('%i to many that were in flight together: one round', (status) => {
  const on = stage();
  const round = () =>
    Array.from({ length: 20 }, (_, i) =>
      on.gateway.refused({ ...answered(status), sentAt: on.time.ms - i - 1 }),
    );
  on.time.ms += 100;
  on.gateway.refused({ ...answered(status), sentAt: on.time.ms });
  expect(new Set(round())).toEqual(new Set([1]));
  const pauses = status === 503 ? [500] : [];
  expect(on.limiter.pauses).toEqual(pauses);
  on.time.ms += 1;
  expect(on.gateway.refused({ ...answered(status), sentAt: on.time.ms })).toBe(2);
  expect(on.limiter.pauses).toEqual([...pauses, ...pauses.map((ms) => 2 * ms)]);
  on.gateway.answered();
  on.time.ms += 1;
  expect(on.gateway.refused({ ...answered(status), sentAt: on.time.ms })).toBe(3);
  expect(on.limiter.pauses.at(-1)).toBe(pauses[0]);
});

it('the limiter learns what an answer shows, and nothing from what was not sent', () => {
  expect(observed(answered(200, '', { date: 'x' }))).toMatchObject({
    httpStatus: 200,
    headers: { date: 'x' },
  });
  expect(observed(broken())).toMatchObject({ httpStatus: undefined, headers: {} });
  expect(observed(UNSENT)).toMatchObject({ httpStatus: undefined, headers: {} });
});

describe('a cool-down', () => {
  it('is one message for the asks that were throttled together, and holds from the last of them on', () => {
    const on = stage();
    const pauses: number[] = [];
    on.limiter.pause = (until) => pauses.push(until - on.time.ms);
    const said = () => on.lines.filter((line) => line.includes('WhatsApp throttles')).length;
    for (const [afterMs, messages] of [
      [0, 1],
      [0, 1],
      [40, 1],
      [599_999, 1],
      [600_000, 2],
    ] as const) {
      on.time.ms += afterMs;
      on.gateway.coolDown(600_000);
      expect(said()).toBe(messages);
    }
    expect(pauses).toEqual([600_000, 600_000, 600_000, 600_000, 600_000]);
    expect(on.lines[0]).toMatch(
      /^warn waiting 10 min 00 s \(until \S+\): WhatsApp throttles the sending phone/,
    );
  });
});
