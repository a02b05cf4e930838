/** The lock, with real processes: killed, suspended, many at once, and the heartbeat of those that cannot be looked up. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openLedger } from '../../src/ledger/ledger.ts';
import { acquireLock, type Lock } from '../../src/ledger/lock.ts';
import { type KeepOptions, lifeOf, parseHolder, thisProcess } from '../../src/ledger/presence.ts';
import { PATIENTLY, repeats, scratch, soakTest } from '../helpers.ts';
import { systemClock } from './system-clock.ts';

const TYPESCRIPT = new URL('../typescript.mjs', import.meta.url).href;

const child = fileURLToPath(new URL('lock-child.ts', import.meta.url));
const origin = 'sandbox';
/** Names as holders' files have them. */
const OTHER = '00000000-0000-4000-8000-000000000001.json';
const ANOTHER = '00000000-0000-4000-8000-000000000002.json';

function start(
  path: string,
  then: 'hold' | 'end' | 'close' | 'ask',
): ChildProcess & { first: Promise<string> } {
  const running = spawn(process.execPath, ['--import', TYPESCRIPT, child, path, then], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    running.kill('SIGKILL');
  });
  const lines = createInterface({ input: running.stdout! });
  return Object.assign(running, { first: once(lines, 'line').then(([line]) => line as string) });
}

async function lock(path: string, options: Partial<KeepOptions> = {}): Promise<Lock> {
  const held = await acquireLock(path, { clock: systemClock, onLost: () => undefined, ...options });
  onTestFinished(() => held.release());
  return held;
}

describe('real processes', () => {
  test('a second run is told who holds it; a killed holder is replaced at once; a suspended one keeps it', async () => {
    const path = join(await scratch(), 'a.jsonl');
    const holder = start(path, 'hold');
    expect(await holder.first).toBe('open');
    const refused = {
      code: 'LOCKED',
      exitCode: 6,
      message: expect.stringMatching(new RegExp(`pid ${holder.pid} on ${hostname()} since 20\\d\\d-`)),
    };
    await expect(openLedger(path, { origin, clock: systemClock })).rejects.toMatchObject(refused);

    // However long it has been silent: it will wake up, and write.
    holder.kill('SIGSTOP');
    await expect(openLedger(path, { origin, clock: systemClock, staleMs: 0 })).rejects.toMatchObject(refused);
    holder.kill('SIGCONT');

    const ended = once(holder, 'exit');
    holder.kill('SIGKILL');
    await ended;
    expect(readdirSync(`${path}.lock`)).toHaveLength(1);
    const onWatch = vi.fn();
    const ledger = await openLedger(path, { origin, clock: systemClock, onWatch });
    // Nobody waited for its silence to count as death.
    expect(onWatch).not.toHaveBeenCalled();
    await ledger.close();
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  test('an open ledger keeps no process from ending, and what it leaves is taken over', async () => {
    const path = join(await scratch(), 'a.jsonl');
    const leaves = start(path, 'end');
    const [code] = await once(leaves, 'exit');
    expect([await leaves.first, code]).toEqual(['open', 0]);
    expect(existsSync(`${path}.lock`)).toBe(true);
    await (await openLedger(path, { origin, clock: systemClock })).close();
  });

  test('nothing here listens for signals', async () => {
    const path = join(await scratch(), 'a.jsonl');
    const before = process.eventNames().filter((name) => String(name).startsWith('SIG'));
    const ledger = await openLedger(path, { origin, clock: systemClock });
    expect(process.eventNames().filter((name) => String(name).startsWith('SIG'))).toEqual(before);
    await ledger.close();
    const killed = start(path, 'hold');
    await killed.first;
    killed.kill('SIGTERM');
    expect(await once(killed, 'exit')).toEqual([null, 'SIGTERM']);
  });
});

test('kill -9 in the middle of asks: every ask that was promised is there, and at most one more', async () => {
  const path = join(await scratch(), 'a.jsonl');
  let before = 0;
  for (const promised of [1, 20, 300]) {
    const asking = spawn(process.execPath, ['--import', TYPESCRIPT, child, path, 'ask', String(before)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => {
      asking.kill('SIGKILL');
    });
    let seen = 0;
    const ended = once(asking, 'exit');
    const lines = createInterface({ input: asking.stdout });
    lines.on('line', (line) => {
      if (line !== 'open' && ++seen === promised) asking.kill('SIGKILL');
    });
    await Promise.all([ended, once(lines, 'close')]);
    const ledger = await openLedger(path, { origin, clock: systemClock });
    expect(ledger.size - before).toBeGreaterThanOrEqual(seen);
    expect(ledger.size - before).toBeLessThanOrEqual(seen + 1);
    expect(seen).toBeGreaterThanOrEqual(promised);
    before = ledger.size;
    await ledger.close();
  }
});

soakTest('of many that come at once, over the remains of a dead one, never two stay', async () => {
  const path = join(await scratch(), 'a.jsonl');
  let holders = 0;
  let most = 0;
  let won = 0;
  for (let round = 0; round < 10; round++) {
    mkdirSync(`${path}.lock`, { recursive: true });
    writeFileSync(join(`${path}.lock`, `${randomUUID()}.json`), holderText({ pid: 2 ** 22 + 1 }));
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        const held = await acquireLock(path, { clock: systemClock, onLost: () => undefined }).catch(
          (error) => {
            expect(error).toMatchObject({ code: 'LOCKED' });
          },
        );
        if (held === undefined) return;
        won++;
        most = Math.max(most, ++holders);
        await new Promise((done) => setImmediate(done));
        holders--;
        await held.release();
      }),
    );
  }
  expect(most).toBe(1);
  expect(won).toBeGreaterThan(0);
  expect(existsSync(`${path}.lock`)).toBe(false);
});

