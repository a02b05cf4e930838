import { spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OnboardError } from '../../src/domain/errors.ts';
import type { RecordLine, SandboxCounts } from '../../src/sandbox/counts.ts';
import { preciseNow } from '../../src/sandbox/counts.ts';
import { Network } from '../../src/sandbox/network.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { bestOfThree, scratch } from '../helpers.ts';
import { ask, GROUP, get, memberIds, networkError, open, readChat, request, until } from './helpers.ts';

const TYPESCRIPT = new URL('../typescript.mjs', import.meta.url).href;

const P = '91953785';

async function statusPage(statusUrl: string): Promise<SandboxCounts> {
  return (await (await fetch(statusUrl)).json()) as SandboxCounts;
}
const control = (statusUrl: string, changes: unknown) =>
  fetch(`${statusUrl}/control`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(changes),
  });

describe('/_sandbox', () => {
  it('shows the counts, without key or limit, and does not count itself', async () => {
    const sandbox = await open({ limit: 2, windowMs: 60_000 });
    const from = Date.now();
    await ask(sandbox, [`${P}0001`, `${P}0003`]);
    await readChat(sandbox);
    await get(sandbox, '/phones');
    const page = await statusPage(sandbox.statusUrl);
    expect(page).toEqual(JSON.parse(JSON.stringify(sandbox.counts())));
    expect(page).toMatchObject({
      asks: 1,
      requests: { add: { 200: 1 }, chat: { 200: 1 }, phones: { 429: 1 }, other: {} },
      throttled: 1,
      windows: [{ allowed: 2, throttled: 1 }],
      senders: { [sandbox.phone]: 2 },
    });
    expect(page.windows[0]?.endsAt).toBeGreaterThanOrEqual(from + 60_000);
    expect(page.timeline.map(({ endpoint, status }) => [endpoint, status])).toEqual([
      ['add', 200],
      ['chat', 200],
      ['phones', 429],
    ]);
    const times = page.timeline.map(({ at }) => at);
    expect(page.maxInFlight).toBe(1);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(Math.abs((times[0] ?? 0) - from)).toBeLessThan(5000);
  });

  it('a snapshot stays what it was', async () => {
    const sandbox = await open();
    await ask(sandbox, [`${P}0001`]);
    const before = sandbox.counts();
    const copy = structuredClone(before);
    await ask(sandbox, [`${P}0001`]);
    expect(before).toEqual(copy);
    expect(sandbox.counts()).not.toEqual(copy);
  });

  it('reset forgets counts, members, faults, and what was used', async () => {
    const sandbox = await open({ limit: 3, windowMs: 60_000 });
    await ask(sandbox, [`${P}0001`]);
    await ask(sandbox, [`${P}0051`]);
    await ask(sandbox, [`${P}0067`]);
    const empty = { asks: 0, pairs: {}, windows: [], throttled: 0, senders: {} };
    expect(await (await fetch(`${sandbox.statusUrl}/reset`, { method: 'POST' })).json()).toEqual({
      ok: true,
    });
    expect(sandbox.counts()).toMatchObject(empty);
    expect((await ask(sandbox, [`${P}0001`])).body[`${P}0001@c.us`].code).toBe(200);
    expect((await ask(sandbox, [`${P}0051`])).status).toBe(503);
    expect((await ask(sandbox, [`${P}0001`])).status).toBe(200);
  });

  it('control changes behaviour in mid-run, and refuses what it does not know', async () => {
    const sandbox = await open();
    expect((await control(sandbox.statusUrl, { keyRevoked: true })).status).toBe(200);
    expect((await get(sandbox, '/phones')).status).toBe(401);
    sandbox.control({ keyRevoked: false, phoneConnected: false });
    expect((await get(sandbox, '/phones')).body.is_ready).toBe(false);
    expect((await ask(sandbox, [`${P}0001`])).status).toBe(500);
    sandbox.control({ phoneConnected: true, force429: 1 });
    expect((await ask(sandbox, [`${P}0001`])).status).toBe(429);
    for (const wrong of [
      { limt: 5 },
      { limit: 0 },
      { windowMs: 'x' },
      { latency: 5 },
      { latency: { wy: 5 } },
      [],
    ]) {
      const answer = await control(sandbox.statusUrl, wrong);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ ok: false });
    }
    expect((await fetch(`${sandbox.statusUrl}/control`, { method: 'POST', body: '{' })).status).toBe(400);
  });

  it.each([
    ['error', 500],
    ['nonsense', 200],
  ] as const)('reads can be made to fail (%s) while asks work', async (reads, status) => {
    const sandbox = await open({ reads });
    for (const answer of [await get(sandbox, '/phones'), await readChat(sandbox)]) {
      expect(answer.status).toBe(status);
      expect(answer.body.is_ready ?? answer.body.members).toBeUndefined();
    }
    expect((await ask(sandbox, [`${P}0001`])).status).toBe(200);
    sandbox.control({ reads: 'ok' });
    expect((await get(sandbox, '/phones')).body.is_ready).toBe(true);
  });

  it('people accept invites, and leave', async () => {
    const sandbox = await open();
    await ask(sandbox, [`${P}0003`]);
    expect(await memberIds(sandbox)).not.toContain(`${P}0003@c.us`);
    sandbox.control({ join: [[GROUP, `${P}0003`]] });
    expect(await memberIds(sandbox)).toContain(`${P}0003@c.us`);
    sandbox.control({ leave: [[GROUP, `${P}0003`]] });
    expect(await memberIds(sandbox)).not.toContain(`${P}0003@c.us`);
    expect(sandbox.counts().pairs[`${GROUP} ${P}0003`]).toMatchObject({ asked: 1, status: 'invited' });
  });
});

