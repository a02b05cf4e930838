import { Option } from 'commander';
import { parseShard } from '../domain/shard.ts';
import { parseCount, parseDuration, parseGap, parseRate, parseTolerance } from '../lib/units.ts';
import { isSwitch, variableOf } from './environment.ts';
import {
  batchSize,
  chatId,
  country,
  LARGEST_BATCH,
  RETRYABLE,
  SELECTABLE,
  statuses,
  valued,
} from './values.ts';

/**
 * Every flag can be set by `GROUP_ONBOARD_<FLAG>`; a flag wins over the environment, which wins over the default. A
 * switch without a value reads its variable in environment.ts, as commander would take `false` for set. Those that have a
 * variable of the vendor's, too, read ours in environment.ts.
 */
function option(flags: string, description: string, group: string): Option {
  const made = new Option(flags, description).helpGroup(group);
  return isSwitch(made) ? made : made.env(variableOf(made));
}

const COHORT = 'The cohort:';
const FILES = 'Files:';
const API = 'The API:';
const PACE = 'Pace (the server’s rate limit is always kept; these go below it):';
const WHAT = 'Who is asked:';
const SAFETY = 'Stopping:';
const OUTPUT = 'What you see:';

/** How the cohort is read: shared by every command that reads one. */
export function cohortOptions(): Option[] {
  return [
    option(
      '--chat-id <ID>',
      'every row goes to this group (for a cohort without a chat_id column)',
      COHORT,
    ).argParser(valued(chatId)),
    option('--chat-column <NAME>', 'header of the column that holds the chat_id', COHORT),
    option('--phone-column <NAME>', 'header of the column that holds the phone', COHORT),
    option('--sender-column <NAME>', 'header of the column that holds the sending phone, if any', COHORT),
    option(
      '--country-column <NAME>',
      'header of the column that says the country of each phone (code, letters or name); none: no column does',
      COHORT,
    ),
    option(
      '--default-country <CC>',
      'country of numbers written without a country code, like IN; without it such numbers are invalid',
      COHORT,
    ).argParser(valued(country)),
    option('--delimiter <CHAR>', 'what separates the fields (found by itself)', COHORT),
    option('--encoding <NAME>', 'utf-8, utf-16le, windows-1252, … (found by itself)', COHORT),
  ];
}

export function fileOptions(): Option[] {
  return [
    option('-o, --output <FILE>', 'results CSV; - is stdout (run: <cohort>.results.csv)', FILES),
    option(
      '--ledger <FILE>',
      'the record of what was asked; run resumes from it (default: <output>.ledger.jsonl)',
      FILES,
    ),
    option('--excel', 'results for a double click in Excel: long numbers stay numbers as written', FILES),
    option('--report <FILE>', 'an HTML page for people (report: <results>.html)', FILES),
    ...reportOptions(),
  ];
}

export function followUpOptions(): Option[] {
  return [
    option(
      '-o, --output <FILE>',
      'where the results go (default: back to where they came from); - is stdout',
      FILES,
    ),
    option(
      '--ledger <FILE>',
      'the record of those results (default: <results>.ledger.jsonl, if it is there)',
      FILES,
    ),
    option('--list', 'name the rows of everybody who is still out', OUTPUT),
    option('--older-than <DURATION>', 'name the rows of invites older than this, like 3d', OUTPUT).argParser(
      valued(parseDuration),
    ),
  ];
}

/** Summaries for machines; none of them holds a phone number. */
export function reportOptions(): Option[] {
  return [
    option('--summary-json <FILE>', 'the summary for machines (fixtures/summary.schema.json)', FILES),
    option('--junit <FILE>', 'JUnit XML: one test case per group', FILES),
    option('--metrics-file <FILE>', 'Prometheus text format, for node-exporter’s textfile collector', FILES),
  ];
}

