/** Options of each command, in the order of its help, and the types of its flags. */
import { STATUSES } from '../domain/words.ts';
import { parseCount, parseDuration, parseTolerance } from '../lib/units.ts';
import {
  API,
  COHORT_OPTIONS,
  ENDING_OPTIONS,
  FILE_OPTIONS,
  FILES,
  JSON_OPTIONS,
  LOG_OPTIONS,
  NOTIFY_OPTIONS,
  OUTPUT,
  PACE_OPTIONS,
  REACH_OPTIONS,
  SAFETY,
  SHARD_OPTIONS,
  SUMMARY_OPTIONS,
  WHAT,
} from './options.ts';
import {
  choice,
  type FlagsOf,
  or,
  RETRYABLE,
  statuses,
  type Typed,
  text,
  toggle,
  under,
  value,
} from './typed-option.ts';

export const RUN_OPTIONS = {
  ...COHORT_OPTIONS,
  ...FILE_OPTIONS,
  ...NOTIFY_OPTIONS,
  ...REACH_OPTIONS,
  ...under(API, {
    // commander sets a flag that begins with `no-` to true, and the switch clears it.
    precheck: toggle(
      '--no-precheck',
      'do not read the phone’s state and the groups’ members first (phones named in two ways are read)',
    ) as Typed<boolean>,
    forceAdd: toggle('--force-add', 'ask the API to add directly (force_add_participants)'),
  }),
  ...PACE_OPTIONS,
  ...under(WHAT, {
    yes: toggle('-y, --yes', 'do not ask before sending (only a terminal is asked)'),
    dryRun: toggle('--dry-run', 'everything but the asks: shows what would be done'),
    limit: value('--limit <N>', 'at most N rows asked in this run (of each shard)', parseCount),
    retry: value(
      '--retry <LIST>',
      `ask again pairs that were settled as: ${RETRYABLE.join(', ')}`,
      statuses(RETRYABLE),
    ),
    askAgainInNewLedger: toggle(
      '--ask-again-in-new-ledger',
      'ask also whom another ledger beside the cohort or the results has as asked',
    ),
    onlyStatus: value(
      '--only-status <LIST>',
      'of a cohort that is itself a results CSV, just these rows',
      statuses(STATUSES),
    ),
  }),
  ...SHARD_OPTIONS,
  ...under(SAFETY, {
    breaker: value(
      '--breaker <N>',
      'stop after N asks in a row without a clear answer, or throttled by WhatsApp (default: 5)',
      parseCount,
    ),
    maxErrors: value(
      '--max-errors <N-or-N%>',
      'stop when more rows than this are failed or unknown',
      parseTolerance,
    ),
    deadline: value(
      '--deadline <DURATION>',
      'stop in good order after this long; run again to go on',
      parseDuration,
    ),
  }),
  ...ENDING_OPTIONS,
  ...LOG_OPTIONS,
  ...under(OUTPUT, {
    progress: or(
      choice('--progress <WHEN>', 'a bar on a terminal, else a log line every 10 s', ['auto', 'on', 'off']),
      'auto',
    ),
  }),
};

export const CHECK_OPTIONS = {
  ...COHORT_OPTIONS,
  output: FILE_OPTIONS.output,
  excel: FILE_OPTIONS.excel,
  ...under(API, {
    online: toggle('--online', 'look names of groups up through the API (reads; sends nothing)'),
  }),
  ...REACH_OPTIONS,
  careful: PACE_OPTIONS.careful,
  maxRate: PACE_OPTIONS.maxRate,
  gap: PACE_OPTIONS.gap,
  dailyCap: PACE_OPTIONS.dailyCap,
  hours: PACE_OPTIONS.hours,
  timeZone: PACE_OPTIONS.timeZone,
  batchSize: PACE_OPTIONS.batchSize,
  ...SHARD_OPTIONS,
  ...ENDING_OPTIONS,
  ...JSON_OPTIONS,
  ...LOG_OPTIONS,
};

export const FOLLOW_UP_OPTIONS = {
  ...under(FILES, {
    output: text(
      '-o, --output <FILE>',
      'where the results go (default: back to where they came from); - is stdout',
    ),
    ledger: text(
      '--ledger <FILE>',
      'the record of those results (default: <results>.ledger.jsonl, if it is there)',
    ),
  }),
  ...under(OUTPUT, {
    list: toggle('--list', 'name the rows of everybody who is still out'),
    olderThan: value(
      '--older-than <DURATION>',
      'name the rows of invites older than this, like 3d',
      parseDuration,
    ),
  }),
  toDo: FILE_OPTIONS.toDo,
  summaryJson: SUMMARY_OPTIONS.summaryJson,
  ...NOTIFY_OPTIONS,
  ...REACH_OPTIONS,
  ...ENDING_OPTIONS,
  ...JSON_OPTIONS,
  ...LOG_OPTIONS,
};

export const GROUPS_OPTIONS = {
  ...under(FILES, {
    output: text('-o, --output <FILE>', 'a CSV of the groups, which --groups takes; - is stdout'),
  }),
  excel: FILE_OPTIONS.excel,
  ...REACH_OPTIONS,
  ...JSON_OPTIONS,
  ...LOG_OPTIONS,
};

export const REPORT_OPTIONS = { report: FILE_OPTIONS.report, toDo: FILE_OPTIONS.toDo, ...JSON_OPTIONS };

export const MERGE_OPTIONS = {
  ...under(FILES, {
    output: text('-o, --output <FILE>', 'the results CSV to make; - is stdout'),
    cohort: text(
      '--cohort <FILE>',
      'the cohort: rows without a result are found, and written as not_attempted',
    ),
  }),
  ...COHORT_OPTIONS,
  ...ENDING_OPTIONS,
  ...JSON_OPTIONS,
};

export const REBUILD_OPTIONS = {
  ledger: FILE_OPTIONS.ledger,
  phone: REACH_OPTIONS.phone,
  baseUrl: REACH_OPTIONS.baseUrl,
  sandbox: REACH_OPTIONS.sandbox,
  ...SHARD_OPTIONS,
};

export type CohortFlags = FlagsOf<typeof COHORT_OPTIONS>;
export type RunFlags = FlagsOf<typeof RUN_OPTIONS>;
export type CheckFlags = FlagsOf<typeof CHECK_OPTIONS>;
export type FollowUpFlags = FlagsOf<typeof FOLLOW_UP_OPTIONS>;
export type GroupsFlags = FlagsOf<typeof GROUPS_OPTIONS>;
export type ReportFlags = FlagsOf<typeof REPORT_OPTIONS>;
export type MergeFlags = FlagsOf<typeof MERGE_OPTIONS>;
export type RebuildFlags = FlagsOf<typeof REBUILD_OPTIONS>;
