import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_PARTICIPANTS } from '../../src/sandbox/protocol.ts';
import { repeats } from '../helpers.ts';
import { ask, GROUP, get, headersOf, open, post, readChat } from './helpers.ts';

const PATH = `/chats/${encodeURIComponent(GROUP)}/add`;
const OK = { participants: ['919537851844'] };

describe('auth', () => {
  it.each([
    ['no header', undefined, 'Missing bearer token'],
    ['another scheme', 'Basic c2FuZGJveA==', 'Missing bearer token'],
    ['a wrong key', 'Bearer wrong', 'Invalid API key'],
    ['the key and more', 'Bearer sandbox-key-not-a-secret2', 'Invalid API key'],
  ])('%s: 401, before the limiter', async (_name, authorization, message) => {
    const sandbox = await open({ limit: 5 });
    const { Authorization: _, ...rest } = headersOf(sandbox);
    const headers = authorization === undefined ? rest : { ...rest, authorization };
    const answers = [
      await post(sandbox, PATH, OK, headers as Record<string, string>),
      await get(sandbox, `/chats/${GROUP}`, headers as Record<string, string>),
      await get(sandbox, '/phones', headers as Record<string, string>),
    ];
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 401, body: { code: 'UNAUTHORIZED', message, status: 401 } });
      expect(answer.headers.get('x-ratelimit-remaining')).toBeNull();
      expect(answer.text).not.toContain(sandbox.key);
    }
    expect((await ask(sandbox, ['919537851844'])).headers.get('x-ratelimit-remaining')).toBe('4');
    expect(sandbox.counts()).toMatchObject({
      asks: 1,
      requests: { add: { 200: 1, 401: 1 }, chat: { 401: 1 }, phones: { 401: 1 } },
      pairs: { [`${GROUP} 919537851844`]: { received: 2, asked: 1 } },
    });
  });

  it('accepts a key of one’s own', async () => {
    const sandbox = await open({ apiKey: 'another' });
    expect(sandbox.key).toBe('another');
    expect((await get(sandbox, '/phones')).status).toBe(200);
  });
});

describe('x-phone', () => {
  it.each([
    ['absent', undefined],
    ['empty', ''],
    ['with a plus', '+919876543210'],
    ['with spaces', '91 98765 43210'],
    ['too short', '123456'],
    ['too long', '9198765432101234'],
    ['an id of the wrong form', 'phone-XYZ'],
  ])('%s: 422', async (_name, xPhone) => {
    const sandbox = await open();
    const { 'x-phone': _, ...rest } = headersOf(sandbox);
    const headers = xPhone === undefined ? rest : { ...rest, 'x-phone': xPhone };
    for (const answer of [
      await post(sandbox, PATH, OK, headers as Record<string, string>),
      await get(sandbox, `/chats/${GROUP}`, headers as Record<string, string>),
      await get(sandbox, '/phones', headers as Record<string, string>),
    ]) {
      expect(answer.status).toBe(422);
      expect(answer.body).toMatchObject({ code: 'VALIDATION_ERROR', name: 'ValidateError', status: 422 });
      expect(Object.keys(answer.body.fields)).toEqual(['x-phone']);
    }
    expect(sandbox.counts().asks).toBe(0);
  });

  it.each([
    ['919876543210', '919876543210@c.us', 'phone-bqzvyibhmwkaergr'],
    ['phone-bqzvyibhmwkaergr', '919876543210@c.us', 'phone-bqzvyibhmwkaergr'],
    ['phone-abcdefghijkl', expect.stringMatching(/^9188\d{8}@c\.us$/), 'phone-abcdefghijkl'],
    ['447700900123', '447700900123@c.us', expect.stringMatching(/^phone-[a-z]{16}$/)],
  ])('%s is a phone', async (xPhone, orgPhone, phoneId) => {
    const sandbox = await open();
    const { status, body, headers } = await get(sandbox, '/phones', {
      ...headersOf(sandbox),
      'x-phone': xPhone,
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ org_phone: orgPhone, phone_id: phoneId, is_ready: true });
    expect(headers.get('x-periskope-phone-id')).toBe(body.phone_id);
  });
});

