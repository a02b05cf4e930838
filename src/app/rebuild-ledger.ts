import { type Cohort, openCohort } from '../cohort/cohort.ts';
import { formerPair, tellsOfAsk, wordsOf } from '../cohort/results-file.ts';
import type { RebuildConfig } from '../config/other-commands.ts';
import { EXIT, type ExitCode, OnboardError, unfitColumns } from '../domain/errors.ts';
import { type Place, rowText, SETTLED_STATUSES } from '../domain/words.ts';
import { rebuildLedger, type Told } from '../ledger/rebuild.ts';
import { describeFailure, errorCode } from '../lib/files.ts';
import { count, plain } from '../lib/text.ts';
import { plainCell } from '../report/results/results.ts';
import { isInShard } from './going-on/former-results.ts';
import { ledgerBeside } from './going-on/own-files.ts';
import { type Io, systemClock } from './io.ts';

/** Adds to the ledger of results everybody who was asked according to them. Asks nobody. */
export async function rebuild(config: RebuildConfig, io: Pick<Io, 'stdout'>): Promise<ExitCode> {
  const { results, origin } = config;
  const ledger = config.ledger ?? ledgerBeside(results);
  const unread: Place[] = [];
  const rows = toldBy(config, (row) => unread.push({ line: row.line, number: row.number }));
  const made = await rebuildLedger(ledger, rows, { origin, clock: systemClock }).catch((error: unknown) => {
    if (error instanceof OnboardError || errorCode(error) === '') throw error;
    const why = `${ledger}: the ledger cannot be made there: ${describeFailure(error)}; put that right, and run this again`;
    throw new OnboardError('NOT_WRITABLE', why, { cause: error });
  });
  const say = (line: string) => io.stdout.write(`${line}\n`);
  say(`ledger   ${plain(ledger)}`);
  say(`         ${count(made.added, 'person', 'people')} added from the results; it knows ${made.size} now`);
  if (made.aside) {
    say(
      `note     ${count(made.unreadable, 'line')} of the former one could not be read: whom only they named is not known; it is kept as ${plain(made.aside)}`,
    );
  }
  const [first] = unread;
  if (first !== undefined) {
    say(
      `note     ${count(unread.length, 'row')} of the results (${rowText(first)} first) do not say any more who was asked: put their chat_id and participant back, then run this again`,
    );
  }
  return first !== undefined || made.unreadable > 0 ? EXIT.incomplete : EXIT.ok;
}

async function* toldBy(
  { results, sender, shard }: RebuildConfig,
  onUnread: (row: Place) => void,
): AsyncGenerator<Told> {
  const cohort = await openCohortOf(results, sender);
  if (!cohort.isResults) {
    throw unfitColumns(`${results} is not a results CSV: give the file that run wrote`);
  }
  const now = systemClock.now();
  for await (const batch of cohort.readings()) {
    for (const reading of batch) {
      const fields = cohort.former(reading.row);
      if (fields === undefined) continue;
      const wasAsked = tellsOfAsk(fields);
      const status = SETTLED_STATUSES.find((one) => one === fields.status.toLowerCase());
      if (!wasAsked && status === undefined) continue;
      const pair = formerPair(fields) ?? (reading.kind === 'pair' ? reading.pair : undefined);
      if (pair === undefined) {
        onUnread(reading.row);
        continue;
      }
      if (!isInShard(pair, shard)) continue;
      const from = (reading.kind === 'pair' ? reading.sender : sender) ?? 'unknown';
      const words = wordsOf(fields);
      const askedAt = wasAsked ? (words.askedAt ?? words.settledAt ?? now) : undefined;
      yield {
        ...{ pair, from, ...words, askedAt },
        status: status ?? 'unknown',
        reasonCode: status === undefined ? 'no_answer' : words.reasonCode,
        settledAt: words.settledAt ?? askedAt ?? now,
      };
    }
  }
}

/** The results by the cohort's own columns, which tell who was asked where the results' own cells are damaged. */
function openCohortOf(results: string, defaultSender: RebuildConfig['sender']): Promise<Cohort> {
  const options = { plainCell, defaultSender };
  return openCohort(results, { ...options, ownFirst: true }).catch((error: unknown) => {
    // The run's flags, which name its columns, are not known here.
    if (error instanceof OnboardError && error.code === 'COHORT_COLUMNS') return openCohort(results, options);
    throw error;
  });
}
