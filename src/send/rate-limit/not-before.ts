/**
 * Back-off after a refusal for now: as the API says, else a little longer with every round. The only place with a
 * ceiling. Pure; the limiter's `pause` carries it out.
 */
import { EXIT } from '../../domain/errors.ts';
import { formatDuration } from '../../lib/units.ts';
import type { StopReason } from '../run-control.ts';
import { type Facts, toldToWaitMs } from './headers.ts';

/**
 * Back-off before try `attempt` + 1 (attempt counts from 1), milliseconds: doubles from half a second to half a minute.
 * Its second half is random, so that several jobs do not come back together.
 */
export function backoffMs(attempt: number, random: () => number): number {
  const full = Math.min(30_000, 500 * 2 ** (attempt - 1));
  return full / 2 + (full / 2) * random();
}

/** Longest wait of a run for one answer, milliseconds; a longer one is left for another run. */
export const LONGEST_WAIT = 3_600_000;
/** Shortest wait whose end is logged, milliseconds. */
const WORTH_SAYING = 60_000;

export type NotBefore =
  /** Wait this many milliseconds after the answer; `told`: by the server. */
  | { readonly kind: 'wait'; readonly ms: number; readonly told: boolean }
  /** Not today, by the server. */
  | { readonly kind: 'another_run'; readonly ms: number };

/**
 * Decides the wait after a refusal.
 * @param round number of refusals in a row from 1; asks in flight together count as one
 * @param wallNow our own wall clock, epoch ms: replaces a missing `Date` of the answer
 */
export function notBefore(facts: Facts, round: number, random: () => number, wallNow?: number): NotBefore {
  const told = toldToWaitMs(facts, wallNow);
  if (told === undefined) return { kind: 'wait', ms: backoffMs(round, random), told: false };
  return told > LONGEST_WAIT ? { kind: 'another_run', ms: told } : { kind: 'wait', ms: told, told: true };
}

/** Log line for a wait, with the end of a long one. `why` continues “waiting”; `now` is epoch ms. */
export function waitWords(
  ms: number,
  why: string,
  now: number,
): [facts: { readonly wait_ms: number; readonly until?: string }, message: string] {
  const facts = { wait_ms: Math.round(ms) };
  if (ms <= WORTH_SAYING) return [facts, `waiting${why}`];
  const until = instant(now + ms);
  return [{ ...facts, until }, `waiting ${formatDuration(ms)} (until ${until})${why}`];
}

/** Reason to stop a run that the server put off to another day. */
export function anotherRun(ms: number, httpStatus: number | undefined, now: number): StopReason {
  const when = `until ${instant(now + ms)} (${formatDuration(ms)})`;
  return {
    exit: EXIT.again,
    code: 'throttled',
    message: `the API asks us to wait ${when}, HTTP ${httpStatus}: run again then`,
  };
}

/** An instant in UTC, whole seconds, readable for people and machines. */
function instant(epochMs: number): string {
  // JavaScript's calendar ends here.
  const at = Math.min(epochMs, 8.64e15);
  return new Date(Math.ceil(at / 1_000) * 1_000).toISOString().replace('.000', '');
}
