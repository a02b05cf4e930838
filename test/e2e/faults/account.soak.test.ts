import { describe, expect, it } from 'vitest';
import { httpServer, textOf } from '../../send/api-server.ts';
import { csv, GROUP, phone, SENDER } from '../harness.ts';
import { job, lastLine } from './support.ts';

interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
}

const READY: Reply = { status: 200, body: { is_ready: true, wa_state: 'CONNECTED', org_phone: SENDER } };
const CHAT: Reply = {
  status: 200,
  body: { chat_id: GROUP, chat_name: 'A', members: { [`${SENDER}@c.us`]: {} } },
};
const html = (status: number, words: string): Reply => ({
  status,
  body: `<!DOCTYPE html><html><body>${words}</body></html>`,
  headers: { 'content-type': 'text/html' },
});
const each = (verdict: object) => (people: readonly string[]) => ({
  status: 200,
  body: Object.fromEntries(people.map((one) => [`${one}@c.us`, verdict])),
});

interface Stub {
  readonly add: (people: readonly string[], n: number) => Reply;
  readonly phones?: Reply;
  readonly chat?: Reply;
}

/** Runs eight people of one group (or each of a group of its own) against a stub; counts who was asked. */
async function run(stub: Stub, { flags = [], groups = 1 }: { flags?: string[]; groups?: number } = {}) {
  const asked: string[] = [];
  let n = 0;
  const { url } = await httpServer(async (request, response) => {
    const text = await textOf(request);
    const people = request.method === 'POST' ? (JSON.parse(text).participants as string[]) : [];
    asked.push(...people);
    const reply =
      request.method === 'POST'
        ? stub.add(people, n++)
        : request.url?.endsWith('/phones')
          ? (stub.phones ?? READY)
          : (stub.chat ?? CHAT);
    const { status, body, headers } = reply;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  const api = {
    args: ['--base-url', url.href, '--phone', SENDER, '--max-rate', '500/s', '--concurrency', '1'],
    env: { PERISKOPE_API_KEY: 'key' },
  };
  const people = Array.from({ length: 8 }, (_, i) => phone(i));
  const id = (i: number) => `12036337130838${String(9001 + (i % groups))}@g.us`;
  const text =
    groups === 1 ? csv(people) : `chat_id,phone\n${people.map((one, i) => `${id(i)},${one}`).join('\n')}\n`;
  const on = await job(api, text);
  const ended = await on.run(...flags);
  const rows = await on.rows();
  const counts = Object.fromEntries(
    [...new Set(rows)].map((row) => [row, rows.filter((one) => one === row).length]),
  );
  return { code: ended.code, last: lastLine(ended.stderr), counts, asked: asked.length };
}

const nobody = (code: string) => ({ [`not_attempted/${code}`]: 8 });

describe('the account, the phone or something in front: the run stops, and nobody is failed', () => {
  it.each<[string, Stub, string, RegExp, number]>([
    [
      'a challenge page',
      { add: () => html(403, 'Just a moment') },
      'not_the_api',
      /403 \(text\/html\): Just a moment.*--base-url/,
      1,
    ],
    [
      'the API’s words, and /phones silent',
      {
        add: () => ({ status: 404, body: { message: 'Chat not found' } }),
        phones: { status: 500, body: '' },
      },
      'not_the_api',
      /GET \/phones does not tell/,
      1,
    ],
    ['405', { add: () => ({ status: 405, body: '' }) }, 'not_the_api', /HTTP 405/, 1],
    [
      'the plan',
      { add: () => ({ status: 403, body: { message: 'Your plan has no API access' } }) },
      'account_refused',
      /Your plan has no API access/,
      1,
    ],
    [
      '402',
      { add: () => ({ status: 402, body: { message: 'Pay first' } }) },
      'payment_required',
      /payment \(402\): Pay first/,
      1,
    ],
    [
      '422 x-phone',
      {
        add: () => ({
          status: 422,
          body: { code: 'VALIDATION_ERROR', fields: { 'x-phone': { message: 'unknown' } } },
        }),
      },
      'sender_refused',
      /x-phone: unknown/,
      1,
    ],
    [
      '400 for everybody',
      { add: () => ({ status: 400, body: 'Bad Request' }) },
      'breaker',
      /5 asks in a row failed.*Bad Request/,
      5,
    ],
    [
      'WhatsApp throttles',
      { add: each({ is_success: false, code: 429, message: 'rate-overlimit' }) },
      'whatsapp_throttled',
      /throttled by WhatsApp/,
      5,
    ],
    [
      '/phones 404',
      {
        add: each({ is_success: true, code: 200 }),
        phones: { status: 404, body: { message: 'Phone not found' } },
      },
      'sender_refused',
      /Phone not found/,
      0,
    ],
    [
      '/phones 422',
      { add: each({ is_success: true, code: 200 }), phones: { status: 422, body: { message: 'bad phone' } } },
      'sender_refused',
      /bad phone/,
      0,
    ],
    [
      '/phones 403',
      { add: each({ is_success: true, code: 200 }), phones: { status: 403, body: { message: 'No access' } } },
      'account_refused',
      /No access/,
      0,
    ],
    [
      '/phones a redirect',
      {
        add: each({ is_success: true, code: 200 }),
        phones: { status: 302, body: '', headers: { location: '/login' } },
      },
      'redirected',
      /redirect \(302\)/,
      0,
    ],
    [
      '/chats a redirect',
      {
        add: each({ is_success: true, code: 200 }),
        chat: { status: 302, body: '', headers: { location: '/login' } },
      },
      'redirected',
      /redirect \(302\)/,
      0,
    ],
    [
      '/phones a login page',
      { add: each({ is_success: true, code: 200 }), phones: html(200, 'Log in') },
      'not_the_api',
      /Log in/,
      0,
    ],
    [
      'TOS_BLOCK',
      {
        add: each({ is_success: true, code: 200 }),
        phones: { status: 200, body: { is_ready: false, wa_state: 'SMB_TOS_BLOCK' } },
      },
      'phone_blocked',
      /WhatsApp has blocked/,
      0,
    ],
  ])('%s', async (_what, stub, code, says, asked) => {
    const ended = await run(stub, { flags: ['--cool-down', '10ms'] });
    expect(ended).toMatchObject({ code: 5, counts: nobody(code), asked });
    expect(ended.last).toMatch(says);
  });
});

it('the same unexplained failure for everybody: the breaker; those few keep their status', async () => {
  const ended = await run({ add: each({ is_success: false, message: 'Oops' }) });
  expect(ended).toMatchObject({
    code: 5,
    counts: { 'failed/other': 5, 'not_attempted/breaker': 3 },
    asked: 5,
  });
  expect(ended.last).toMatch(/Oops/);
});

it('a refusal among answers is a failure of that person', async () => {
  const add: Stub['add'] = (people, n) =>
    n % 3 === 1 ? { status: 400, body: 'Bad Request' } : each({ is_success: true, code: 200 })(people);
  expect(await run({ add })).toMatchObject({
    code: 4,
    counts: { added: 5, 'failed/bad_request': 3 },
    asked: 8,
  });
});

it('group after group refused: the breaker, and nobody is failed', async () => {
  const ended = await run(
    { add: () => ({ status: 404, body: { message: 'Chat not found' } }) },
    { groups: 8 },
  );
  expect(ended).toMatchObject({ code: 5, asked: 5, counts: nobody('breaker') });
});

it('a few groups refused, and no more: each fails as a whole', async () => {
  const ended = await run({ add: () => ({ status: 403, body: { message: 'Only admins' } }) }, { groups: 4 });
  expect(ended).toMatchObject({ code: 4, asked: 4, counts: { 'failed/not_admin': 8 } });
});

it('one whom WhatsApp throttles to the end is whatsapp_throttled', async () => {
  const add: Stub['add'] = (people) =>
    each(people.includes(phone(7)) ? { is_success: false, code: 429 } : { is_success: true, code: 200 })(
      people,
    );
  const ended = await run({ add }, { flags: ['--cool-down', '10ms'] });
  expect(ended.counts).toEqual({ added: 7, 'not_attempted/whatsapp_throttled': 1 });
  expect(ended.asked).toBe(10);
});

it('403 with Retry-After is waited for', async () => {
  const add: Stub['add'] = (people, n) =>
    n === 0
      ? { status: 403, body: 'secondary rate limit', headers: { 'retry-after': '1' } }
      : each({ is_success: true, code: 200 })(people);
  expect(await run({ add })).toMatchObject({ code: 0, counts: { added: 8 }, asked: 9 });
});
