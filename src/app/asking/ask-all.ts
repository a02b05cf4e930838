import { setTimeout as delay } from 'node:timers/promises';
import type { RunConfig } from '../../config/run.ts';
import { EXIT } from '../../domain/errors.ts';
import type { ChatId, Pair } from '../../domain/words.ts';
import { formatDuration } from '../../lib/units.ts';
import { Planner } from '../../plan/batches.ts';
import { decide } from '../../plan/survey.ts';
import { type Doubt, reconcile } from '../../send/groups/reconciler.ts';
import type { Log } from '../../send/ports.ts';
import type { RunControl } from '../../send/run-control.ts';
import type { Inputs } from '../inputs/inputs.ts';
import type { Phones } from '../phones/senders.ts';
import { foresee, type Plan } from '../plan.ts';
import type { Session } from '../session.ts';
import type { Waiting } from './live.ts';

/** Longest time for reading memberships after an early stop, ms. */
const CLOSING_MS = 15_000;
/** Stop codes after which no request is sent to the API, not even for a membership. */
const SILENT_ENDS: ReadonlySet<string> = new Set([
  'interrupted',
  'key_rejected',
  'api_unreachable',
  'redis_unreachable',
  'ledger_failed',
  'redirected',
  'payment_required',
  'account_refused',
  'not_the_api',
]);

interface AskAllParts
  extends Plan,
    Pick<Inputs, 'ledger'>,
    Pick<Session, 'clock' | 'control' | 'closing' | 'live' | 'log'> {
  readonly config: RunConfig;
  readonly phones: Phones;
  /**
   * Called when everything is known that can be known without asking, with the expected trouble per group; false:
   * nobody is asked.
   */
  readonly ready: (troubles: ReadonlyMap<ChatId, string>) => Promise<boolean>;
  readonly rounds: Rounds;
}

/**
 * Asks everybody in the plan. Settles pairs in doubt: of a former run first, of this one at the end, together with
 * every success that did not say whether it was an add or an invite. True when `--limit` ended it.
 */
export async function askAll(parts: AskAllParts): Promise<boolean> {
  const { phones, control } = parts;
  const { dryRun, limit } = parts.config;
  const inDoubt = dryRun ? [] : [...parts.ledger.inDoubt()];
  const unknown = dryRun ? [] : parts.plan.unknown;
  // Pairs of a former run that became `unknown` only now were not in the plan.
  const toAsk = parts.plan.toAsk > 0 || (inDoubt.length > 0 && parts.selection.retry.includes('unknown'));
  const earlier = [
    ...inDoubt.map(bare),
    ...unknown.map((pair) => ({ ...bare(pair), was: 'unknown' }) as const),
  ];
  // If nobody is asked, the end is here.
  await settleDoubts(toAsk ? earlier : [...earlier, ...(await unconfirmed(parts))], parts, control);
  if (!toAsk || control.stopped) return false;
  if (parts.config.precheck || phones.namedBothWays) await phones.check();
  if (parts.config.precheck && !control.stopped) await phones.readGroups(namesAll(parts.config));
  if (control.stopped) return false;
  const troubles = await foresee({ ...parts, limit });
  if (control.stopped) return false;
  if (dryRun || !(await parts.ready(troubles))) return false;

  const limited = await submitAll(parts).catch(async (error: unknown) => {
    // Asks in flight end, and are settled, whatever happened to the cohort.
    control.stop({ exit: EXIT.defect, code: 'interrupted', message: 'stopped by an error' });
    await phones.drain().catch(() => undefined);
    throw error;
  });
  const doubts = [...(await phones.drain()), ...(await unconfirmed(parts))];
  if (!control.stopped) await settleDoubts(doubts, parts, control);
  else if (!SILENT_ENDS.has(control.reason?.code ?? '')) await settleInClosing(doubts, parts);
  return limited;
}

/** Whether an output names every group, and the groups may be read for it. */
export function namesAll({ precheck, reports }: RunConfig): boolean {
  return precheck && (reports.report ?? reports.toDo) !== undefined;
}

