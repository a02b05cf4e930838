import type { Groups } from '../asking/groups.ts';
import type { History } from '../asking/notifications.ts';
import type { Cohort, PreviousResult } from '../cohort/cohort.ts';
import { maskParticipant } from '../domain/participant.ts';
import { RESULT_COLUMNS, type ResultColumn } from '../domain/results-columns.ts';
import type { ChatId, Clock, Outcome, Pair, Reading, Status } from '../domain/words.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { InvitedCounts, OutRow } from '../reporting/follow-up-text.ts';
import type { RecordsWriter } from '../reporting/results.ts';
import { TallyMaker } from '../reporting/tally.ts';
import { previousOf } from './previous.ts';

export interface RewriteParts {
  readonly cohort: Cohort;
  /** undefined: no group was read, as nobody is invited, or as the API let nobody in. */
  readonly groups: Pick<Groups, 'lists'> | undefined;
  /** Groups whose members are known. */
  readonly read: ReadonlySet<ChatId>;
  readonly histories: ReadonlyMap<ChatId, History>;
  readonly ledger: Ledger | undefined;
  readonly writer: RecordsWriter;
  readonly clock: Clock;
  /** Which rows of those who are out are to be named. */
  readonly named: (askedAt: number | undefined) => boolean;
}

export interface Rewritten {
  readonly tally: TallyMaker;
  /** Rows that are not as they were. */
  readonly changed: number;
  readonly invited: ReadonlyMap<ChatId | '', InvitedCounts>;
  readonly rows: readonly OutRow[];
}

/** Statuses of the ledger that say that somebody is in, by another way than an invite. */
const IN_ALREADY: readonly string[] = ['added', 'already_member', 'joined'];
/** Statuses of those who may have left since. */
export const MAY_LEAVE: readonly Status[] = ['added', 'invited', 'joined', 'already_member'];
type News = 'joined' | 'left';
const REASON = { joined: 'accepted_invite', left: 'left_since' } as const;

/**
 * Writes every record as it is, but for those of people who have come in or gone since: their status, reason_code and
 * settled_at. The ledger has it before the results have, as it is the truth that they are made from.
 */
export async function rewriteResults(parts: RewriteParts): Promise<Rewritten> {
  const { cohort, writer } = parts;
  const tally = new TallyMaker();
  const invited = new Map<ChatId | '', InvitedCounts>();
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
        news ?? before?.status ?? 'invalid',
        news ? REASON[news] : (previousOf(before)?.reasonCode ?? ''),
      );
      if (news === 'left' || before?.status === 'invited') note(reading, before, news);
      return news && reading.kind === 'pair' ? freshRecord(reading, news, parts) : reading.row.fields;
    });
    await writer.write(records);
  }
  return { tally, changed, invited, rows };

  function note(reading: Reading, before: PreviousResult | undefined, news: News | undefined): void {
    const id = reading.kind === 'pair' ? reading.pair.chatId : '';
    const counts = invited.get(id) ?? { joined: 0, left: 0, out: 0, waiting: 0, unread: 0 };
    invited.set(id, counts);
    if (news) {
      counts[news]++;
      return;
    }
    const { askedAt, reasonCode } = previousOf(before) ?? {};
    const waiting = reasonCode === 'pending_approval';
    if (id === '' || !parts.read.has(id)) counts.unread++;
    else if (waiting) counts.waiting++;
    else counts.out++;
    if (!parts.named(askedAt)) return;
    const digits = reading.kind === 'pair' ? reading.pair.participant : '';
    rows.push({ line: reading.row.line, chatId: id, who: maskParticipant(digits), askedAt, waiting });
  }
}

type Seen = { readonly reading: Reading; readonly before: PreviousResult | undefined };

/**
 * Whoever the group lists is in. Somebody who is not is gone only where the notifications say so after the ask: a
 * membership may be stale. Once somebody has been seen in the group, they have joined, whatever the membership says.
 */
function newsOf(
  reading: Reading,
  before: PreviousResult | undefined,
  { groups, histories, ledger }: RewriteParts,
): News | undefined {
  if (before === undefined || reading.kind !== 'pair' || !MAY_LEAVE.includes(before.status)) return undefined;
  const { pair } = reading;
  const known = ledger?.state(pair)?.status;
  if (known === 'left') return 'left';
  const isListed = groups?.lists(pair.chatId, pair.participant) === true;
  const { askedAt, settledAt } = previousOf(before) ?? {};
  const since = askedAt ?? settledAt;
  const history = since === undefined ? undefined : histories.get(pair.chatId);
  if (!isListed && since !== undefined && history?.hasLeft(pair.participant, since)) return 'left';
  if (before.status !== 'invited') return undefined;
  const isIn = since !== undefined && history?.isIn(pair.participant, since) === true;
  return isListed || isIn || known === 'joined' ? 'joined' : undefined;
}

async function settle(
  fresh: readonly (Seen & { readonly news: News })[],
  { ledger }: RewriteParts,
): Promise<void> {
  if (ledger === undefined) return;
  const settlements: { pair: Pair; outcome: Outcome }[] = [];
  for (const { reading, before, news } of fresh) {
    if (reading.kind !== 'pair') continue;
    const { pair } = reading;
    const now = ledger.state(pair)?.status ?? '';
    if (now === news || (news === 'joined' && IN_ALREADY.includes(now))) continue;
    const known = ledger.outcome(pair) ?? previousOf(before);
    settlements.push({
      pair,
      outcome: {
        status: news,
        reasonCode: REASON[news],
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
  const recorded = ledger?.state(reading.pair)?.status === news ? ledger.outcome(reading.pair) : undefined;
  const cell = (column: ResultColumn, text: string) => {
    fields[cohort.ownWidth + RESULT_COLUMNS.indexOf(column)] = text;
  };
  cell('status', news);
  cell('reason_code', REASON[news]);
  // A later run takes the time from the ledger: it has to be the same.
  cell('settled_at', new Date(recorded?.settledAt ?? clock.now()).toISOString());
  return fields;
}
