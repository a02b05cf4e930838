import type { ChatId, Outcome, Pair, Settlement } from '../../domain/words.ts';
import type { AskOutcome, AskResult } from '../classify/classifier.ts';
import type { AskingEvents, AskLedger, Log } from '../ports.ts';
import type { RunControl } from '../run-control.ts';
import { GROUP_CAPACITY } from './chats.ts';
import type { Groups, Standing } from './groups.ts';
import type { History } from './notifications.ts';

/** A pair that was asked with an unknown result, and the little that the lost answer said. */
export interface Doubt {
  readonly pair: Pair;
  readonly message: string;
  readonly httpStatus: number | undefined;
  readonly traceId: string;
  /**
   * Status in the ledger so far, with the words of the answer; undefined: in doubt. An `unknown` changes only if the
   * person is a member; `unconfirmed` is a success that was either an add or an invite.
   */
  readonly was?: 'unknown' | 'unconfirmed' | undefined;
}

interface Parts {
  readonly groups: Pick<Groups, 'read' | 'lists' | 'lacks'>;
  /** Arrivals and departures of a group, if the API has them. */
  readonly history?: (chatId: ChatId, control: RunControl) => Promise<History | undefined>;
  readonly ledger: Pick<AskLedger, 'settle'> & {
    /** Time of the pair's last ask, epoch ms. */
    askedAt(pair: Pair): number | undefined;
  };
  readonly control: RunControl;
  readonly events: AskingEvents;
  readonly log: Log;
}

/**
 * Settles pairs by the group's membership, one read per group, and by its notifications if people in doubt are not
 * listed. A member was `added`; anybody else in doubt is `unknown`; a success whose person is not in the group was an
 * invite. If the run is stopped before a group could be read, or the API is out of reach, its pairs stay in doubt for
 * the next run.
 */
export async function reconcile(doubts: readonly Doubt[], parts: Parts): Promise<void> {
  const byGroup = new Map<ChatId, Doubt[]>();
  for (const doubt of doubts) {
    const group = byGroup.get(doubt.pair.chatId);
    if (group) group.push(doubt);
    else byGroup.set(doubt.pair.chatId, [doubt]);
  }
  for (const [chatId, group] of byGroup) {
    if (parts.control.stopped) return;
    const read = await parts.groups.read(chatId, parts.control);
    if (read === 'not_read') return;
    const open = group.some((doubt) => isOpen(doubt, parts));
    const history = open ? await parts.history?.(chatId, parts.control) : undefined;
    if (open && parts.control.stopped) return;
    const settled = group.flatMap((doubt) => {
      const found = finding(doubt, read === 'read', history, parts);
      return found ? [{ doubt, ...found }] : [];
    });
    await parts.ledger.settle(undefined, settled.map(settlement));
    count(chatId, settled, parts.events);
    const added = settled.filter(({ status }) => status === 'added').length;
    parts.log[read === 'read' ? 'info' : 'warn'](
      { chat_id: chatId, people: group.length, added },
      read === 'read' ? 'in doubt: membership read' : 'in doubt: membership not readable',
    );
  }
}

type Finding = Pick<Outcome, 'status' | 'reasonCode'>;
type Settled = Finding & { readonly doubt: Doubt };

/** Whether a pair still needs the history: the membership alone settles a success; a doubt may need more. */
function isOpen({ pair, was }: Doubt, { groups }: Parts): boolean {
  return was !== 'unconfirmed' && !groups.lists(pair.chatId, pair.participant);
}

/** New outcome of a pair; undefined: the ledger has it already. */
function finding(
  { pair, was }: Doubt,
  read: boolean,
  history: History | undefined,
  { groups, ledger }: Parts,
): Finding | undefined {
  const { chatId, participant } = pair;
  if (groups.lists(chatId, participant)) return { status: 'added', reasonCode: 'confirmed_by_membership' };
  const askedAt = was === 'unconfirmed' ? undefined : ledger.askedAt(pair);
  const came = askedAt === undefined ? undefined : history?.cameBy(participant, askedAt);
  if (came === 'added') return { status: 'added', reasonCode: 'confirmed_by_notification' };
  if (came === 'came') return { status: 'joined', reasonCode: 'accepted_invite' };
  if (was === undefined) return { status: 'unknown', reasonCode: 'no_answer' };
  // Only a membership read after the ask is a proof.
  const invited = was === 'unconfirmed' && read && groups.lacks(chatId, participant);
  return invited ? { status: 'invited', reasonCode: 'unconfirmed' } : undefined;
}

function settlement({ doubt, status, reasonCode }: Settled): Settlement {
  const { pair, message, httpStatus, traceId } = doubt;
  return { pair, outcome: { status, reasonCode, message, httpStatus, traceId } };
}

