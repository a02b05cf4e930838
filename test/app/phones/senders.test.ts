/** Several phones in one run, against an API that treats each of them as the test says. */
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { results } from '../../e2e/harness.ts';
import { PATIENTLY, scratch } from '../../helpers.ts';
import { type Desk, desk, api as sandboxApi } from '../in-process.ts';

const GROUP = '120363371308389685@g.us';
const OTHER = '120363402715563921@g.us';
const A = '919811111111';
const B = '919822222222';
const KEY = 'k';

interface Asked {
  readonly phone: string;
  readonly chatId: string;
  readonly who: readonly string[];
  readonly at: number;
}
interface Given {
  readonly status?: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Manners {
  readonly add?: (asked: Asked) => Given | undefined;
  readonly chat?: (phone: string, chatId: string) => Given | undefined;
  readonly phones?: (phone: string) => Given | undefined;
}

const verdicts = (who: readonly string[], verdict: object) => ({
  body: Object.fromEntries(who.map((one) => [`${one}@c.us`, verdict])),
});
const membersOf = (chatId: string, who: readonly string[]) => ({
  body: { chat_id: chatId, members: Object.fromEntries(who.map((one) => [`${one}@c.us`, {}])) },
});

/** An API that answers as it should wherever the test has nothing to say. */
async function api(manners: Manners) {
  const asks: Asked[] = [];
  const reads: string[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const phone = String(request.headers['x-phone']);
    const [, chat, add] = /^\/v1\/chats\/([^/]+)(\/add)?$/.exec(request.url ?? '') ?? [];
    const chatId = decodeURIComponent(chat ?? '');
    let given: Given | undefined;
    if (add) {
      const who = (JSON.parse(text) as { participants: string[] }).participants;
      const asked = { phone, chatId, who, at: performance.now() };
      asks.push(asked);
      given = manners.add?.(asked) ?? verdicts(who, { is_success: true, code: 200 });
    } else {
      reads.push(chat ? `${phone} ${chatId}` : phone);
      given = chat ? manners.chat?.(phone, chatId) : manners.phones?.(phone);
      given ??= chat
        ? membersOf(chatId, [phone])
        : { body: { is_ready: true, wa_state: 'CONNECTED', org_phone: phone } };
    }
    response
      .writeHead(given.status ?? 200, {
        'content-type': 'application/json',
        'x-ratelimit-limit': '1000',
        'x-ratelimit-remaining': String(900 - asks.length - reads.length),
        'x-ratelimit-reset': '60',
        ...given.headers,
      })
      .end(JSON.stringify(given.body ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { asks, reads, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` };
}

const person = (i: number) => `9198712${String(i).padStart(5, '0')}`;
type Row = readonly [sender: string, i: number, group?: string];

function run(on: { readonly url: string }, rows: readonly Row[], ...flags: string[]) {
  return runAt(desk({ PERISKOPE_API_KEY: KEY }), on, rows, ...flags);
}

async function runAt(at: Desk, on: { readonly url: string }, rows: readonly Row[], ...flags: string[]) {
  const cohort = join(await scratch(), 'cohort.csv');
  const lines = rows.map(([sender, i, group = GROUP]) => `${group},${person(i)},${sender}`);
  await writeFile(cohort, `chat_id,phone,sender\n${lines.join('\n')}\n`);
  const told = await at.run('run', cohort, '--base-url', on.url, ...flags);
  const path = cohort.replace('.csv', '.results.csv');
  const out = await results(path);
  return {
    ...told,
    path,
    lines: out.map((row) => [row['status'], row['reason_code']].filter(Boolean).join(' ')),
  };
}

const alternate = (n: number, group?: string): Row[] =>
  Array.from({ length: n }, (_, i) => [i % 2 ? B : A, i, ...(group ? [group] : [])] as unknown as Row);

describe('a group that refuses one phone', () => {
  it.each([
    [403, 'failed not_admin', 'Only admins can add participants'],
    [404, 'failed chat_not_found', 'Chat not found'],
  ])('HTTP %i: takes the people of the other', async (status, line, message) => {
    const body = { code: 'REFUSED', message };
    const on = await api({ add: ({ phone }) => (phone === A ? { status, body } : undefined) });
    const ended = await run(on, alternate(8), '--concurrency', '1');
    expect(ended.code).toBe(4);
    expect(ended.lines).toEqual(Array.from({ length: 8 }, (_, i) => (i % 2 ? 'added' : line)));
    expect(on.asks.filter(({ phone }) => phone === A)).toHaveLength(1);
  });

  it('full: is full for all', async () => {
    const on = await api({
      add: ({ who, chatId }) =>
        chatId === GROUP ? verdicts(who, { is_success: false, code: 419, message: 'full' }) : undefined,
    });
    const rows: Row[] = [...alternate(8), [A, 1, OTHER], [B, 2, OTHER]];
    const ended = await run(on, rows, '--concurrency', '1');
    expect(ended.lines).toEqual([...Array(8).fill('failed group_full'), 'added', 'added']);
    // One ask at a time: who asked second may have asked before the first was answered.
    expect(on.asks.filter(({ chatId }) => chatId === GROUP).length).toBeLessThanOrEqual(2);
  });
});

describe('the precheck', () => {
  it('reads each phone once, and each group through each phone that asks into it', async () => {
    const on = await api({});
    await run(on, [...alternate(4), [B, 9, OTHER]]);
    expect(on.reads.sort()).toEqual([A, `${A} ${GROUP}`, B, `${B} ${GROUP}`, `${B} ${OTHER}`].sort());
  });

  it('who is a member by any phone’s word is not asked', async () => {
    const on = await api({
      chat: (phone, chatId) => (phone === A ? { status: 404 } : membersOf(chatId, [person(0), person(1), B])),
    });
    const ended = await run(on, alternate(4));
    expect(ended.lines).toEqual([
      ...Array(2).fill('already_member listed_as_member'),
      ...Array(2).fill('added'),
    ]);
    expect(on.asks).toHaveLength(2);
  });
});

describe('WhatsApp throttles one phone', () => {
  const throttled = { is_success: false, code: 429, message: 'rate-overlimit' };

  it('it cools down, the others go on; then its breaker stops it alone', async () => {
    const on = await api({ add: ({ phone, who }) => (phone === A ? verdicts(who, throttled) : undefined) });
    const ended = await run(
      on,
      alternate(20),
      '--cool-down',
      '300ms',
      '--breaker',
      '2',
      '--concurrency',
      '4',
    );
    expect(ended.code).toBe(5);
    expect(ended.lines).toEqual(
      Array.from({ length: 20 }, (_, i) => (i % 2 ? 'added' : 'not_attempted whatsapp_throttled')),
    );
    expect(ended.stderr).toMatch(
      /stopped {2}1 of 2 sending phones stopped: 9198•••••111: \d+ asks in a row throttled by WhatsApp[^\n]*\n$/,
    );
    expect(ended.stderr).not.toMatch(new RegExp(`${A}|${B}`));
  });

  it('and after it, this phone asks on', async () => {
    let first = true;
    const on = await api({
      add: ({ phone, who }) => {
        if (phone !== A || !first) return undefined;
        first = false;
        return verdicts(who, throttled);
      },
    });
    const ended = await run(on, alternate(12), '--cool-down', '700ms', '--no-precheck');
    expect(ended.code).toBe(0);
    const at = (phone: string) => on.asks.filter((ask) => ask.phone === phone).map((ask) => ask.at);
    const [refused, ...rest] = at(A);
    expect(at(A)).toHaveLength(7);
    // What was in flight when it was throttled aside, its asks waited.
    expect((rest.at(-1) as number) - (refused as number)).toBeGreaterThan(690);
  });

  it('and meanwhile the other phone asks all that it has', async () => {
    const on = await api({
      add: ({ phone, who }) => (phone === A ? verdicts(who, throttled) : undefined),
    });
    const at = desk({ PERISKOPE_API_KEY: KEY });
    const ending = runAt(at, on, alternate(12), '--cool-down', '1h', '--no-precheck', '--concurrency', '2');
    await vi.waitUntil(() => on.asks.filter(({ phone }) => phone === B).length === 6, PATIENTLY);
    at.signal('SIGTERM');
    const ended = await ending;
    expect(ended.code).toBe(143);
    expect(ended.lines.filter((_, i) => i % 2)).toEqual(Array(6).fill('added'));
    expect(ended.lines.filter((line) => line === 'not_attempted interrupted').length).toBeGreaterThan(0);
  });
});

describe('asks that end in doubt', () => {
  it('through one phone stop that phone; the membership is read through whatever phone can', async () => {
    const on = await api({
      add: ({ phone }) => (phone === A ? { status: 500 } : undefined),
      chat: (phone, chatId) => (phone === A ? { status: 404 } : membersOf(chatId, [person(0)])),
    });
    const ended = await run(on, alternate(30), '--breaker', '3', '--no-precheck', '--concurrency', '4');
    expect(ended.code).toBe(5);
    expect(ended.stderr).toMatch(/1 of 2 sending phones stopped: 9198•••••111: \d+ asks in a row without/);
    expect(ended.lines.filter((_, i) => i % 2)).toEqual(Array(15).fill('added'));
    const of = ended.lines.filter((_, i) => i % 2 === 0);
    expect(of[0]).toBe('added confirmed_by_membership');
    expect(new Set(of.slice(1))).toEqual(new Set(['unknown no_answer', 'not_attempted breaker']));
  });

  it('through several stop the run', async () => {
    const on = await api({ add: () => ({ status: 502 }) });
    const ended = await run(on, alternate(40), '--concurrency', '1', '--breaker', '4', '--no-precheck');
    expect(ended.code).toBe(5);
    expect(ended.stderr).toMatch(/stopped {2}\d asks in a row without a clear answer, through more than one/);
    expect(on.asks.length).toBeLessThanOrEqual(6);
    expect(ended.lines.at(-1)).toBe('not_attempted breaker');
  });

  it('because the phone has gone: it is named as the reason', async () => {
    let gone = false;
    const on = await api({
      add: ({ phone }) => {
        if (phone !== A) return undefined;
        gone = true;
        return { status: 500 };
      },
      phones: (phone) => ({ body: { is_ready: !(gone && phone === A), wa_state: 'X', org_phone: phone } }),
    });
    const ended = await run(on, alternate(60), '--breaker', '1', '--concurrency', '4');
    expect(ended.code).toBe(5);
    expect(ended.lines.filter((_, i) => i % 2)).toEqual(Array(30).fill('added'));
    expect(ended.lines).toContain('not_attempted phone_not_connected');
    expect(ended.lines).not.toContain('not_attempted breaker');
  });
});

describe('a quota that comes back tomorrow', () => {
  const tomorrow = { status: 429, body: { message: 'quota' }, headers: { 'retry-after': '86400' } };
  const said = /the API asks us to wait until 20\S+Z \(24 h 00 min\), HTTP 429: run again then\n$/;

  it('of the key: ends the run at once, with the time', async () => {
    const on = await api({ add: ({ phone }) => (phone === A ? tomorrow : undefined) });
    const ended = await run(on, alternate(20), '--concurrency', '2', '--no-precheck');
    expect([ended.code, ended.stderr]).toEqual([75, expect.stringMatching(said)]);
    expect(on.asks.length).toBeLessThanOrEqual(6);
    expect(ended.lines.at(-1)).toBe('not_attempted throttled');
  });

  it('of a phone, with --limit-per phone: ends that phone, and the other goes on', async () => {
    const on = await api({ add: ({ phone }) => (phone === A ? tomorrow : undefined) });
    const ended = await run(on, alternate(20), '--limit-per', 'phone', '--no-precheck');
    expect([ended.code, ended.stderr]).toEqual([75, expect.stringMatching(said)]);
    expect(ended.stderr).toContain('1 of 2 sending phones stopped: 9198•••••111: the API asks us to wait');
    expect(ended.lines).toEqual(
      Array.from({ length: 20 }, (_, i) => (i % 2 ? 'added' : 'not_attempted throttled')),
    );
  });

  it('of one phone alone: in the same words', async () => {
    const on = await api({ add: () => ({ ...tomorrow, status: 503 }) });
    const ended = await run(
      on,
      [
        [A, 0],
        [A, 1],
      ],
      '--no-precheck',
    );
    expect([ended.code, on.asks.length <= 2]).toEqual([75, true]);
    expect(ended.stderr).toMatch(
      /stopped {2}the API asks us to wait until 20\S+Z \(24 h 00 min\), HTTP 503: run again then\n$/,
    );
  });
});

describe('all phones together', () => {
  it('--max-errors counts them together', async () => {
    const no = { is_success: false, code: 404, message: 'not registered on WhatsApp' };
    const on = await api({ add: ({ who }) => verdicts(who, no) });
    const ended = await run(on, alternate(40), '--max-errors', '5', '--concurrency', '1');
    expect(ended.code).toBe(5);
    expect(ended.stderr).toMatch(/--max-errors allows\n$/);
    expect(on.asks.length).toBeLessThanOrEqual(8);
    expect(ended.lines.at(-1)).toBe('not_attempted max_errors');
  });

  it('all at their daily cap: the run ends, and says so of each', async () => {
    const on = await api({});
    const ended = await run(on, alternate(10), '--daily-cap', '2');
    expect(ended.code).toBe(75);
    expect(on.asks).toHaveLength(4);
    expect(ended.stderr).toMatch(/2 of 2 sending phones stopped: .*--daily-cap 2; .*--daily-cap 2\n$/);
  });

  it('--limit counts them together; what was stopped does not count', async () => {
    const on = await api({ phones: (phone) => (phone === A ? { body: { is_ready: false } } : undefined) });
    const ended = await run(on, alternate(10), '--limit', '2');
    expect(ended.code).toBe(5);
    expect(on.asks.map(({ who }) => who[0])).toEqual([person(1), person(3)]);
    expect(ended.lines.slice(0, 6)).toEqual([
      ...['not_attempted phone_not_connected', 'added', 'not_attempted phone_not_connected', 'added'],
      ...['not_attempted phone_not_connected', 'not_attempted limit'],
    ]);
  });

  it('the plan says how many people each phone asks', async () => {
    const to = await sandboxApi();
    const cohort = join(await scratch(), 'cohort.csv');
    await writeFile(
      cohort,
      `chat_id,phone,sender\n${GROUP},${person(1)},${A}\n${GROUP},${person(2)},${B}\n${GROUP},${person(3)},\n`,
    );
    const at = desk(to.env, [], true);
    Object.assign(at.io, { stdin: Object.assign(new PassThrough(), { isTTY: true }) });
    const running = at.run('run', cohort, ...to.args);
    while (!at.stderr().includes('Send?')) await new Promise((resolve) => setTimeout(resolve, 5));
    (at.io.stdin as unknown as PassThrough).write('n\n');
    expect((await running).code).toBe(75);
    expect(at.stderr()).toContain(
      [
        '  from     9198•••••111  1 person',
        '           9198•••••222  1 person',
        '           9198•••••210  1 person',
      ].join('\n'),
    );
  });
});

describe('follow-up', () => {
  it('reads each group through a phone that can, and needs no --phone', async () => {
    let later = false;
    const on = await api({
      add: ({ who }) => verdicts(who, { is_success: true, message: 'Invite sent to participant' }),
      chat: (phone, chatId) => {
        if (!later) return undefined;
        return phone === A ? { status: 404 } : membersOf(chatId, [person(0)]);
      },
    });
    const rows: Row[] = [
      [A, 0],
      [B, 1],
      [A, 2, OTHER],
    ];
    const { path } = await run(on, rows);
    later = true;
    const ended = await desk({ PERISKOPE_API_KEY: KEY }).run('follow-up', path, '--base-url', on.url);
    expect(ended.code).toBe(4);
    expect((await results(path)).map((row) => row['status'])).toEqual(['joined', 'invited', 'invited']);
    expect(ended.stdout).toMatch(/not read|could not be read|unread/i);
  });
});
