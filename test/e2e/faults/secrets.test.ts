import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
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

describe('what Node and its libraries print for debugging', () => {
  it('is left out, and one line says so', async () => {
    const auths: string[] = [];
    const redis = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        auths.push(String(chunk));
        socket.destroy();
      });
    });
    await new Promise<void>((resolve) => redis.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void redis.close());
    const { port } = redis.address() as AddressInfo;
    const api = await sandbox('--limit', '1000');
    const debug = { DEBUG: '*', NODE_DEBUG: 'http,https,net,tls,stream,timer' };
    const plain = await job({ ...api, env: { ...api.env, ...debug } }, csv(PEOPLE));
    const { ended, all } = await run(plain);
    expect(ended.code).toBe(4);
    expect(ended.stderr.split('\n')[0]).toBe(
      'group-onboard: DEBUG and NODE_DEBUG have no effect here: the key and phone numbers would be printed',
    );
    noKey(all, api.env['PERISKOPE_API_KEY']);
    noNumbers(ended.stderr);
    expect(ended.stderr).not.toMatch(/^[A-Z]+ \d+: /m);

    const url = `redis://:redis-password@127.0.0.1:${port}`;
    const shared = await job(
      { ...api, env: { ...api.env, ...debug, GROUP_ONBOARD_REDIS_URL: url } },
      csv(PEOPLE),
    );
    const other = await run(shared);
    expect(auths.join('')).toContain('redis-password');
    expect(other.all).not.toContain('redis-password');
    expect(Object.values((await api.counts()).pairs).map(({ asked }) => asked)).toEqual(PEOPLE.map(() => 1));
  });

  it('in a run that has neither, nothing is said of it', async () => {
    const api = await sandbox('--limit', '1000');
    const on = await job({ ...api, env: { ...api.env, DEBUG: '1', NODE_DEBUG: '' } }, csv([phone(1, 1)]));
    expect((await on.run()).stderr).not.toContain('DEBUG');
    expect(Object.values((await api.counts()).pairs)).toHaveLength(1);
  });
});

describe('files that others may read', () => {
  it('a restored ledger is taken back, and a key file is named', async () => {
    const api = await sandbox('--limit', '1000');
    const on = await job({ args: api.args, env: {} }, csv([phone(1, 1)]));
    const key = join(on.dir, 'key');
    await writeFile(key, `${api.env['PERISKOPE_API_KEY']}\n`, { mode: 0o644 });
    const env = { PERISKOPE_API_KEY_FILE: key };
    const first = await cli(['run', on.cohort, ...api.args], env);
    expect(first.code).toBe(0);
    expect(first.stderr).toContain(`PERISKOPE_API_KEY_FILE: everybody on this machine may read ${key}`);
    const ledger = `${on.cohort.replace('.csv', '.results.csv')}.ledger.jsonl`;
    for (const path of [ledger, ledger.replace('.ledger.jsonl', '')]) await chmod(path, 0o666);
    await chmod(key, 0o640);
    const again = await cli(['run', on.cohort, ...api.args], env);
    expect([again.code, again.stderr]).toEqual([0, expect.not.stringContaining('may read')]);
    for (const path of [ledger, ledger.replace('.ledger.jsonl', '')])
      expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(Object.values((await api.counts()).pairs).map(({ asked }) => asked)).toEqual([1]);
  });

  it('a key of 6,000 characters is refused before anything is sent', async () => {
    const api = await sandbox('--limit', '1000');
    const long = 'pk_live_'.repeat(750);
    const on = await job(
      { ...api, env: { PERISKOPE_API_KEY: long, GROUP_ONBOARD_DEBUG: '1' } },
      csv([phone(1, 1)]),
    );
    const ended = await on.run();
    expect([ended.code, ended.stderr.trim().split('\n')]).toEqual([
      2,
      [expect.stringMatching(/6,000 characters/)],
    ]);
    expect(ended.stderr).not.toContain('pk_live_');
    expect(await api.counts()).toMatchObject({ asks: 0 });
  });
});

it('a number in the name of a group is masked where the log is kept', async () => {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const name = 'Helpline +91 98745-32466 or 612 34 56 34';
      if (request.method === 'POST')
        return response.end(
          JSON.stringify({ [`${PEOPLE[0]}@c.us`]: { is_success: true, message: 'added successfully' } }),
        );
      if (request.url?.endsWith('/phones'))
        return response.end(JSON.stringify({ is_ready: true, wa_state: 'CONNECTED', org_phone: SENDER }));
      return response.end(
        JSON.stringify({
          chat_id: GROUP,
          chat_name: name,
          chat_type: 'group',
          members: {},
          add_members_admins_only: true,
        }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  for (const env of [{}, { GITHUB_ACTIONS: 'true', CI: 'true' }]) {
    const on = await job(
      { args: ['--base-url', url, '--phone', SENDER], env: { PERISKOPE_API_KEY: KEY, ...env } },
      csv(PEOPLE.slice(0, 1)),
    );
    const { ended, spoken } = await run(on, '--log-level', 'trace');
    expect(ended.code).toBe(0);
    expect(spoken).toContain('Helpline 9198•••••466 or 6123••634');
    expect(spoken).not.toMatch(/98745|32466|34 56/);
  }
});