/** Emits the counts by status; a success was counted as `added` before. */
function count(chatId: ChatId, settled: readonly Settled[], events: AskingEvents): void {
  const counts = new Map<Outcome['status'], number>();
  const add = (status: Outcome['status'], n: number) => counts.set(status, (counts.get(status) ?? 0) + n);
  for (const { doubt, status } of settled) {
    add(status, 1);
    if (doubt.was === 'unconfirmed') add('added', -1);
  }
  for (const [status, n] of counts) if (n !== 0) events.settled(chatId, status, n);
}

type Outcomes = Extract<AskResult, { kind: 'outcomes' }>;

/** Refusals in a group without an acceptance before its page is read, because the sender may not be an admin. */
const REFUSALS = 3;

const NOT_ADMIN = 'the group does not list the sending phone as an admin';

/** Refusals (401) of one group: about the person, unless the sender is not an admin and nobody accepts. */
interface Refusals {
  count: number;
  /** Somebody accepted: the sender may add people. */
  accepted: boolean;
  look: Promise<Standing | undefined> | undefined;
  /** Refusals settled before that is certain: the outcome by the answer, and whether it was settled as `not_admin`. */
  readonly settled: { readonly told: AskOutcome; notAdmin: boolean }[];
}

export interface Looked {
  readonly result: Outcomes;
  readonly corrected: readonly Settlement[];
}

/**
 * Reader of a group's page after an ambiguous answer: is the group full, is the sender not an admin? Closes the group if
 * the sender is not.
 */
export function secondLook(groups: Pick<Groups, 'read' | 'standing' | 'close'>) {
  const refusals = new Map<ChatId, Refusals>();

  async function page(chatId: ChatId): Promise<Standing | undefined> {
    return (await groups.read(chatId)) === 'not_read' ? undefined : groups.standing(chatId);
  }

  async function atRefusals(chatId: ChatId, result: Outcomes): Promise<Looked> {
    const refused = result.outcomes.filter(isRefusal);
    const accepted = result.outcomes.some(
      ({ outcome }) => outcome.status === 'added' || outcome.status === 'invited',
    );
    if (refused.length === 0 && !accepted) return { result, corrected: [] };
    const known = refusals.get(chatId) ?? { count: 0, accepted, look: undefined, settled: [] };
    refusals.set(chatId, known);
    known.accepted ||= accepted;
    known.count += refused.length;
    if (!known.accepted && known.count >= REFUSALS) known.look ??= page(chatId);
    const looked = await known.look;
    const notAdmin = !known.accepted && groups.standing(chatId)?.senderIsAdmin === false;
    if (notAdmin && looked?.senderIsAdmin === false) {
      groups.close(chatId, {
        reasonCode: 'not_admin',
        message: `everybody refuses (401), and ${NOT_ADMIN}`,
      });
    }
    const corrected = relabelled(chatId, known, notAdmin);
    if (!known.accepted) known.settled.push(...refused.map((told) => ({ told, notAdmin })));
    const outcomes = notAdmin
      ? result.outcomes.map((one) => (isRefusal(one) ? { ...one, outcome: asNotAdmin(one.outcome) } : one))
      : result.outcomes;
    return { result: { ...result, outcomes }, corrected };
  }

  return async (chatId: ChatId, told: Outcomes): Promise<Looked> => {
    const { result, corrected } = await atRefusals(chatId, told);
    if (!result.inDoubt.some(({ perhapsFull }) => perhapsFull)) return { result, corrected };
    const members = (await page(chatId))?.members ?? 0;
    return { result: members >= GROUP_CAPACITY ? asFull(result) : result, corrected };
  };
}

function isRefusal({ outcome }: AskOutcome): boolean {
  return outcome.reasonCode === 'refused_by_person';
}

function asNotAdmin(outcome: Outcome): Outcome {
  const message =
    outcome.message === '' ? `refused (401); ${NOT_ADMIN}` : `${outcome.message} (${NOT_ADMIN})`;
  return { ...outcome, reasonCode: 'not_admin', message };
}

/** Corrections of the refusals settled otherwise than now known. */
function relabelled(chatId: ChatId, { settled }: Refusals, notAdmin: boolean): Settlement[] {
  const others = settled.filter((one) => one.notAdmin !== notAdmin);
  for (const one of others) one.notAdmin = notAdmin;
  return others.map(({ told: { participant, outcome } }) => ({
    pair: { chatId, participant },
    outcome: notAdmin ? asNotAdmin(outcome) : outcome,
  }));
}

function asFull(result: Outcomes): Outcomes {
  const { httpStatus, traceId } = result;
  const full = result.inDoubt.filter(({ perhapsFull }) => perhapsFull);
  const outcomes = full.map(({ participant, message }) => ({
    participant,
    outcome: { status: 'failed', reasonCode: 'group_full', message, httpStatus, traceId } as const,
    effect: 'group_full' as const,
  }));
  return {
    ...result,
    outcomes: [...result.outcomes, ...outcomes],
    inDoubt: result.inDoubt.filter(({ perhapsFull }) => !perhapsFull),
  };
}
