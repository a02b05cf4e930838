import { expect, it } from 'vitest';
import { untilStopped } from '../../src/app/plan.ts';
import { EXIT } from '../../src/domain/errors.ts';
import { RunControl } from '../../src/send/run-control.ts';

it('ends in good order with the run, and tells what is wrong without it', async () => {
  async function* failing(signal: AbortSignal) {
    yield 1;
    if (signal.aborted) throw new Error('aborted');
    throw new Error('a broken file');
  }
  const control = new RunControl();
  const got: number[] = [];
  const whole = (async () => {
    for await (const one of untilStopped(failing(control.signal), control.signal)) got.push(one);
  })();
  await expect(whole).rejects.toThrow('a broken file');
  control.stop({ exit: EXIT.sigint, code: 'interrupted', message: '' });
  for await (const one of untilStopped(failing(control.signal), control.signal)) got.push(one);
  expect(got).toEqual([1, 1]);
});
