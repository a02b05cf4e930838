import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSession, Releases } from '../../src/app/session.ts';
import { desk } from './in-process.ts';

// With nine groups to read, follow-up showed node's warning of a leak.
it('lets many reads listen for its end, and node warns of nothing', async () => {
  const warnings: string[] = [];
  const heard = ({ message }: Error) => void warnings.push(message);
  process.on('warning', heard);
  onTestFinished(() => void process.off('warning', heard));
  const releases = new Releases();
  const log = { level: 'info', format: 'text', records: false, progress: 'off', quiet: false } as const;
  const { control, closing, abandon } = openSession({ log, target: undefined }, desk().io, releases);
  for (const signal of [control.signal, closing.signal, abandon])
    for (let i = 0; i < 12; i++) signal.addEventListener('abort', () => undefined);
  await turn();
  expect(warnings).toEqual([]);
  await releases.all();
});

describe('releases', () => {
  it('go last in, first out, all of them, and the first failure is told', async () => {
    const releases = new Releases();
    const done: number[] = [];
    for (const i of [1, 2, 3, 4]) {
      releases.add(async () => {
        done.push(i);
        if (i === 2 || i === 3) throw new Error(`release ${i}`);
      });
    }
    await expect(releases.all()).rejects.toThrow('release 3');
    expect(done).toEqual([4, 3, 2, 1]);
    await releases.all();
    expect(done).toHaveLength(4);
  });

  it('a failure that is undefined is a failure', async () => {
    const releases = new Releases();
    releases.add(() => Promise.reject(undefined));
    await expect(releases.all()).rejects.toBeUndefined();
  });
});