describe('the network', () => {
  const timed = async (work: () => Promise<unknown>) => {
    const from = performance.now();
    await work();
    return performance.now() - from;
  };

  it('latency is half before the deed and half after it', async () => {
    const sandbox = await open({ latencyMs: 200 });
    const from = preciseNow();
    await ask(sandbox, [`${P}0001`]);
    const until = preciseNow();
    const [{ at } = { at: 0 }] = sandbox.counts().timeline;
    // Timers may fire a millisecond early by the finer clock, never more.
    expect(at - from).toBeGreaterThanOrEqual(98);
    expect(until - at).toBeGreaterThanOrEqual(98);
  });

  it.each([
    ['the way comes before the count', { way: 200 }, 198, 0],
    ['the work comes after it', { work: 200 }, 0, 198],
    ['both, beside the halves of a round trip', { ms: 100, way: 100, work: 200 }, 148, 248],
    ['and each with its share of jitter', { way: 200, work: 100, jitter: 0.5 }, 98, 48],
  ])('%s', async (_, latency, before, after) => {
    const sandbox = await open({ random: () => 0 });
    sandbox.control({ latency });
    const once = async () => {
      const from = preciseNow();
      await ask(sandbox, [`${P}0001`]);
      const { at } = sandbox.counts().timeline.at(-1)!;
      return { before: at - from, after: preciseNow() - at };
    };
    const all = [await once(), await once(), await once()];
    for (const took of all) {
      expect(took.before).toBeGreaterThanOrEqual(before);
      expect(took.after).toBeGreaterThanOrEqual(after);
    }
    // The quickest of three, as a busy machine delays any of them: nothing is on the wrong side.
    expect(Math.min(...all.map((took) => took.before))).toBeLessThan(before + 90);
    expect(Math.min(...all.map((took) => took.after))).toBeLessThan(after + 90);
  });

  it('jitter takes its share from the source that it is given', async () => {
    const sandbox = await open({ latency: { ms: 200, jitter: 0.5 }, random: () => 0 });
    const least = await timed(() => get(sandbox, '/phones'));
    expect(least).toBeGreaterThanOrEqual(98);
    sandbox.control({ latency: { ms: 0 } });
    const once = () => timed(() => get(sandbox, '/phones'));
    expect(await bestOfThree(once, (ms) => ms < least)).toBeLessThan(least);
  });

  it('a pause holds what comes, and then lets it go on', async () => {
    const sandbox = await open();
    sandbox.control({ holdMs: 200 });
    expect(await timed(() => Promise.all([get(sandbox, '/phones'), readChat(sandbox)]))).toBeGreaterThan(190);
    expect(sandbox.counts().requests).toMatchObject({ phones: { 200: 1 }, chat: { 200: 1 } });
    sandbox.control({ holdMs: 60_000 });
    sandbox.control({ holdMs: 100 });
    expect(await timed(() => get(sandbox, '/phones'))).toBeGreaterThan(80);
  });

  it('carries out what a client asked that is gone', async () => {
    const sandbox = await open({ latencyMs: 300 });
    const socket = connect(Number(new URL(sandbox.url).port), '127.0.0.1');
    socket.write(request(sandbox.key, `${P}0001`));
    await until(() => sandbox.counts().maxInFlight === 1);
    socket.destroy();
    await until(() => sandbox.counts().asks === 1);
    expect(sandbox.counts().pairs[`${GROUP} ${P}0001`]?.done).toBe(1);
  });

  it('serves many connections at once', async () => {
    const sandbox = await open();
    sandbox.control({ holdMs: 60_000 });
    const people = Array.from({ length: 200 }, (_, i) => `9190000${String(i).padStart(3, '0')}01`);
    const asking = Promise.all(people.map((each) => ask(sandbox, [each])));
    await until(() => sandbox.counts().maxInFlight === 200);
    expect(sandbox.counts().asks).toBe(0);
    sandbox.control({ holdMs: 0 });
    const answers = await asking;
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(Object.values(sandbox.counts().pairs).every(({ asked }) => asked === 1)).toBe(true);
  });
});