describe('the chat id', () => {
  it.each(['12036337130838968@g.us', '919537851844@c.us', 'abc', '120363371308389685', `${GROUP}x`])(
    '%s: 422',
    async (chatId) => {
      const sandbox = await open();
      for (const answer of [await ask(sandbox, ['919537851844'], chatId), await readChat(sandbox, chatId)]) {
        expect(answer.status).toBe(422);
        expect(Object.keys(answer.body.fields)).toEqual(['chat_id']);
      }
    },
  );

  it('comes encoded or plain, modern or legacy', async () => {
    const sandbox = await open();
    expect((await post(sandbox, `/chats/${GROUP}/add`, OK)).status).toBe(200);
    expect((await ask(sandbox, ['919537851844'], '905301234567-1574073754@g.us')).status).toBe(200);
    expect(Object.keys(sandbox.counts().pairs)).toHaveLength(2);
  });
});

describe('the body', () => {
  const many = (n: number) => Array.from({ length: n }, (_, i) => String(919000101000 + i));
  it.each([
    ['no participants', {}, ['participants']],
    ['a string', { participants: '919537851844' }, ['participants']],
    ['an empty list', { participants: [] }, ['participants']],
    ['too many', { participants: many(MAX_PARTICIPANTS + 1) }, ['participants']],
    ['a number', { participants: [919537851844] }, ['participants.0']],
    ['a plus', { participants: ['919537851844', '+919537851844'] }, ['participants.1']],
    ['a chat id', { participants: ['919537851844@c.us'] }, ['participants.0']],
    ['a leading zero', { participants: ['0919537851844'] }, ['participants.0']],
    ['six digits', { participants: ['919537'] }, ['participants.0']],
    ['sixteen digits', { participants: ['9195378518441234'] }, ['participants.0']],
    ['force as a string', { ...OK, force_add_participants: 'true' }, ['force_add_participants']],
    ['null', null, ['participants']],
    ['a list', [], ['participants']],
  ])('%s: 422 with the fields', async (_name, body, fields) => {
    const sandbox = await open();
    const answer = await post(sandbox, PATH, body);
    expect(answer.status).toBe(422);
    expect(Object.keys(answer.body.fields)).toEqual(fields);
    expect(sandbox.counts().asks).toBe(0);
  });

  it('is accepted up to the bound', async () => {
    const sandbox = await open();
    expect((await ask(sandbox, many(MAX_PARTICIPANTS))).status).toBe(200);
  });

  it('must be JSON and say so', async () => {
    const sandbox = await open();
    expect(await post(sandbox, PATH, '{"participants":')).toMatchObject({
      status: 400,
      body: { code: 'BAD_REQUEST' },
    });
    const plain = { ...headersOf(sandbox), 'Content-Type': 'text/plain' };
    expect((await post(sandbox, PATH, OK, plain)).status).toBe(422);
    expect((await post(sandbox, PATH, 'x'.repeat(2_000_000))).status).toBe(413);
  });

  it('names people even when it is refused', async () => {
    const sandbox = await open();
    await ask(sandbox, ['919537851844', '+1']);
    expect(sandbox.counts().pairs[`${GROUP} 919537851844`]).toEqual({
      received: 1,
      asked: 0,
      done: 0,
      status: 'untouched',
    });
  });

  it('whatever it is, is answered 200, 400, 422 or 413, and counted', async () => {
    const sandbox = await open();
    let sent = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.record({ participants: fc.anything() }).map((body) => {
            try {
              return JSON.stringify(body);
            } catch {
              return '{}';
            }
          }),
        ),
        async (raw) => {
          sent++;
          const { status } = await post(sandbox, PATH, raw);
          expect([200, 400, 413, 422]).toContain(status);
        },
      ),
      { numRuns: repeats(150) },
    );
    const statuses = Object.values(sandbox.counts().requests.add);
    expect(statuses.reduce((sum, n) => sum + n, 0)).toBe(sent);
  });
});

it('other paths and methods are 404, within the limit', async () => {
  const sandbox = await open({ limit: 50 });
  for (const answer of [
    await get(sandbox, '/nothing'),
    await post(sandbox, '/phones', {}),
    await get(sandbox, `/chats/${GROUP}/add`),
  ]) {
    expect(answer).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
  }
  expect((await get(sandbox, '/phones')).headers.get('x-ratelimit-remaining')).toBe('46');
  expect(sandbox.counts().requests.other).toEqual({ 404: 3 });
  expect((await get(sandbox, '/chats/%E0%A4%A')).status).toBe(400);
});
