/**
 * How long an API that refused for now is left alone: what it says itself, else a little longer with every round. The one
 * place that knows a ceiling. Pure; the limiter's `pause` has it kept.
 */
import { EXIT } from '../../domain/errors.ts';
import { formatDuration } from '../../lib/units.ts';
import type { StopReason } from '../run-control.ts';
import { type Facts, toldToWaitMs } from './headers.ts';

/**
 * How long to wait before try number `attempt` + 1 (attempt counts from 1): doubling from half a second to half a
 * minute, of which the second half is random, so that several jobs do not come back together. Milliseconds.
 */
export function backoffMs(attempt: number, random: () => number): number {
  const full = Math.min(30_000, 500 * 2 ** (attempt - 1));
  return full / 2 + (full / 2) * random();
}

/** A run waits no longer than this for one answer: what takes longer is for another run. Milliseconds. */
export const LONGEST_WAIT = 3_600_000;
/** A wait beyond this is said, with its end. */
const WORTH_SAYING = 60_000;

export type NotBefore =
  /** Not before so many milliseconds after the answer; `told`: by the server. */
  | { readonly kind: 'wait'; readonly ms: number; readonly told: boolean }
  /** The server says: not today. */
  | { readonly kind: 'another_run'; readonly ms: number };

/**
 * @param round how many refusals in a row, those of asks that were in flight together counted as one; from 1
 * @param wallNow our own wall clock, epoch ms: what stands in for the answer's `Date` where it has none
 */
export function notBefore(facts: Facts, round: number, random: () => number, wallNow?: number): NotBefore {
  const told = toldToWaitMs(facts, wallNow);
  if (told === undefined) return { kind: 'wait', ms: backoffMs(round, random), told: false };
  return told > LONGEST_WAIT ? { kind: 'another_run', ms: told } : { kind: 'wait', ms: told, told: true };
}

/** A wait, as one line of log: with its end, where it is a long one. `why` goes on from “waiting”; `now` is epoch ms. */
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

/** Why a run ends that the server has sent to another day. */
export function anotherRun(ms: number, httpStatus: number | undefined, now: number): StopReason {
  const when = `until ${instant(now + ms)} (${formatDuration(ms)})`;
  return {
    exit: EXIT.again,
    code: 'throttled',
    message: `the API asks us to wait ${when}, HTTP ${httpStatus}: run again then`,
  };
}

/** An instant as a person and a machine read it: UTC, whole seconds. */
function instant(epochMs: number): string {
  // Beyond the last day of JavaScript's calendar there is nothing to name.
  const at = Math.min(epochMs, 8.64e15);
  return new Date(Math.ceil(at / 1_000) * 1_000).toISOString().replace('.000', '');
}