describe('the record file', () => {
  it('has a line for every valid ask before its answer leaves, for the owner’s eyes only', async () => {
    const recordFile = join(await scratch(), 'record.jsonl');
    const sandbox = await open({ recordFile });
    const lines = () =>
      readFileSync(recordFile, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as RecordLine);
    await ask(sandbox, [`${P}0001`, `${P}0003`]);
    await ask(sandbox, ['not a number']);
    await networkError(ask(sandbox, [`${P}0055`]));
    await ask(sandbox, [`${P}0051`]);
    const { at: _, ...first } = lines()[0] as RecordLine;
    expect(first).toEqual({
      chat_id: GROUP,
      participants: [`${P}0001`, `${P}0003`],
      http: 200,
      asked: true,
      effects: { [`${P}0001`]: 'added', [`${P}0003`]: 'invited' },
      fault: '',
      sender: sandbox.phone,
    });
    expect(lines().map(({ http, asked, fault }) => [http, asked, fault])).toEqual([
      [200, true, ''],
      [0, true, '0055'],
      [503, false, '0051'],
    ]);
    expect(statSync(recordFile).mode & 0o777).toBe(0o600);
  });

  it('a sandbox that was killed goes on from it', async () => {
    const recordFile = join(await scratch(), 'record.jsonl');
    const script = `
      import { startSandbox } from ${JSON.stringify(new URL('../../src/sandbox/sandbox.ts', import.meta.url).href)};
      const { url } = await startSandbox({ limit: Infinity, recordFile: ${JSON.stringify(recordFile)} });
      console.log(url);`;
    const child = spawn(process.execPath, ['--import', TYPESCRIPT, '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const url = await new Promise<string>((resolve, reject) => {
      child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
      child.once('exit', () => reject(new Error('the sandbox did not start')));
    });
    const gone = new Promise((resolve) => child.once('exit', resolve));
    const first = { ...(await open()), url };
    await ask(first, [`${P}0001`, `${P}0003`]);
    await ask(first, [`${P}0051`]);
    child.kill('SIGKILL');
    await gone;

    const again = await open({ recordFile });
    expect(await memberIds(again)).toContain(`${P}0001@c.us`);
    expect(again.counts().pairs).toEqual({
      [`${GROUP} ${P}0001`]: { received: 1, asked: 1, done: 1, status: 'added' },
      [`${GROUP} ${P}0003`]: { received: 1, asked: 1, done: 1, status: 'invited' },
      [`${GROUP} ${P}0051`]: { received: 1, asked: 0, done: 0, status: 'untouched' },
    });
    expect((await ask(again, [`${P}0001`])).body[`${P}0001@c.us`].code).toBe(409);
    expect((await ask(again, [`${P}0051`])).status).toBe(200);
  });
});

