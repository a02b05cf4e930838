import type { Cohort } from '../../cohort/cohort.ts';
import type { Previous } from '../../cohort/results-file.ts';
import { maskParticipant } from '../../domain/ids.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import {
  type ChatId,
  type Clock,
  RESULT_COLUMNS,
  type Reading,
  type ResultColumn,
  rowNumber,
  type Settlement,
  type Status,
} from '../../domain/words.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { detached } from '../../lib/text.ts';
import type { ReportRow } from '../../report/html/people.ts';
import { bareCell, type RecordsWriter } from '../../report/results/results.ts';
import type { ToDoList } from '../../report/results/to-do.ts';
import { type FollowUpCounts, noCounts, type OutRow } from '../../report/summary/follow-up-text.ts';
import { TallyMaker } from '../../report/summary/tally.ts';
import type { Groups } from '../../send/groups/groups.ts';
import type { History } from '../../send/groups/notifications.ts';
import { writtenRow } from './project.ts';

interface RewriteParts {
  readonly cohort: Cohort;
  /** undefined: no group was read, because nobody can have news, or because the API refused access. */
  readonly groups: Pick<Groups, 'lists'> | undefined;
  readonly read: ReadonlySet<ChatId>;
  readonly histories: ReadonlyMap<ChatId, History>;
  readonly ledger: Ledger | undefined;
  readonly writer: RecordsWriter;
  readonly clock: Clock;
  /** Takes every row in its new state. */
  readonly toDo: ToDoList | undefined;
  readonly named: (askedAt: number | undefined) => boolean;
}

/** Statuses in the ledger of people who are in the group. */
const IN_ALREADY: readonly string[] = ['added', 'already_member', 'joined'];
/** Statuses of people who may have come in or gone since. */
export const MAY_HAVE_NEWS: readonly Status[] = ['added', 'invited', 'joined', 'already_member', 'unknown'];
interface News {
  readonly status: 'added' | 'joined' | 'left';
  readonly reasonCode: ReasonCode;
}
const JOINED: News = { status: 'joined', reasonCode: 'accepted_invite' };
const LEFT: News = { status: 'left', reasonCode: 'left_since' };
const MEMBER: News = { status: 'added', reasonCode: 'confirmed_by_membership' };
const NOTIFIED: News = { status: 'added', reasonCode: 'confirmed_by_notification' };

/**
 * Writes every record unchanged, except of people who came in or left since, or whose doubt is settled: their
 * status, reason_code and settled_at are new. The ledger is written first, because the results are made from it.
 */
export async function rewriteResults(parts: RewriteParts) {
  const { cohort, writer } = parts;
  const tally = new TallyMaker();
  const counts = new Map<ChatId | '', FollowUpCounts>();
  const rows: OutRow[] = [];
  let changed = 0;
  await writer.write([cohort.columns]);
  for await (const batch of cohort.readings()) {
    const seen = batch.map((reading) => ({ reading, before: cohort.previous(reading.row) }));
    const fresh = seen.flatMap((one) => {
      const news = newsOf(one.reading, one.before, parts);
      return news ? [{ ...one, news }] : [];
    });
    await settle(fresh, parts);
    changed += fresh.length;
    const newsBy = new Map(fresh.map(({ reading, news }) => [reading, news]));
    const records = seen.map(({ reading, before }) => {
      const id = reading.kind === 'pair' ? reading.pair.chatId : '';
      const news = newsBy.get(reading);
      tally.add(
        id,
        news?.status ?? before?.status ?? 'invalid',
        news?.reasonCode ?? before?.reasonCode ?? '',
        () => ({
          number: Number(before && cohort.former(reading.row)?.row) || rowNumber(reading.row),
          name: cohort.nameOf(reading.row),
        }),
      );
      if (news || before?.status === 'invited' || before?.status === 'unknown') note(reading, before, news);
      return news && reading.kind === 'pair' ? freshRecord(reading, news, parts) : reading.row.fields;
    });
    await writer.write(records);
    await parts.toDo?.add(seen.flatMap((one) => toDoOf(one, newsBy.get(one.reading), parts)));
  }
  return { tally, changed, counts, rows };

  function note(reading: Reading, before: Previous | undefined, news: News | undefined): void {
    const id = reading.kind === 'pair' ? reading.pair.chatId : '';
    const of = counts.get(id) ?? noCounts();
    counts.set(id, of);
    if (news || before?.status === 'unknown') {
      of[news?.status ?? 'inDoubt']++;
      return;
    }
    const { askedAt, reasonCode } = before ?? {};
    const waiting = reasonCode === 'pending_approval';
    if (id === '' || !parts.read.has(id)) of.unread++;
    else if (waiting) of.waiting++;
    else of.out++;
    if (!parts.named(askedAt)) return;
    const digits = reading.kind === 'pair' ? reading.pair.participant : '';
    const { row } = reading;
    const { line, number } = row;
    const person = { name: detached(cohort.nameOf(row)), who: maskParticipant(digits) };
    rows.push({ row: { line, number }, ...person, chatId: id, askedAt, waiting });
  }
}

