import type { Groups } from '../asking/groups.ts';
import type { Cohort, PreviousResult } from '../cohort/cohort.ts';
import { maskParticipant } from '../domain/participant.ts';
import { RESULT_COLUMNS, type ResultColumn } from '../domain/results-columns.ts';
import type { ChatId, Clock, Outcome, Pair, Reading } from '../domain/words.ts';
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
  readonly ledger: Ledger | undefined;
  readonly writer: RecordsWriter;
  readonly clock: Clock;
  /** Which rows of those who are out are to be named. */
  readonly named: (askedAt: number | undefined) => boolean;
}

export interface Rewritten {
  readonly tally: TallyMaker;
  readonly invited: ReadonlyMap<ChatId | '', InvitedCounts>;
  readonly rows: readonly OutRow[];
}

/** Statuses of the ledger that say that somebody is in, by another way than an invite. */
const IN_ALREADY: readonly string[] = ['added', 'already_member', 'joined'];

/**
 * Writes every record as it is, but for those of invited people who are members now: their status, reason_code and
 * settled_at. The ledger has it before the results have, as it is the truth that they are made from.
 */
export async function rewriteResults(parts: RewriteParts): Promise<Rewritten> {
  const { cohort, writer } = parts;
  const tally = new TallyMaker();
  const invited = new Map<ChatId | '', InvitedCounts>();
  const rows: OutRow[] = [];
  await writer.write([cohort.columns]);
  for await (const batch of cohort.readings()) {
    const seen = batch.map((reading) => ({ reading, before: cohort.previous(reading.row) }));
    const joined = seen.filter(({ reading, before }) => hasJoined(reading, before, parts));
    await settle(joined, parts);
    const changed = new Set(joined.map(({ reading }) => reading));
    const records = seen.map(({ reading, before }) => {
      const id = reading.kind === 'pair' ? reading.pair.chatId : '';
      const isIn = changed.has(reading);
      const status = isIn ? 'joined' : (before?.status ?? 'invalid');
      tally.add(id, status, isIn ? 'accepted_invite' : (previousOf(before)?.reasonCode ?? ''));
      if (before?.status === 'invited') note(reading, before, isIn);
      return isIn && reading.kind === 'pair' ? joinedRecord(reading, parts) : reading.row.fields;
    });
    await writer.write(records);
  }
  return { tally, invited, rows };

  function note(reading: Reading, before: PreviousResult, isIn: boolean): void {
    const id = reading.kind === 'pair' ? reading.pair.chatId : '';
    const counts = invited.get(id) ?? { joined: 0, out: 0, waiting: 0, unread: 0 };
    invited.set(id, counts);
    if (isIn) {
      counts.joined++;
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

/** Once somebody has been seen in the group, they have joined, whatever the group says later. */
function hasJoined(
  reading: Reading,
  before: PreviousResult | undefined,
  { groups, ledger }: RewriteParts,
): boolean {
  if (before?.status !== 'invited' || reading.kind !== 'pair') return false;
  const { pair } = reading;
  return groups?.lists(pair.chatId, pair.participant) === true || ledger?.state(pair)?.status === 'joined';
}

async function settle(joined: readonly Seen[], { ledger }: RewriteParts): Promise<void> {
  if (ledger === undefined) return;
  const settlements: { pair: Pair; outcome: Outcome }[] = [];
  for (const { reading, before } of joined) {
    if (reading.kind !== 'pair') continue;
    const { pair } = reading;
    if (IN_ALREADY.includes(ledger.state(pair)?.status ?? '')) continue;
    const known = ledger.outcome(pair) ?? previousOf(before);
    settlements.push({
      pair,
      outcome: {
        status: 'joined',
        reasonCode: 'accepted_invite',
        message: known?.message ?? '',
        httpStatus: known?.httpStatus,
        traceId: known?.traceId ?? '',
      },
    });
  }
  await ledger.settle(undefined, settlements);
}

function joinedRecord(
  reading: Extract<Reading, { kind: 'pair' }>,
  { cohort, ledger, clock }: RewriteParts,
): readonly string[] {
  const fields = [...reading.row.fields];
  const recorded =
    ledger?.state(reading.pair)?.status === 'joined' ? ledger.outcome(reading.pair) : undefined;
  const cell = (column: ResultColumn, text: string) => {
    fields[cohort.ownWidth + RESULT_COLUMNS.indexOf(column)] = text;
  };
  cell('status', 'joined');
  cell('reason_code', 'accepted_invite');
  // A later run takes the time from the ledger: it has to be the same.
  cell('settled_at', new Date(recorded?.settledAt ?? clock.now()).toISOString());
  return fields;
}