describe('start and end', () => {
  it('listens on loopback only', async () => {
    const sandbox = await open();
    expect(new URL(sandbox.url).hostname).toBe('127.0.0.1');
    const port = Number(new URL(sandbox.url).port);
    const code = await new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.2');
      socket.once('connect', () => {
        socket.destroy();
        resolve('connected');
      });
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    });
    expect(code).toBe('ECONNREFUSED');
  });

  it('says in one line that a port is taken', async () => {
    const first = await open();
    const port = Number(new URL(first.url).port);
    const second = startSandbox({ port });
    await expect(second).rejects.toBeInstanceOf(OnboardError);
    await expect(second).rejects.toMatchObject({
      code: 'USAGE',
      message: `port ${port} of 127.0.0.1 cannot be had (EADDRINUSE): choose another one, or 0 for any`,
    });
  });

  it('takes the same port again after close', async () => {
    const first = await open();
    const port = Number(new URL(first.url).port);
    await get(first, '/phones');
    await first.close();
    expect(await networkError(get(first, '/phones'))).toMatch(/ECONNREFUSED|UND_ERR_SOCKET|ECONNRESET/);
    const second = await open({ port });
    expect((await get(second, '/phones')).status).toBe(200);
  });

  it('closes at once, whatever is under way, and as often as one likes', async () => {
    const sandbox = await open({ slowMs: 60_000 });
    const slow = networkError(ask(sandbox, [`${P}0056`]));
    sandbox.control({ latency: { ms: 0 } });
    await until(() => sandbox.counts().asks === 1);
    sandbox.control({ holdMs: 60_000 });
    const held = networkError(get(sandbox, '/phones'));
    const idle = connect(Number(new URL(sandbox.url).port), '127.0.0.1');
    idle.on('error', () => {});
    const idleEnds = new Promise((resolve) => idle.once('close', resolve));
    await new Promise((resolve) => idle.once('connect', resolve));
    const half = connect(Number(new URL(sandbox.url).port), '127.0.0.1');
    half.on('error', () => {}).write('POST /v1/phones HTTP/1.1\r\nContent-Length: 10\r\n\r\n12');
    const halfEnds = new Promise((resolve) => half.once('close', resolve));
    await new Promise((resolve) => half.once('connect', resolve));
    const from = performance.now();
    await Promise.all([sandbox.close(), sandbox.close()]);
    // An idle connection ends by itself after five seconds, and what is held after a minute.
    expect(performance.now() - from).toBeLessThan(5000);
    expect(await slow).not.toBe('');
    expect(await held).not.toBe('');
    idle.resume();
    half.resume();
    await Promise.all([idleEnds, halfEnds]);
  });

  it('leaves no wait behind that would keep a process alive', async () => {
    const network = new Network({ ms: 60_000 }, Math.random);
    const leg = network.leg();
    network.close();
    await expect(leg).rejects.toThrow(/abort/i);
  });
});
