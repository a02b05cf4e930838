import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { notify } from '../../../src/app/outputs/publish.ts';
import { notifyTarget } from '../../../src/config/outputs.ts';
import { chatText } from '../../../src/report/summary/summary.ts';
import { endingOf } from '../../report/summary/ending.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function hook(answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/s3cret`;
}

async function warnings(url: string, longestMs?: number) {
  const said: string[] = [];
  const log = { warn: (_: object, text: string) => said.push(text) } as never;
  await notify(endingOf(), notifyTarget({}, { GROUP_ONBOARD_NOTIFY: url }), log, longestMs);
  expect(said.join()).not.toMatch(/s3cret|127\.0\.0\.1/);
  return said;
}

describe('--notify', () => {
  it('posts JSON with a text and nothing else', async () => {
    let body = '';
    const url = await hook(async (request, response) => {
      for await (const chunk of request) body += chunk;
      expect([request.method, request.headers['content-type']]).toEqual([
        'POST',
        'application/json; charset=utf-8',
      ]);
      response.end('ok');
    });
    expect(await warnings(url)).toEqual([]);
    expect(JSON.parse(body)).toEqual({ text: chatText(endingOf()) });
  });

  it.each([
    [302, 'answer 302'],
    [404, 'answer 404'],
    [500, 'answer 500'],
  ])('warns of an answer %i, and follows no redirect', async (status, why) => {
    let asked = 0;
    const url = await hook((_, response) => {
      asked++;
      response.writeHead(status, { location: '/other' }).end();
    });
    expect(await warnings(url)).toEqual([`the summary was not posted (--notify): ${why}`]);
    expect(asked).toBe(1);
  });

  it('waits for no answer longer than its time', async () => {
    expect(await warnings(await hook(() => {}), 200)).toEqual([
      'the summary was not posted (--notify): no answer in 0.2 s',
    ]);
  });

  it('warns where nobody listens', async () => {
    expect(await warnings('http://127.0.0.1:1/s3cret')).toEqual([
      'the summary was not posted (--notify): ECONNREFUSED',
    ]);
  });

  it('calls nobody, and holds no number', () => {
    const text = chatText({
      ...endingOf(),
      cohort: 'x/<!channel> @all 919876543210.csv',
      stopped: { code: 'deadline', message: '+91 98765 43210 @here' },
    });
    expect(text).not.toMatch(/[<>]|@all|@here|98765/);
  });
});

describe('the address', () => {
  it.each([
    'https://hooks.slack.com/services/T/B/X',
    'https://chat.googleapis.com/v1/spaces/A/messages?key=k&token=t',
    ' https://example.com/hook\n',
    'http://localhost:8080/x',
  ])('may be %s', (url) => {
    expect(notifyTarget({}, { GROUP_ONBOARD_NOTIFY: url })?.url.href).toBe(new URL(url.trim()).href);
  });

  it.each([
    'http://example.com/s3cret',
    's3cret',
    'ftp://x/s3cret',
    'https://s3cret:x@y/',
    'https://a b/s3cret',
  ])('may not be %s, and is not in what is said of it', (url) => {
    const read = () => notifyTarget({}, { GROUP_ONBOARD_NOTIFY: url });
    expect(read).toThrow(/^GROUP_ONBOARD_NOTIFY (?:is not|holds)/);
    expect(read).not.toThrow(/s3cret/);
  });

  it('is refused as a flag, where ps shows it', () => {
    const read = () => notifyTarget({ notify: 'https://hooks.slack.com/s3cret' }, {});
    expect(read).toThrow(/--notify shows in ps/);
    expect(read).not.toThrow(/s3cret/);
    expect(notifyTarget({ notify: 'http://127.0.0.1:1/x' }, {})).toBeDefined();
  });

  it('goes through the proxy', () => {
    const env = { GROUP_ONBOARD_NOTIFY: 'https://example.com/x', HTTPS_PROXY: 'http://proxy.example:3128' };
    expect(notifyTarget({}, env)?.proxy?.host).toBe('proxy.example:3128');
  });
});
