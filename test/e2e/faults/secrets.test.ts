import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SOAK, soakTest } from '../../helpers.ts';
import { cli, csv, type Ended, GROUP, phone, SENDER, sandbox } from '../harness.ts';
import { defectIn, type Job, job } from './support.ts';

const KEY = 'pk_live_2f6c"9\\aa41';
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];
const PEOPLE = [1, 3, 5, 7, 1, 3, 1].map((ending, i) => phone(i, ending));

/** A server that says everything it hears: the key, the sender and the people, in every place an answer has. */
async function echo(status: (request: IncomingMessage, n: number) => number): Promise<string> {
  let n = 0;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const heard = `${request.headers.authorization} ${request.headers['x-phone']} ${PEOPLE.join(' ')} ${KEY}`;
      const people = ((body && JSON.parse(body).participants) || []) as string[];
      const verdict = { is_success: false, code: 999, message: heard };
      const grouped = PEOPLE.map((one) => `+${one.replace(/(..)(.....)(.....)/, '$1 $2-$3')}`).join(' ');
      response.writeHead(status(request, n++), {
        'x-periskope-trace-id': Buffer.from(KEY).toString('latin1'),
        'x-echo': heard,
        location: `http://127.0.0.1:1/${KEY}/${SENDER}`,
      });
      response.end(
        request.method === 'POST'
          ? JSON.stringify({
              message: `${heard} ${grouped}`,
              ...Object.fromEntries(people.map((one) => [`${one}@c.us`, verdict])),
            })
          : JSON.stringify({
              message: `${heard} ${grouped}`,
              chat_id: GROUP,
              wa_state: heard,
              is_ready: true,
            }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}

/** Every byte that a command has written: both streams, and every file in its directory but the cohort. */
async function everything(on: Job, ended: Ended): Promise<string> {
  const names = (await readdir(on.dir)).filter((name) => name !== 'cohort.csv' && name !== 'key');
  const files = await Promise.all(names.map((name) => readFile(join(on.dir, name), 'utf8')));
  return [ended.stdout, ended.stderr, ...names, ...files].join('\n');
}

function noKey(text: string, key = KEY): void {
  for (const form of [key, JSON.stringify(key).slice(1, -1), encodeURIComponent(key)]) {
    expect(text).not.toContain(form);
  }
  expect(text).not.toContain(key.slice(3));
}

/** Nobody of the cohort, nor the sender, in full, however it is grouped. */
function noNumbers(text: string): void {
  for (const one of [...PEOPLE, SENDER]) {
    const grouped = new RegExp([...one].join('[ ().+-]{0,2}'));
    expect(grouped.exec(text)?.[0]).toBeUndefined();
  }
}

async function run(on: Job, ...flags: string[]): Promise<{ ended: Ended; all: string; spoken: string }> {
  const summary = join(on.dir, 'summary.json');
  const ended = await on.run('--summary-json', summary, ...flags);
  const json = await readFile(summary, 'utf8').catch(() => '');
  return { ended, all: await everything(on, ended), spoken: ended.stderr + json };
}

const against = (url: string) => ({
  args: ['--base-url', url, '--phone', SENDER],
  env: { PERISKOPE_API_KEY: KEY, GROUP_ONBOARD_DEBUG: '1' },
});

describe('the key is in no byte, and no whole number in the log or the summary', () => {
  const cases: [string, (request: IncomingMessage, n: number) => number, number][] = [
    ['an answer for each', () => 200, 5],
    ['refused', (request) => (request.method === 'GET' ? 200 : 400), 5],
    ['in doubt', (request) => (request.method === 'GET' ? 200 : 500), 5],
    ['a group that is closed', (request) => (request.method === 'GET' ? 200 : 403), 4],
    ['a wrong key', () => 401, 5],
    ['a redirect', (request) => (request.method === 'GET' ? 200 : 307), 5],
    ['a redirect of everything', () => 302, 5],
    ['reads that fail', (request) => (request.method === 'GET' ? 500 : 200), 5],
  ];
  it.each(SOAK ? cases : cases.filter(([what]) => /each|wrong key/.test(what)))(
    'a server that echoes: %s',
    async (_what, status, code) => {
      const on = await job(against(await echo(status)), csv(PEOPLE));
      const format = code === 4 ? 'json' : 'text';
      const { ended, all, spoken } = await run(
        on,
        '--log-level',
        'trace',
        '--log-format',
        format,
        '--max-rate',
        '99/s',
      );
      expect(ended.code).toBe(code);
      noKey(all);
      noNumbers(spoken);
    },
  );

  soakTest('at every level, in both formats', async () => {
    const api = await sandbox('--limit', '1000');
    const people = [...PEOPLE, phone(20, 52), phone(21, 64), phone(22, 59)];
    const runs = LEVELS.flatMap((level) => ['json', 'text'].map((format) => [level, format] as const));
    for (const group of [runs.slice(0, 6), runs.slice(6)]) {
      await Promise.all(
        group.map(async ([level, format]) => {
          const on = await job({ ...api, env: { ...api.env, GROUP_ONBOARD_DEBUG: '1' } }, csv(people));
          const { ended, all, spoken } = await run(on, '--log-level', level, '--log-format', format);
          expect(ended.code).toBe(4);
          noKey(all, api.env['PERISKOPE_API_KEY']);
          noNumbers(spoken);
        }),
      );
    }
  });

  soakTest.each([
    ['an ask that fails', 'send/settler.js', 'Settler', 'each', /settle|each/],
    ['a limiter that fails', 'send/gateway.js', 'Gateway', 'schedule', /./],
  ])('a defect that quotes them: %s', async (_what, file, name, method) => {
    const url = await echo(() => 200);
    const words = `cannot read ${KEY} of ${PEOPLE[0]} and ${SENDER}\nnor this`;
    const on = await job(defectIn(against(url), file, name, method, words), csv(PEOPLE));
    const { ended, all, spoken } = await run(on, '--log-level', 'trace');
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/a defect of this tool: cannot read \[key\] of 9198•+/);
    noKey(all);
    noNumbers(spoken);
  });

  soakTest('a key from a file, a proxy with a password, no such host', async () => {
    const { args } = against('https://api.group-onboard.invalid/v1');
    const on = await job({ args, env: {} }, csv(PEOPLE));
    const key = join(on.dir, 'key');
    await writeFile(key, `${KEY}\n`);
    const flags = ['--deadline', '1s', '--log-level', 'trace'];
    const proxy = 'http://someone:proxy-password@127.0.0.1:9';
    for (const HTTPS_PROXY of [proxy, '', 'not a proxy, proxy-password']) {
      const env = { PERISKOPE_API_KEY_FILE: key, GROUP_ONBOARD_DEBUG: '1', HTTPS_PROXY };
      const ended = await cli(['run', on.cohort, ...args, ...flags], env);
      expect([75, 2]).toContain(ended.code);
      const all = await everything(on, ended);
      noKey(all);
      noNumbers(ended.stderr);
      expect(all).not.toContain('proxy-password');
    }
  });

  it.each([
    ['no such flag', ['--api-key', KEY]],
    [
      'a base url that holds it',
      ['--base-url', `https://${KEY.replaceAll(/["\\]/g, '')}@api.periskope.app/v1`],
    ],
    ['a sender that is none', ['--phone', 'not-a-phone']],
  ])('usage errors: %s', async (_what, flags) => {
    const on = await job(against('https://api.group-onboard.invalid/v1'), csv(PEOPLE));
    const { ended, all } = await run(on, ...flags);
    expect(ended.code).toBe(2);
    noKey(all);
  });
});

it('a header that is a person’s row is not read out', async () => {
  const on = await job(against('https://api.group-onboard.invalid/v1'), '');
  await writeFile(on.cohort, `Anna,${GROUP},+${PEOPLE[0]}\nBoris,${GROUP},+${PEOPLE[1]}\n`);
  const { ended } = await run(on);
  expect(ended.code).toBe(3);
  noNumbers(ended.stderr);
});
