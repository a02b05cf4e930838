import type { ChatId, Outcome, Pair } from '../../domain/words.ts';
import type { AskingEvents, AskLedger, Log, Settlement } from '../ports.ts';
import type { RunControl } from '../run-control.ts';
import type { Groups } from './groups.ts';
import type { History } from './notifications.ts';

/** A pair that was asked, and nobody knows what came of it; with what little the lost answer said. */
export interface Doubt {
  readonly pair: Pair;
  readonly message: string;
  readonly httpStatus: number | undefined;
  readonly traceId: string;
  /**
   * What the ledger has it as already, with the words of the answer; undefined: in doubt. Of an `unknown` only a member
   * is news; `unconfirmed` is a success that did not say whether it was an add or an invite.
   */
  readonly was?: 'unknown' | 'unconfirmed' | undefined;
}

interface Parts {
  readonly groups: Pick<Groups, 'read' | 'lists' | 'lacks'>;
  /** Who came into a group and who went, where the API tells. */
  readonly history?: (chatId: ChatId, control: RunControl) => Promise<History | undefined>;
  readonly ledger: Pick<AskLedger, 'settle'> & {
    /** When the pair was last asked, epoch ms. */
    askedAt(pair: Pair): number | undefined;
  };
  readonly control: RunControl;
  readonly events: AskingEvents;
  readonly log: Log;
}

/**
 * Settles pairs by the group's membership, one read per group, and by its notifications where those in doubt are not
 * listed. A member was `added`. Of anybody else in doubt nothing is known, so they are `unknown`; a success whose person the group lacks was an invite. When the run is stopped before a group could be read, or the API is out of reach, its
 * pairs stay in doubt, and the next run reads it.
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

/** A success is told by the membership alone; a doubt may be settled by more. */
function isOpen({ pair, was }: Doubt, { groups }: Parts): boolean {
  return was !== 'unconfirmed' && !groups.lists(pair.chatId, pair.participant);
}

/** undefined: nothing is known that the ledger has not. */
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
  // A membership of before the ask is no proof: only what was read now is.
  const invited = was === 'unconfirmed' && read && groups.lacks(chatId, participant);
  return invited ? { status: 'invited', reasonCode: 'unconfirmed' } : undefined;
}

function settlement({ doubt, status, reasonCode }: Settled): Settlement {
  const { pair, message, httpStatus, traceId } = doubt;
  return { pair, outcome: { status, reasonCode, message, httpStatus, traceId } };
}

/** Tells of each status how many were settled; a success was counted as `added` before. */
function count(chatId: ChatId, settled: readonly Settled[], events: AskingEvents): void {
  const counts = new Map<Outcome['status'], number>();
  const add = (status: Outcome['status'], n: number) => counts.set(status, (counts.get(status) ?? 0) + n);
  for (const { doubt, status } of settled) {
    add(status, 1);
    if (doubt.was === 'unconfirmed') add('added', -1);
  }
  for (const [status, n] of counts) if (n !== 0) events.settled(chatId, status, n);
}
