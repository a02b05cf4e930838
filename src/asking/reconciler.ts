import type { ChatId, Pair } from '../domain/words.ts';
import type { Groups } from './groups.ts';
import type { AskingEvents, AskLedger, Log, Settlement } from './ports.ts';
import type { RunControl } from './run-control.ts';

/** A pair that was asked, and nobody knows what came of it; with what little the lost answer said. */
export interface Doubt {
  readonly pair: Pair;
  readonly message: string;
  readonly httpStatus: number | undefined;
  readonly traceId: string;
  /** The ledger has it as `unknown` already, with the words of the lost answer: only a member is news. */
  readonly known?: boolean;
}

interface Parts {
  readonly groups: Pick<Groups, 'read' | 'lists'>;
  readonly ledger: AskLedger;
  readonly control: RunControl;
  readonly events: AskingEvents;
  readonly log: Log;
}

/**
 * Settles pairs in doubt by the group's membership, one read per group: a member was `added`; of anybody else nothing
 * is known, so they are `unknown`. When the run is stopped before a group could be read, or the API is out of reach, its
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
    const news = group
      .map((doubt) => ({ ...settlement(doubt, parts.groups), known: doubt.known }))
      .filter(({ outcome, known }) => outcome.status === 'added' || !known);
    await parts.ledger.settle(undefined, news);
    const added = news.filter(({ outcome }) => outcome.status === 'added').length;
    if (added > 0) parts.events.settled(chatId, 'added', added);
    if (added < news.length) parts.events.settled(chatId, 'unknown', news.length - added);
    const words = read === 'read' ? 'in doubt: membership read' : 'in doubt: membership not readable';
    parts.log[read === 'read' ? 'info' : 'warn'](
      { chat_id: chatId, added, unknown: group.length - added },
      words,
    );
  }
}

function settlement({ pair, message, httpStatus, traceId }: Doubt, groups: Parts['groups']): Settlement {
  return groups.lists(pair.chatId, pair.participant)
    ? {
        pair,
        outcome: { status: 'added', reasonCode: 'confirmed_by_membership', message, httpStatus, traceId },
      }
    : { pair, outcome: { status: 'unknown', reasonCode: 'no_answer', message, httpStatus, traceId } };
}
