/**
 * Summary for machines, version 1. Additions keep the version; a removal or a change of meaning raises it. It contains
 * no phone number. JSON Schema: fixtures/summary.schema.json.
 */
import { z } from 'zod';
import { maskChatId } from '../../domain/ids.ts';
import { type ChatId, type ListedGroup, STATUSES } from '../../domain/words.ts';
import { publicName, publicText } from '../../lib/text.ts';
import { byPeople } from './countries.ts';
import { type Ending, noCounts, type Reasons, reasonsOf } from './tally.ts';

const SCHEMA = 'group-onboard/summary';

const SUMMARY_VERSION = 1;

const rows = z.int().nonnegative().describe('number of rows');
const counts = z
  .object(Object.fromEntries(STATUSES.map((status) => [status, rows])) as Record<string, typeof rows>)
  .describe('rows by status; every status is there');
const reasonCode = z
  .string()
  .describe('of the list in the README, which may grow; empty: there is no more to say');
const reasons = z
  .array(z.object({ status: z.enum(STATUSES), reason_code: reasonCode, rows }))
  .describe('rows by status and reason_code, the most frequent first');
const seconds = z.number().nonnegative();

export const SummarySchema = z
  .object({
    schema: z.literal(SCHEMA),
    version: z.literal(SUMMARY_VERSION),
    command: z.enum(['run', 'follow-up', 'check', 'report', 'merge', 'groups']),
    cohort: z
      .string()
      .describe('the file that was read, as it was named; - is standard input; empty: none was (groups)'),
    results: z.string().nullable().describe('null: standard output, or no results'),
    ledger: z.string().nullable(),
    sandbox: z.boolean().describe('true: nobody was contacted'),
    dry_run: z.boolean(),
    shard: z
      .string()
      .nullable()
      .optional()
      .describe('like 2/4: these are its rows alone; null: the whole cohort'),
    started_at: z.iso.datetime(),
    ended_at: z.iso.datetime(),
    duration_seconds: seconds.describe('by a clock that no change of the time of day touches'),
    exit_code: z.int().describe('of the work; --ok-codes may have the process end as 0 all the same'),
    stopped: z
      .object({ reason_code: reasonCode, message: z.string() })
      .nullable()
      .describe('why it ended before its end; null: it did not'),
    next: z.string().nullable().describe('what to do next, in words'),
    rows,
    status: counts,
    groups: z.array(
      z.object({
        chat_id: z.string().describe('of a legacy one, the number that it begins with is masked'),
        name: z.string().describe('empty while unknown'),
        rows,
        status: counts,
        reasons,
        members: z
          .int()
          .nonnegative()
          .nullable()
          .optional()
          .describe('groups: null where the API does not tell'),
        places_left: z.int().nonnegative().nullable().optional().describe('groups'),
        admin: z.boolean().nullable().optional().describe('groups: whether the sending phone is an admin'),
        exited: z.boolean().optional().describe('groups: whether the sending phone has left it'),
      }),
    ),
    reasons,
    countries: z
      .record(z.string(), z.int().positive())
      .optional()
      .describe(
        'run: people to ask, by ISO 3166 code or by country code (+881) where no country is known, most first',
      ),
    asks: z.int().nonnegative().describe('requests to add people, in this run'),
    asks_per_second: z.number().nonnegative().describe('asks by duration_seconds'),
    throttled: z.int().nonnegative().describe('answers 429, in this run'),
    waits: z.object({
      total_seconds: seconds.describe('time in which an ask waited and none might start'),
      by_reason: z.record(z.string(), seconds),
    }),
  })
  .meta({
    title: 'group-onboard summary',
    description: 'What `group-onboard … --summary-json FILE` writes, and `--json` prints',
  });

type Summary = z.infer<typeof SummarySchema>;

export function summaryOf(ending: Ending): Summary {
  const { tally } = ending;
  const waits = [...ending.waitedMs].map(([why, ms]) => [why, inSeconds(ms)] as const);
  const duration = inSeconds(ending.elapsedMs);
  return {
    schema: SCHEMA,
    version: SUMMARY_VERSION,
    command: ending.command,
    cohort: ending.cohort,
    results: ending.results ?? null,
    ledger: ending.ledger ?? null,
    sandbox: ending.sandbox,
    dry_run: ending.dryRun,
    shard: ending.shard ?? null,
    started_at: new Date(ending.startedAt).toISOString(),
    ended_at: new Date(ending.endedAt).toISOString(),
    duration_seconds: duration,
    exit_code: ending.exit,
    stopped: ending.stopped
      ? { reason_code: ending.stopped.code, message: publicText(ending.stopped.message) }
      : null,
    next: ending.next === undefined ? null : publicText(ending.next, 1_000),
    rows: tally.rows,
    status: { ...tally.counts },
    groups: [
      ...(ending.listed ?? []).map(listedGroup),
      ...[...tally.groups]
        .filter(([id]) => id !== '')
        .map(([id, status]) => ({
          chat_id: maskChatId(id),
          name: publicName(ending.groupName(id as ChatId)),
          rows: Object.values(status).reduce((sum, n) => sum + n, 0),
          status: { ...noCounts(), ...status },
          reasons: listed(tally.groupReasons.get(id) ?? new Map()),
        })),
    ],
    reasons: listed(tally.reasons),
    ...(ending.countries && {
      countries: Object.fromEntries(
        byPeople(ending.countries).map(([region, { people }]) => [region, people]),
      ),
    }),
    asks: ending.asks,
    asks_per_second: duration > 0 ? Math.round((ending.asks / duration) * 100) / 100 : 0,
    throttled: ending.throttled,
    waits: {
      total_seconds: inSeconds([...ending.waitedMs.values()].reduce((sum, ms) => sum + ms, 0)),
      by_reason: Object.fromEntries(waits),
    },
  };
}

function listedGroup(group: ListedGroup): Summary['groups'][number] {
  return {
    chat_id: maskChatId(group.chatId),
    name: publicName(group.name),
    rows: 0,
    status: noCounts(),
    reasons: [],
    members: group.members ?? null,
    places_left: group.placesLeft ?? null,
    admin: group.isAdmin ?? null,
    exited: group.isExited,
  };
}

export const SUMMARY_BEGINS = `{\n  "schema": "${SCHEMA}"`;

export function summaryJson(ending: Ending): string {
  return `${JSON.stringify(summaryOf(ending), null, 2)}\n`;
}

function listed(reasons: Reasons): Summary['reasons'] {
  return reasonsOf(reasons).map(({ status, reasonCode, rows }) => ({
    status,
    reason_code: reasonCode,
    rows,
  }));
}

function inSeconds(ms: number): number {
  return Math.round(ms) / 1_000;
}

/** The summary on one line: printed by `--json`, and the last record of a log in JSON lines. */

export function summaryLine(ending: Ending): string {
  return `${JSON.stringify(summaryOf(ending))}\n`;
}

export function summaryRecord(ending: Ending): string {
  const time = new Date(ending.endedAt).toISOString();
  return `${JSON.stringify({ level: 'info', time, msg: 'summary', ...summaryOf(ending) })}\n`;
}
