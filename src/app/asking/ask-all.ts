import { EXIT } from '../../domain/errors.ts';
import type { ChatId, Outcome, Pair } from '../../domain/words.ts';
import { inTurns, nextTurn, TURN } from '../../lib/turns.ts';
import { Planner } from '../../plan/batches.ts';
import { decide, type Selection } from '../../plan/decide.ts';
import type { Knowledge, Survey } from '../../plan/survey.ts';
import { type Doubt, reconcile } from '../../send/groups/reconciler.ts';
import type { AskingEvents, AskLedger, Log } from '../../send/ports.ts';
import type { RunControl } from '../../send/run-control.ts';
import type { Phones } from '../phones/senders.ts';
import { foresee } from './foresee.ts';
import type { Rounds } from './rounds.ts';

/** Reading memberships after an early stop may take so long. */
const CLOSING_MS = 15_000;
/** Ends after which the API is not asked anything more, not even a membership. */
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

/** The ledger's record of former asks. */
interface SettledBefore {
  inDoubt(): Iterable<Pair>;
  state(pair: Pair): { readonly status: string; readonly reasonCode: string } | undefined;
  /** When the pair was last asked, epoch ms. */
  askedAt(pair: Pair): number | undefined;
  outcome(pair: Pair): Outcome | undefined;
}

export interface AskAllParts {
  readonly phones: Phones;
  readonly ledger: AskLedger & SettledBefore;
  readonly plan: Survey;
  readonly knowledge: Knowledge;
  readonly selection: Selection;
  readonly batchSize: number;
  readonly limit: number | undefined;
  readonly precheck: boolean;
  /** A page or a list is made that names every group. */
  readonly namesAll: boolean;
  readonly dryRun: boolean;
  /**
   * Called when all is known that can be known without asking, with what will go wrong per group; false: nobody is
   * asked.
   */
  readonly ready: (troubles: ReadonlyMap<ChatId, string>) => Promise<boolean>;
  /** Whether somebody who was handed on may come back unasked. */
  readonly mayComeBack: boolean;
  readonly rounds: Rounds;
  /** Epoch ms. */
  readonly now: () => number;
  readonly control: RunControl;
  /** Ends what may follow an early stop. */
  readonly closing: RunControl;
  readonly events: AskingEvents;
  readonly log: Log;
}

/**
 * Asks for everybody that the plan says, and settles what is in doubt: from a former run first, from this one at the
 * end, and with it every success that did not say what was done. True when `--limit` ended it.
 */
export async function askAll(parts: AskAllParts): Promise<boolean> {
  const { phones, control } = parts;
  const inDoubt = parts.dryRun ? [] : [...parts.ledger.inDoubt()];
  const unknown = parts.dryRun ? [] : parts.plan.unknown;
  // Those of a former run that are `unknown` only now were not in the plan.
  const toAsk = parts.plan.toAsk > 0 || (inDoubt.length > 0 && parts.selection.retry.includes('unknown'));
  const earlier = [...inDoubt.map(bare), ...unknown.map(known)];
  // Where nobody is asked, the end is here.
  await settleDoubts(toAsk ? earlier : [...earlier, ...(await unconfirmed(parts))], parts, control);
  if (!toAsk || control.stopped) return false;
  if (parts.precheck) await precheck(parts);
  else if (phones.namedBothWays) await phones.check();
  if (control.stopped) return false;
  const troubles = await foresee(parts);
  if (control.stopped) return false;
  if (parts.dryRun || !(await parts.ready(troubles))) return false;

  const limited = await submitAll(parts).catch(async (error: unknown) => {
    // Asks in flight end, and are settled, whatever has become of the cohort.
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

/** Successes of this run, and of a former one that a crash ended, which did not say whether it was an add or an invite. */
async function unconfirmed({ plan, ledger, dryRun }: AskAllParts): Promise<Doubt[]> {
  const found: Doubt[] = [];
  if (dryRun) return found;
  for await (const piece of inTurns(plan.list)) {
    for (const { pair } of piece) {
      const state = ledger.state(pair);
      if (state?.status !== 'added' || state.reasonCode !== 'unconfirmed') continue;
      const { message, httpStatus, traceId } = ledger.outcome(pair) ?? bare(pair);
      found.push({ pair, message, httpStatus, traceId, was: 'unconfirmed' });
    }
  }
  return found;
}

/** Each phone's state and each group's members, once, before anybody is asked. */
async function precheck({ phones, control, namesAll }: AskAllParts): Promise<void> {
  await phones.check();
  if (!control.stopped) await phones.readGroups(namesAll);
}

/** Hands on everybody who may be asked now, in input order; then waits for those who were passed over, until nobody is. */
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

/** When the first of those who were passed over may be asked. */
interface Opening {
  readonly at: number;
  readonly capped: boolean;
}

function earlier(one: Opening | undefined, other: Opening | undefined): Opening | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return other.at < one.at ? other : one;
}

/** The first opening of those who were handed on, and came back. */
async function earliestBack({ plan, phones, rounds }: AskAllParts): Promise<Opening | undefined> {
  let first: Opening | undefined;
  for await (const piece of inTurns(plan.list)) {
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
  for (const { pair, sender, previous } of plan.list) {
    if (++at % TURN === TURN - 1) await nextTurn();
    if (control.stopped) break;
    if (handed[at] === 1 && !rounds.isBack(pair)) continue;
    // What the ledger knows now: settling doubts and the precheck came after the survey.
    const known = { ledger: knowledge.ledger(pair), previous };
    if (decide(known, selection) !== 'ask' || !phones.takes(sender)) continue;
    if (asked === parts.limit) {
      limited = true;
      break;
    }
    const opening = phones.opensAt(sender, pair.participant);
    if (opening.at > parts.now()) {
      next = earlier(next, opening);
      // Passed over, as if it had never been handed on.
      handed[at] = 0;
      continue;
    }
    handed[at] = 1;
    asked++;
    for (const ask of planner.add(pair, sender)) await phones.submit(ask);
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

/** After an early stop the memberships are read all the same, but not for long, and not past a signal. */
async function settleInClosing(doubts: readonly Doubt[], parts: AskAllParts): Promise<void> {
  if (doubts.length === 0) return;
  const { closing, phones, control } = parts;
  const timer = setTimeout(
    () => closing.stop({ exit: EXIT.again, code: 'interrupted', message: 'memberships took too long' }),
    CLOSING_MS,
  );
  try {
    // The breaker has seen that asks go wrong; the phone may be why.
    if (control.reason?.code === 'breaker') await phones.check(closing);
    await settleDoubts(doubts, parts, closing);
  } finally {
    clearTimeout(timer);
  }
}