/** A lock file as a process of this kind would have written it. */
function holderText(changes: object): string {
  return JSON.stringify({ ...thisProcess(new Date(0).toISOString()), beats: '000000000000', ...changes });
}

describe('a holder in another container or host', () => {
  test.each([
    ['another host', { host: 'elsewhere' }],
    ['another container', { pids: 'pid:[1]' }],
    ['another boot', { boot: 'another' }],
  ])('%s: silent for the stale time, it is dead', async (_name, changes) => {
    const path = join(await scratch(), 'a.jsonl');
    mkdirSync(`${path}.lock`);
    writeFileSync(join(`${path}.lock`, OTHER), holderText(changes));
    const watched = vi.fn();
    const began = performance.now();
    await lock(path, { staleMs: 120, onWatch: watched });
    expect(performance.now() - began).toBeGreaterThanOrEqual(120);
    expect(watched).toHaveBeenCalledWith(expect.stringMatching(/^the run with pid \d+ on \S+ since 1970/));
    expect(readdirSync(`${path}.lock`)).toHaveLength(1);
  });

  test('with a heartbeat it lives, whatever its clock says', async () => {
    const path = join(await scratch(), 'a.jsonl');
    mkdirSync(`${path}.lock`);
    const file = join(`${path}.lock`, OTHER);
    let beats = 0;
    // Whole at every instant, as a holder's is: who looks may look at any.
    const beat = () => {
      writeFileSync(`${file}.next`, holderText({ host: 'elsewhere', beats: ++beats }));
      renameSync(`${file}.next`, file);
    };
    beat();
    const timer = setInterval(beat, 20);
    onTestFinished(() => clearInterval(timer));
    await expect(lock(path, { staleMs: 5_000 })).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringContaining('on elsewhere'),
    });
    // And ours has left nothing behind.
    clearInterval(timer);
    expect(readdirSync(`${path}.lock`).filter((name) => !name.endsWith('.next'))).toEqual([OTHER]);
  });

  test('one that ends while it is watched is no hindrance; nor is a file that nobody can read', async () => {
    const path = join(await scratch(), 'a.jsonl');
    mkdirSync(`${path}.lock`);
    writeFileSync(join(`${path}.lock`, OTHER), 'not JSON');
    writeFileSync(join(`${path}.lock`, ANOTHER), '{"pid":1}');
    await lock(path, { staleMs: 50 });
    expect(readdirSync(`${path}.lock`)).toHaveLength(1);
  });
});

