import { setImmediate as turn } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { Releases } from '../../src/app/releases.ts';
import { openSession } from '../../src/app/session.ts';
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