export function apiOptions(): Option[] {
  return [
    new Option(
      '--phone <NUMBER>',
      'the sending phone of rows that name none: country code + number, or phone-…',
    )
      .env('PERISKOPE_PHONE')
      .helpGroup(API),
    new Option('--base-url <URL>', 'https only, loopback excepted')
      .env('PERISKOPE_BASE_URL')
      .default('https://api.periskope.app/v1')
      .helpGroup(API),
    option('--sandbox', 'run against the built-in stand-in: no key, nobody is contacted', API),
    option('--request-timeout <DURATION>', 'longest wait for one answer', API)
      .argParser(valued(parseDuration))
      .default(60_000, '60s'),
    option('--limit-per <WHAT>', 'what the API’s rate limit counts by, where several phones send', API)
      .choices(['key', 'phone'])
      .default('key'),
    // No `.env()`: where the URL comes from decides whether it may hold a password.
    new Option(
      '--redis-url <URL>',
      'share the allowance and the pace with every run of this key at this Redis; also redis+sentinel://host,host/name and redis+cluster://host,host (env: GROUP_ONBOARD_REDIS_URL, or …_FILE; a password only there)',
    ).helpGroup(API),
    option(
      '--no-precheck',
      'do not read the phone’s state and the groups’ members first (phones named in two ways are read)',
      API,
    ),
    option('--force-add', 'ask the API to add directly (force_add_participants)', API),
  ];
}

export function paceOptions(): Option[] {
  return [
    option(
      '--max-rate <N/UNIT>',
      'at most so many asks, of all phones together: 5/s, 20/min, 100/h',
      PACE,
    ).argParser(valued(parseRate)),
    option('--gap <MIN..MAX>', 'pause of random length between asks: 30s..60s', PACE).argParser(
      valued(parseGap),
    ),
    option(
      '--daily-cap <N>',
      'at most N people asked per sender in any 24 h, across runs (of each shard)',
      PACE,
    ).argParser(valued((text) => parseCount(text))),
    option(
      '--batch-size <N>',
      `people per ask, at most ${LARGEST_BATCH}: spares requests, not the account`,
      PACE,
    )
      .argParser(valued(batchSize))
      .default(1),
    option(
      '--concurrency <N>',
      'ceiling on asks in flight (by itself: what the allowance needs)',
      PACE,
    ).argParser(valued((text) => parseCount(text))),
    option('--cool-down <DURATION>', 'pause after WhatsApp itself throttles the phone', PACE)
      .argParser(valued(parseDuration))
      .default(300_000, '5m'),
  ];
}

export function selectionOptions(): Option[] {
  return [
    option('-y, --yes', 'do not ask before sending (only a terminal is asked)', WHAT),
    option('--dry-run', 'everything but the asks: shows what would be done', WHAT),
    option('--limit <N>', 'at most N rows asked in this run (of each shard)', WHAT).argParser(
      valued((text) => parseCount(text)),
    ),
    option('--retry <LIST>', `ask again pairs that were settled as: ${RETRYABLE.join(', ')}`, WHAT).argParser(
      valued(statuses(RETRYABLE)),
    ),
    option(
      '--only-status <LIST>',
      'of a cohort that is itself a results CSV, just these rows',
      WHAT,
    ).argParser(valued(statuses(SELECTABLE))),
    shardOption(),
  ];
}

export function mergeOptions(): Option[] {
  return [
    option('-o, --output <FILE>', 'the results CSV to make; - is stdout', FILES),
    option(
      '--cohort <FILE>',
      'the cohort: rows without a result are found, and written as not_attempted',
      FILES,
    ),
  ];
}

export function shardOption(): Option {
  return option(
    '--shard <I/N>',
    'just the groups of this shard, 1/4 to 4/4, in files of its own; see merge (in an Indexed Job: GROUP_ONBOARD_SHARDS=4)',
    WHAT,
  ).argParser(valued(parseShard));
}

export function safetyOptions(): Option[] {
  return [
    option(
      '--breaker <N>',
      'stop after N asks in a row without a clear answer, or throttled by WhatsApp',
      SAFETY,
    )
      .argParser(valued((text) => parseCount(text)))
      .default(5),
    option('--max-errors <N-or-N%>', 'stop when more rows than this are failed or unknown', SAFETY).argParser(
      valued(parseTolerance),
    ),
    option(
      '--deadline <DURATION>',
      'stop in good order after this long; run again to go on',
      SAFETY,
    ).argParser(valued(parseDuration)),
  ];
}

export function outputOptions(): Option[] {
  return [
    option('--log-level <LEVEL>', 'how much is logged', OUTPUT)
      .choices(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
      .default('info'),
    option('--log-format <FORMAT>', 'text on a terminal, else json', OUTPUT).choices(['text', 'json']),
    option('-q, --quiet', 'no log below errors, no progress and no summary', OUTPUT),
    option('--progress <WHEN>', 'a bar on a terminal, else a log line every 10 s', OUTPUT)
      .choices(['auto', 'on', 'off'])
      .default('auto'),
  ];
}
