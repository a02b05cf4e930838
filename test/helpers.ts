import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, test } from 'vitest';

/**
 * For waits on a condition (`vi.waitFor`, `vi.waitUntil`), whose own limit of one second a loaded machine takes for
 * nothing: long, and still within a test's time limit, so that a wait in vain says what it waited for.
 */
export const PATIENTLY = { timeout: 0.8 * Number(process.env['TEST_TIMEOUT'] ?? 10_000) };

/**
 * What of the machine's other work a measurement can bear: takes it again, up to three times in all, until it is good
 * enough, and gives the last. What must hold each time is asserted inside of `measure`.
 */
export async function bestOfThree<T>(
  measure: () => Promise<T>,
  isGood: (measured: T) => boolean,
): Promise<T> {
  let last = await measure();
  for (let more = 2; more > 0 && !isGood(last); more--) last = await measure();
  return last;
}

/** A directory of the test's own, removed when the test ends. */
export async function scratch(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'group-onboard-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** True in `npm run test:soak`, where nothing is cut down. */
export const SOAK = process.env['SOAK'] === '1';

/** How many repetitions to make of `whole`: all in the soak, a fifth (or another share) in `npm test`. */
export function repeats(whole: number, share = 1 / 5): number {
  return SOAK ? whole : Math.ceil(whole * share);
}

/** A test that `npm test` leaves to the soak, beside others that it runs, unless `-t` names it. */
export const soakTest = test.runIf(process.env['SOAK_TESTS'] === '1');