function bare(pair: Pair): Doubt {
  return { pair, message: '', httpStatus: undefined, traceId: '' };
}

/** Successes that did not say whether they were an add or an invite: of this run, and of a former one that crashed. */
async function unconfirmed({ plan, ledger, config }: AskAllParts): Promise<Doubt[]> {
  const found: Doubt[] = [];
  if (config.dryRun) return found;
  for await (const piece of plan.list.pieces()) {
    for (const { pair } of piece) {
      const state = ledger.state(pair);
      if (state?.status !== 'added' || state.reasonCode !== 'unconfirmed') continue;
      const { message, httpStatus, traceId } = ledger.outcome(pair) ?? bare(pair);
      found.push({ pair, message, httpStatus, traceId, was: 'unconfirmed' });
    }
  }
  return found;
}

/** Submits everybody who may be asked now, in input order; then waits for the skipped people, until none is left. */
async function submitAll(parts: AskAllParts): Promise<boolean> {
  const { config, control, plan, phones, rounds } = parts;
  // A submitted pair may come back unasked.
  const mayComeBack = config.hours !== undefined || config.untilDone;
  const handed = new Uint8Array(plan.list.size);
  let asked = 0;
  for (;;) {
    asked -= rounds.next();
    const round = await submitOpen(parts, handed, asked);
    asked = round.asked;
    if (round.next === undefined && !mayComeBack) return round.limited;
    await phones.idle();
    const next = rounds.anyBack ? earlier(round.next, await earliestBack(parts)) : round.next;
    if (control.stopped || next === undefined || (round.limited && !rounds.anyBack)) return round.limited;
    if (!(await rounds.wait(next.at, next.capped ? 'daily_cap' : 'hours'))) return round.limited;
  }
}

/** Time when the first of the skipped people may be asked. */
type Opening = ReturnType<Phones['opensAt']>;

function earlier(one: Opening | undefined, other: Opening | undefined): Opening | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return other.at < one.at ? other : one;
}

/** First opening of the pairs that were submitted and came back. */
async function earliestBack({ plan, phones, rounds }: AskAllParts): Promise<Opening | undefined> {
  let first: Opening | undefined;
  for await (const piece of plan.list.pieces()) {
    for (const { pair, sender } of piece) {
      if (rounds.cameBack(pair) && phones.takes(sender))
        first = earlier(first, phones.opensAt(sender, pair.participant));
    }
  }
  return first;
}

/** Submits the pairs that may be asked now; `next` is the first opening of the others. */
async function submitOpen(parts: AskAllParts, handed: Uint8Array, before: number) {
  const { config, control, plan, selection, knowledge, phones, rounds } = parts;
  const planner = new Planner(config.batchSize);
  let asked = before;
  let limited = false;
  let next: Opening | undefined;
  let at = -1;
  asking: for await (const piece of plan.list.pieces()) {
    for (const { pair, sender, previous } of piece) {
      at++;
      if (control.stopped) break asking;
      if (handed[at] === 1 && !rounds.isBack(pair)) continue;
      // The ledger is read again, because settling doubts and the precheck came after the survey.
      const known = { ledger: knowledge.ledger(pair), previous };
      if (decide(known, selection) !== 'ask' || !phones.takes(sender)) continue;
      if (asked === config.limit) {
        limited = true;
        break asking;
      }
      const opening = phones.opensAt(sender, pair.participant);
      if (opening.at > parts.clock.now()) {
        next = earlier(next, opening);
        // Skipped, as if never submitted.
        handed[at] = 0;
        continue;
      }
      handed[at] = 1;
      asked++;
      for (const ask of planner.add(pair, sender)) await phones.submit(ask);
    }
  }
  for (const ask of planner.flush()) await phones.submit(ask);
  return { asked, limited, next };
}

async function settleDoubts(doubts: readonly Doubt[], parts: AskAllParts, control: RunControl) {
  if (doubts.length === 0) return;
  const { ledger, live: events, log, phones } = parts;
  const { groups, history } = phones;
  await reconcile(doubts, { groups, history, ledger, control, events, log });
}