/** Row in its new state, for the to-do list; empty where somebody has edited its status. */
function toDoOf({ reading }: Seen, news: News | undefined, { cohort }: RewriteParts): ReportRow[] {
  const written = writtenRow(cohort, reading.row);
  if (written === undefined) return [];
  const pair = reading.kind === 'pair' ? reading.pair : undefined;
  return [{ ...written, message: bareCell(written.message), ...pair, ...news }];
}

type Seen = { readonly reading: Reading; readonly before: Previous | undefined };

/**
 * News of a person. Everybody whom the group lists is in. A person who is not listed is gone only where the
 * notifications say so after the ask, because a membership may be stale. A person once seen in the group has joined,
 * whatever the membership says.
 */
function newsOf(
  reading: Reading,
  before: Previous | undefined,
  { groups, histories, ledger }: RewriteParts,
): News | undefined {
  if (before === undefined || reading.kind !== 'pair' || !MAY_HAVE_NEWS.includes(before.status))
    return undefined;
  const { pair } = reading;
  const known = ledger?.state(pair)?.status;
  if (known === 'left') return LEFT;
  const isListed = groups?.lists(pair.chatId, pair.participant) === true;
  const { askedAt, settledAt } = before;
  const since = askedAt ?? settledAt;
  const history = since === undefined ? undefined : histories.get(pair.chatId);
  if (!isListed && since !== undefined && history?.hasLeft(pair.participant, since)) return LEFT;
  if (before.status === 'invited') {
    const isIn = since !== undefined && history?.isIn(pair.participant, since) === true;
    return isListed || isIn || known === 'joined' ? JOINED : undefined;
  }
  if (before.status !== 'unknown') return undefined;
  const came = since === undefined ? undefined : history?.cameBy(pair.participant, since);
  if (came !== undefined) return came === 'added' ? NOTIFIED : JOINED;
  if (known === 'joined') return JOINED;
  return isListed || known === 'added' ? MEMBER : undefined;
}

async function settle(
  fresh: readonly (Seen & { readonly news: News })[],
  { ledger }: RewriteParts,
): Promise<void> {
  if (ledger === undefined) return;
  const settlements: Settlement[] = [];
  for (const { reading, before, news } of fresh) {
    if (reading.kind !== 'pair') continue;
    const { pair } = reading;
    const now = ledger.state(pair)?.status ?? '';
    if (now === news.status || (news.status !== 'left' && IN_ALREADY.includes(now))) continue;
    const known = ledger.outcome(pair) ?? before;
    settlements.push({
      pair,
      outcome: {
        ...news,
        message: known?.message ?? '',
        httpStatus: known?.httpStatus,
        traceId: known?.traceId ?? '',
      },
    });
  }
  await ledger.settle(undefined, settlements);
}

function freshRecord(
  reading: Extract<Reading, { kind: 'pair' }>,
  news: News,
  { cohort, ledger, clock }: RewriteParts,
): readonly string[] {
  const fields = [...reading.row.fields];
  const recorded =
    ledger?.state(reading.pair)?.status === news.status ? ledger.outcome(reading.pair) : undefined;
  const cell = (column: ResultColumn, text: string) => {
    fields[cohort.ownWidth + RESULT_COLUMNS.indexOf(column)] = text;
  };
  cell('status', news.status);
  cell('reason_code', recorded?.reasonCode ?? news.reasonCode);
  // A later run takes the time from the ledger, so it has to be the same.
  cell('settled_at', new Date(recorded?.settledAt ?? clock.now()).toISOString());
  return fields;
}
