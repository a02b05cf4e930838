/** A server that asks for less haste in another way than 429: nothing was done, nobody is to blame, all are asked again. */
import { expect, it } from 'vitest';
import { httpServer, textOf } from '../../send/api-server.ts';
import { csv, GROUP, phone, SENDER } from '../harness.ts';
import { job } from './support.ts';

interface Reply {
  readonly status: number;
  readonly body?: string | object;
  readonly headers?: Record<string, string>;
}

const later = { 'retry-after': '1' };
const page = { 'content-type': 'text/html' };

it.each<[string, Reply, ...string[]]>([
  ['403 with Retry-After and nothing else', { status: 403, headers: later }],
  ['403 with Retry-After as a date', { status: 403, headers: { 'retry-after': new Date(0).toUTCString() } }],
  [
    '403, a page, with Retry-After',
    { status: 403, body: '<h1>Forbidden</h1>', headers: { ...later, ...page } },
  ],
  ['403 with JSON and Retry-After', { status: 403, body: { message: 'Forbidden' }, headers: later }],
  ['403, text', { status: 403, body: 'secondary rate limit' }],
  ['403, JSON', { status: 403, body: { message: 'You have exceeded a secondary rate limit.' } }],
  ['403, nested', { status: 403, body: { error: { message: 'Rate limit exceeded' } } }],
  ['403, a code', { status: 403, body: { code: 'RATE_LIMIT_EXCEEDED', message: 'Forbidden' } }],
  ['403, a page', { status: 403, body: '<p>Error 1015: You are being rate limited</p>', headers: page }],
  ['400', { status: 400, body: { message: 'Too many requests, please slow down' } }],
  ['400, text', { status: 400, body: 'RATE LIMIT EXCEEDED' }],
  ['400, a code', { status: 400, body: { code: 'rate_limited' } }],
  ['400 of a batch', { status: 400, body: { error: 'rate limit reached' } }, '--batch-size', '3'],
  ['420', { status: 420, body: 'Enhance Your Calm' }],
  ['420 without words', { status: 420 }],
  ['422', { status: 422, body: { message: 'Rate limit exceeded' } }],
  ['430', { status: 430, body: { message: 'rate limit' } }],
  ['430 with Retry-After', { status: 430, headers: later }],
  ['403, Google’s word', { status: 403, body: { error: { message: 'userRateLimitExceeded' } } }],
  ['429, text', { status: 429, body: 'Too many requests, please try again later.' }],
])('%s: all are done after the pause, each once', async (_what, refusal, ...flags) => {
  const accepted: string[] = [];
  let n = 0;
  const { url } = await httpServer(async (request, response) => {
    const text = await textOf(request);
    const json = { 'content-type': 'application/json' };
    const reply = (status: number, body: unknown, headers: object = json) =>
      response
        .writeHead(status, { ...json, ...headers })
        .end(typeof body === 'string' ? body : JSON.stringify(body));
    if (request.method !== 'POST') {
      return request.url?.endsWith('/phones')
        ? reply(200, { is_ready: true, wa_state: 'CONNECTED', org_phone: SENDER })
        : reply(200, { chat_id: GROUP, chat_name: 'A', members: { [`${SENDER}@c.us`]: {} } });
    }
    // The first ask, and two in the middle.
    if ([0, 3, 4].includes(n++)) return reply(refusal.status, refusal.body ?? '', refusal.headers ?? json);
    const people = JSON.parse(text).participants as string[];
    accepted.push(...people);
    const done = { is_success: true, code: 200, message: 'Participant added successfully' };
    return reply(200, Object.fromEntries(people.map((one) => [`${one}@c.us`, done])));
  });
  const people = Array.from({ length: 8 }, (_, i) => phone(i));
  const api = {
    args: ['--base-url', url.href, '--phone', SENDER, '--max-rate', '500/s', '--concurrency', '1'],
    env: { PERISKOPE_API_KEY: 'key' },
  };
  const on = await job(api, csv(people));
  const ended = await on.run(...flags);
  expect(await on.rows()).toEqual(people.map(() => 'added'));
  expect(ended.code).toBe(0);
  expect(accepted.sort()).toEqual(people);
});