describe('what is in the place of the lock’s folder', () => {
  const REFUSED = { code: 'NOT_WRITABLE', exitCode: 2 };
  test('a link to a folder of somebody else’s: refused, and their files stay', async () => {
    const dir = await scratch();
    const [path, theirs] = [join(dir, 'a.jsonl'), join(dir, 'theirs')];
    mkdirSync(theirs);
    for (const name of ['package.json', OTHER]) writeFileSync(join(theirs, name), '{}');
    symlinkSync(theirs, `${path}.lock`);
    await expect(lock(path, { staleMs: 50 })).rejects.toMatchObject({
      ...REFUSED,
      message: `${path}.lock is a link, and the lock of the ledger has to be a folder of its own: remove it`,
    });
    expect(readdirSync(theirs).sort()).toEqual([OTHER, 'package.json']);
  });

  test.each([
    ['a link to nothing', (at: string) => symlinkSync('nowhere', at), 'is a link'],
    ['a link to itself', (at: string) => symlinkSync(at, at), 'is a link'],
    ['a link to a file', (at: string) => symlinkSync('/etc/hostname', at), 'is a link'],
    ['a file', (at: string) => writeFileSync(at, ''), 'is not a folder'],
  ])('%s: refused at once', async (_what, make, why) => {
    const path = join(await scratch(), 'a.jsonl');
    make(`${path}.lock`);
    await expect(lock(path)).rejects.toMatchObject({ ...REFUSED, message: expect.stringContaining(why) });
  });

  test('a folder that holds files of somebody else’s: they are not ours to judge', async () => {
    const path = join(await scratch(), 'a.jsonl');
    mkdirSync(`${path}.lock`);
    const foreign = ['package.json', 'x.json', `${OTHER}.json`, `a${OTHER}`, 'x.new', `a${OTHER}.new`];
    for (const name of foreign) writeFileSync(join(`${path}.lock`, name), '{}');
    await (await lock(path, { staleMs: 60_000 })).release();
    expect(readdirSync(`${path}.lock`).sort()).toEqual(foreign.sort());
  });
});

test('what a kill left incomplete is removed with the next lock', async () => {
  const path = join(await scratch(), 'a.jsonl');
  mkdirSync(`${path}.lock`);
  for (const name of [OTHER, ANOTHER]) writeFileSync(join(`${path}.lock`, `${name}.new`), '{"pid":');
  const held = await lock(path);
  expect(readdirSync(`${path}.lock`)).toHaveLength(1);
  await held.release();
  expect(existsSync(`${path}.lock`)).toBe(false);
});

test('a file that is taken for litter while it is written is written again', async () => {
  const path = join(await scratch(), 'a.jsonl');
  for (let round = 0; round < repeats(10); round++) {
    const ended = await Promise.allSettled([lock(path), lock(path), lock(path)]);
    expect(ended.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const one of ended)
      if (one.status === 'fulfilled') await one.value.release();
      else expect(one.reason).toMatchObject({ code: 'LOCKED' });
  }
});

describe('the file itself is locked, whatever name leads to it', () => {
  test('the folder of the lock removed: the second run is refused, the first goes on', async () => {
    const path = join(await scratch(), 'a.jsonl');
    const holder = start(path, 'hold');
    expect(await holder.first).toBe('open');
    const { rm } = await import('node:fs/promises');
    await rm(`${path}.lock`, { recursive: true });
    const before = readFileSync(path);
    if (process.platform === 'linux') {
      const refused = { code: 'LOCKED', exitCode: 6, message: expect.stringContaining('another name') };
      await expect(openLedger(path, { origin, clock: systemClock })).rejects.toMatchObject(refused);
    }
    expect(readFileSync(path)).toEqual(before);
    const ended = once(holder, 'exit');
    holder.kill('SIGKILL');
    await ended;
    await (await openLedger(path, { origin, clock: systemClock })).close();
  });

  test('a link to a file that is still to be made, and the file’s own name: one lock', async () => {
    const dir = await scratch();
    symlinkSync('second', join(dir, 'first'));
    symlinkSync(join(dir, 'a.jsonl'), join(dir, 'second'));
    const ledger = await openLedger(join(dir, 'first'), { origin, clock: systemClock });
    onTestFinished(() => ledger.close());
    expect(readdirSync(dir).sort()).toEqual(['a.jsonl', 'a.jsonl.lock', 'first', 'second']);
    for (const name of ['a.jsonl', 'second', 'first'])
      await expect(openLedger(join(dir, name), { origin, clock: systemClock })).rejects.toMatchObject({
        code: 'LOCKED',
      });
  });

  test('two names of one file (hard links): refused, whatever the name', async () => {
    const dir = await scratch();
    const [path, other] = [join(dir, 'a.jsonl'), join(dir, 'b.jsonl')];
    await (await openLedger(path, { origin, clock: systemClock })).close();
    linkSync(path, other);
    for (const name of [path, other])
      await expect(openLedger(name, { origin, clock: systemClock })).rejects.toMatchObject({
        code: 'NOT_WRITABLE',
        exitCode: 2,
        message: expect.stringContaining('2 names (hard links)'),
      });
    // To look at it is no harm.
    await (await openLedger(path, { origin, clock: systemClock, readOnly: true })).close();
  });

  test('links that lead in a circle', async () => {
    const path = join(await scratch(), 'a.jsonl');
    symlinkSync(path, path);
    await expect(openLedger(path, { origin, clock: systemClock })).rejects.toMatchObject({
      code: 'NOT_WRITABLE',
    });
  });
});

