import { EXIT } from '../../domain/errors.ts';
import type { ChatId, Outcome, Pair } from '../../domain/words.ts';
import { Planner } from '../../plan/batches.ts';
import { decide, type Selection } from '../../plan/decide.ts';
import type { Knowledge, Survey } from '../../plan/survey.ts';
import { type Doubt, reconcile } from '../../send/groups/reconciler.ts';
import type { AskingEvents, AskLedger, Log } from '../../send/ports.ts';
import type { RunControl } from '../../send/run-control.ts';
import type { Phones } from '../phones/senders.ts';
import { foresee } from '../plan.ts';
import type { Rounds } from './rounds.ts';

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

/** Former asks in the ledger. */
interface SettledBefore {
  inDoubt(): Iterable<Pair>;
  state(pair: Pair): { readonly status: string; readonly reasonCode: string } | undefined;
  /** Time of the pair's last ask, epoch ms. */
  askedAt(pair: Pair): number | undefined;
  outcome(pair: Pair): Outcome | undefined;
}

interface AskAllParts {
  readonly phones: Phones;
  readonly ledger: AskLedger & SettledBefore;
  readonly plan: Survey;
  readonly knowledge: Knowledge;
  readonly selection: Selection;
  readonly batchSize: number;
  readonly limit: number | undefined;
  readonly precheck: boolean;
  /** Whether a page or a list is made that names every group. */
  readonly namesAll: boolean;
  readonly dryRun: boolean;
  /**
   * Called when everything is known that can be known without asking, with the expected trouble per group; false:
   * nobody is asked.
   */
  readonly ready: (troubles: ReadonlyMap<ChatId, string>) => Promise<boolean>;
  /** Whether a submitted pair may come back unasked. */
  readonly mayComeBack: boolean;
  readonly rounds: Rounds;
  /** Epoch ms. */
  readonly now: () => number;
  readonly control: RunControl;
  /** Ends the reads that may follow an early stop. */
  readonly closing: RunControl;
  readonly events: AskingEvents;
  readonly log: Log;
}

/**
 * Asks everybody in the plan. Settles pairs in doubt: of a former run first, of this one at the end, together with
 * every success that did not say whether it was an add or an invite. True when `--limit` ended it.
 */
export async function askAll(parts: AskAllParts): Promise<boolean> {
  const { phones, control } = parts;
  const inDoubt = parts.dryRun ? [] : [...parts.ledger.inDoubt()];
  const unknown = parts.dryRun ? [] : parts.plan.unknown;
  // Pairs of a former run that became `unknown` only now were not in the plan.
  const toAsk = parts.plan.toAsk > 0 || (inDoubt.length > 0 && parts.selection.retry.includes('unknown'));
  const earlier = [...inDoubt.map(bare), ...unknown.map(known)];
  // If nobody is asked, the end is here.
  await settleDoubts(toAsk ? earlier : [...earlier, ...(await unconfirmed(parts))], parts, control);
  if (!toAsk || control.stopped) return false;
  if (parts.precheck) await precheck(parts);
  else if (phones.namedBothWays) await phones.check();
  if (control.stopped) return false;
  const troubles = await foresee(parts);
  if (control.stopped) return false;
  if (parts.dryRun || !(await parts.ready(troubles))) return false;

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

function bare(pair: Pair): Doubt {
  return { pair, message: '', httpStatus: undefined, traceId: '' };
}

function known(pair: Pair): Doubt {
  return { ...bare(pair), was: 'unknown' };
}

/** Successes that did not say whether they were an add or an invite: of this run, and of a former one that crashed. */
async function unconfirmed({ plan, ledger, dryRun }: AskAllParts): Promise<Doubt[]> {
  const found: Doubt[] = [];
  if (dryRun) return found;
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

/** Reads each phone's state and each group's members, once, before anybody is asked. */
async function precheck({ phones, control, namesAll }: AskAllParts): Promise<void> {
  await phones.check();
  if (!control.stopped) await phones.readGroups(namesAll);
}

/** Submits everybody who may be asked now, in input order; then waits for the skipped people, until none is left. */
async function submitAll(parts: AskAllParts): Promise<boolean> {
  const { control, plan, phones, rounds } = parts;
  const handed = new Uint8Array(plan.list.size);
  let asked = 0;
  for (;;) {
    asked -= rounds.next();
    const round = await submitOpen(parts, handed, asked);
    asked = round.asked;
    if (round.next === undefined && !parts.mayComeBack) return round.limited;
    await phones.idle();
    const next = rounds.anyBack ? earlier(round.next, await earliestBack(parts)) : round.next;
    if (control.stopped || next === undefined || (round.limited && !rounds.anyBack)) return round.limited;
    if (!(await rounds.wait(next.at, next.capped ? 'daily_cap' : 'hours'))) return round.limited;
  }
}

/** Time when the first of the skipped people may be asked. */
interface Opening {
  readonly at: number;
  readonly capped: boolean;
}

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

async function submitOpen(
  parts: AskAllParts,
  handed: Uint8Array,
  before: number,
): Promise<{ readonly asked: number; readonly limited: boolean; readonly next: Opening | undefined }> {
  const { control, plan, selection, knowledge, phones, rounds } = parts;
  const planner = new Planner(parts.batchSize);
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
      if (asked === parts.limit) {
        limited = true;
        break asking;
      }
      const opening = phones.opensAt(sender, pair.participant);
      if (opening.at > parts.now()) {
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

async function settleDoubts(
  doubts: readonly Doubt[],
  parts: AskAllParts,
  control: RunControl,
): Promise<void> {
  if (doubts.length === 0) return;
  const { ledger, events, log, phones } = parts;
  const { groups, history } = phones;
  await reconcile(doubts, { groups, history, ledger, control, events, log });
}

/** Settles doubts after an early stop: reads the memberships, but not for long, and not past a signal. */
async function settleInClosing(doubts: readonly Doubt[], parts: AskAllParts): Promise<void> {
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