/** Settles doubts after an early stop: reads the memberships, but not for long, and not past a signal. */
async function settleInClosing(doubts: readonly Doubt[], parts: AskAllParts) {
  if (doubts.length === 0) return;
  const { closing, phones, control } = parts;
  const timer = setTimeout(
    () => closing.stop({ exit: EXIT.again, code: 'interrupted', message: 'memberships took too long' }),
    CLOSING_MS,
  );
  try {
    // The circuit breaker has opened; the phone may be the cause.
    if (control.reason?.code === 'breaker') await phones.check(closing);
    await settleDoubts(doubts, parts, closing);
  } finally {
    clearTimeout(timer);
  }
}

/** Interval for checking the wall clock, ms, because it may jump, and the machine may sleep. */
const LOOK_AGAIN_MS = 30_000;

interface RoundsParts extends Pick<Session, 'clock' | 'control'> {
  readonly log: Log;
  /** Epoch ms; undefined: no deadline. */
  readonly deadlineAt: number | undefined;
  /** Like `09:00–18:00`; undefined: no --hours. */
  readonly hours: string | undefined;
  /** Shows the wait, and its end. */
  readonly shows: (waiting: Waiting | undefined) => void;
  /** For tests: waits this many ms. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/**
 * People who are not asked now, because of the hour or the daily cap, and the wait for the first of them. They are
 * skipped while others can be asked.
 */
export class Rounds {
  readonly #parts: RoundsParts;
  #later = new Set<string>();
  #again: ReadonlySet<string> = new Set();

  constructor(parts: RoundsParts) {
    this.#parts = parts;
  }

  /** Adds a submitted pair that came back unasked. */
  later(pair: Pair): void {
    this.#later.add(pairName(pair));
  }

  /** Whether this pair came back in the previous round. */
  isBack(pair: Pair): boolean {
    return this.#again.has(pairName(pair));
  }

  /** Whether this pair has come back in this round. */
  cameBack(pair: Pair): boolean {
    return this.#later.has(pairName(pair));
  }

  /** Begins a round. Returns the number of pairs that came back. */
  next(): number {
    this.#again = this.#later;
    this.#later = new Set();
    return this.#again.size;
  }

  get anyBack(): boolean {
    return this.#later.size > 0;
  }

  /**
   * Waits until somebody may be asked again. False: the wait is not allowed and the run stops, or it was stopped.
   * @param at epoch ms
   */
  async wait(at: number, why: 'hours' | 'daily_cap'): Promise<boolean> {
    const { clock, control, log, deadlineAt, hours, shows } = this.#parts;
    const cause = why === 'hours' ? `--hours ${hours}` : '--daily-cap';
    const until = at === Number.POSITIVE_INFINITY ? 'never' : new Date(at).toISOString().slice(0, 16);
    if (at === Number.POSITIVE_INFINITY || (deadlineAt !== undefined && at >= deadlineAt)) {
      const message = `nobody may be asked before the --deadline (${cause}: not until ${until}Z)`;
      control.stop({ exit: EXIT.again, code: 'deadline', message });
      return false;
    }
    const ms = at - clock.now();
    if (ms > 0)
      log.info(
        { wait_ms: Math.round(ms), until: new Date(at).toISOString(), why },
        `waiting ${formatDuration(ms)} (until ${until}Z) for ${cause}${why === 'hours' ? ': it is not yet time where the people are' : ' to have room again'}`,
      );
    const pause = this.#parts.pause ?? ((rest, signal) => delay(rest, undefined, { signal }));
    for (let rest = ms; rest > 0 && !control.stopped; rest = at - clock.now()) {
      shows({ waitingUntil: clock.monotonic() + rest, waitingWhy: why });
      await pause(Math.min(rest, LOOK_AGAIN_MS), control.signal).catch(() => undefined);
    }
    shows(undefined);
    return !control.stopped;
  }
}

export function pairName({ chatId, participant }: Pair): string {
  return `${chatId} ${participant}`;
}