describe('the holder', () => {
  test('beats in place, and notices when it has been taken for dead', async () => {
    const path = join(await scratch(), 'a.jsonl');
    const lost = vi.fn();
    const held = await lock(path, { heartbeatMs: 5, staleMs: 1_000, onLost: lost });
    const [name] = readdirSync(`${path}.lock`);
    const file = join(`${path}.lock`, name!);
    const first = readFileSync(file, 'utf8');
    await vi.waitUntil(() => readFileSync(file, 'utf8') !== first, PATIENTLY);
    expect(parseHolder(readFileSync(file, 'utf8'))).toMatchObject({ pid: process.pid });
    expect(await held.isHeld()).toBe(true);
    expect(lost).not.toHaveBeenCalled();

    await import('node:fs/promises').then(({ rm }) => rm(file));
    await vi.waitUntil(() => lost.mock.calls.length > 0, PATIENTLY);
    expect(lost).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('taken away'));
    expect(await held.isHeld()).toBe(false);
    await held.release();
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  test('that cannot renew its lock for the stale time gives it up', async () => {
    const path = join(await scratch(), 'a.jsonl');
    const lost = vi.fn();
    await lock(path, { heartbeatMs: 10, staleMs: 60, onLost: lost });
    const [name] = readdirSync(`${path}.lock`);
    const { rm, mkdir } = await import('node:fs/promises');
    // Root may write anything; nobody can write a directory.
    await rm(join(`${path}.lock`, name!));
    await mkdir(join(`${path}.lock`, name!));
    await vi.waitUntil(() => lost.mock.calls.length > 0, PATIENTLY);
    await rm(join(`${path}.lock`, name!), { recursive: true });
  });

  test('is told from a later process with the same number, and from a zombie', async () => {
    const self = thisProcess('2025-01-26T17:14:27.000Z');
    expect(lifeOf(self, self)).toBe('alive');
    expect(lifeOf({ ...self, pid: 2 ** 22 + 1 }, self)).toBe('dead');
    expect(lifeOf({ ...self, host: 'elsewhere' }, self)).toBe('unknown');
    if (process.platform !== 'linux') return;
    expect(lifeOf({ ...self, started: '1' }, self)).toBe('dead');
    expect(lifeOf({ ...self, started: '' }, self)).toBe('alive');
    expect(lifeOf({ ...self, pid: 1 }, self)).toBe('dead');
    // The shell replaces itself by a program that never collects its child: the child stays a zombie.
    const parent = spawn('sh', ['-c', 'sh -c "echo $\\$" & exec sleep 30'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => {
      parent.kill('SIGKILL');
    });
    const [line] = await once(createInterface({ input: parent.stdout }), 'line');
    const zombie = Number(line);
    const stat = () => readFileSync(`/proc/${zombie}/stat`, 'utf8');
    await vi.waitUntil(() => stat().includes(') Z '), PATIENTLY);
    const started = stat().split(' ')[21]!;
    expect(lifeOf({ ...self, pid: zombie, started }, self)).toBe('dead');
  });
});
