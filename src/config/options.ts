/** Table of all flags: spelling, description, parser and type of each. */
import { Option } from 'commander';
import type { CountryCode } from 'libphonenumber-js/max';
import { parseShard } from '../domain/shard.ts';
import { parseDuration, parseTolerance } from '../lib/units.ts';
import { choice, choiceOr, named, type Typed, text, toggle, value, valueOr } from './typed-option.ts';
import { chatId, country, okCodes, people, RETRYABLE, SELECTABLE, statuses } from './values.ts';

const COHORT = 'The cohort:';
const FILES = 'Files:';
const API = 'The API:';
const WHAT = 'Who is asked:';
const SAFETY = 'Stopping:';
const OUTPUT = 'What you see:';

/** Options for reading a cohort, shared by every command that reads one. */
export const COHORT_OPTIONS = {
  chatId: value(
    '--chat-id <ID>',
    'every row goes to this group (for a cohort without a chat_id column)',
    COHORT,
    chatId,
  ),
  chatColumn: text(
    '--chat-column <NAME>',
    'header of the column that holds the chat_id, or the group’s name',
    COHORT,
  ),
  groups: text(
    '--groups <FILE>',
    'a CSV of name,chat_id (groups -o makes it), where the column holds names of groups',
    COHORT,
  ),
  phoneColumn: text('--phone-column <NAME>', 'header of the column that holds the phone', COHORT),
  senderColumn: text(
    '--sender-column <NAME>',
    'header of the column that holds the sending phone, if any',
    COHORT,
  ),
  countryColumn: text(
    '--country-column <NAME>',
    'header of the column that says the country of each phone (code, letters or name); none: no column does',
    COHORT,
  ),
  defaultCountry: value<CountryCode>(
    '--default-country <CC>',
    'country of numbers written without a country code, like IN; without it such numbers are invalid',
    COHORT,
    country,
  ),
  delimiter: text('--delimiter <CHAR>', 'what separates the fields (found by itself)', COHORT),
  encoding: text('--encoding <NAME>', 'utf-8, utf-16le, windows-1252, … (found by itself)', COHORT),
};

/** Options for summaries for machines; none of these holds a phone number. */
export const SUMMARY_OPTIONS = {
  summaryJson: text(
    '--summary-json <FILE>',
    'the summary for machines (fixtures/summary.schema.json)',
    FILES,
  ),
  junit: text('--junit <FILE>', 'JUnit XML: one test case per group', FILES),
  metricsFile: text(
    '--metrics-file <FILE>',
    'Prometheus text format, for node-exporter’s textfile collector',
    FILES,
  ),
};

export const FILE_OPTIONS = {
  output: text('-o, --output <FILE>', 'results CSV; - is stdout (run: <cohort>.results.csv)', FILES),
  ledger: text(
    '--ledger <FILE>',
    'the record of what was asked; run resumes from it (default: <output>.ledger.jsonl)',
    FILES,
  ),
  excel: toggle(
    '--excel',
    'results for a double click in Excel: long numbers stay numbers as written',
    FILES,
  ),
  report: text('--report <FILE>', 'an HTML page for people (report: <results>.html)', FILES),
  toDo: text(
    '--to-do <FILE>',
    'a CSV of who needs something from somebody: what, the group’s invite link, a wa.me link',
    FILES,
  ),
  ...SUMMARY_OPTIONS,
};

const PHONE: Typed<string | undefined> = {
  option: new Option(
    '--phone <NUMBER>',
    'the sending phone of rows that name none: country code + number, or phone-…',
  )
    .env('PERISKOPE_PHONE')
    .helpGroup(API),
};
export const DEFAULT_BASE_URL = 'https://api.periskope.app/v1';
const BASE_URL: Typed<string> = {
  option: new Option('--base-url <URL>', 'https only, loopback excepted')
    .env('PERISKOPE_BASE_URL')
    .default(DEFAULT_BASE_URL)
    .helpGroup(API),
};
/** Has no `.env()`, because the source of the URL decides whether it may hold a password. */
const REDIS_URL: Typed<string | undefined> = {
  option: new Option(
    '--redis-url <URL>',
    'share the allowance and the pace with every run of this key at this Redis; also redis+sentinel://host,host/name and redis+cluster://host,host (env: GROUP_ONBOARD_REDIS_URL, or …_FILE; a password only there)',
  ).helpGroup(API),
};
/** commander sets a flag that begins with `no-` to true, and the switch clears it. */
const PRECHECK: Typed<boolean> = {
  option: named(
    '--no-precheck',
    'do not read the phone’s state and the groups’ members first (phones named in two ways are read)',
    API,
  ),
};

/** Options of every command that reaches the API. */
export const REACH_OPTIONS = {
  phone: PHONE,
  baseUrl: BASE_URL,
  sandbox: toggle('--sandbox', 'run against the built-in stand-in: no key, nobody is contacted', API),
  requestTimeout: valueOr(
    '--request-timeout <DURATION>',
    'longest wait for one answer',
    API,
    parseDuration,
    60_000,
    '60s',
  ),
  limitPer: choiceOr(
    '--limit-per <WHAT>',
    'what the API’s rate limit counts by, where several phones send',
    API,
    ['key', 'phone'],
    'key',
  ),
  redisUrl: REDIS_URL,
};

/** Options of offline commands that can read the list of the phone's groups. */
export const ONLINE_OPTIONS = {
  online: toggle('--online', 'look names of groups up through the API (reads; sends nothing)', API),
};

export const API_OPTIONS = {
  ...REACH_OPTIONS,
  precheck: PRECHECK,
  forceAdd: toggle('--force-add', 'ask the API to add directly (force_add_participants)', API),
};

export const SHARD_OPTIONS = {
  shard: value(
    '--shard <I/N>',
    'just the groups of this shard, 1/4 to 4/4, in files of its own; see merge (in an Indexed Job: GROUP_ONBOARD_SHARDS=4)',
    WHAT,
    parseShard,
  ),
};

export const SELECTION_OPTIONS = {
  yes: toggle('-y, --yes', 'do not ask before sending (only a terminal is asked)', WHAT),
  dryRun: toggle('--dry-run', 'everything but the asks: shows what would be done', WHAT),
  limit: value('--limit <N>', 'at most N rows asked in this run (of each shard)', WHAT, people),
  retry: value(
    '--retry <LIST>',
    `ask again pairs that were settled as: ${RETRYABLE.join(', ')}`,
    WHAT,
    statuses(RETRYABLE),
  ),
  askAgainInNewLedger: toggle(
    '--ask-again-in-new-ledger',
    'ask also whom another ledger beside the cohort or the results has as asked',
    WHAT,
  ),
  onlyStatus: value(
    '--only-status <LIST>',
    'of a cohort that is itself a results CSV, just these rows',
    WHAT,
    statuses(SELECTABLE),
  ),
  ...SHARD_OPTIONS,
};

/** Has no `.env()`, like the URL of Redis: the source decides which values are allowed. */
export const NOTIFY_OPTIONS: { readonly notify: Typed<string | undefined> } = {
  notify: {
    option: new Option(
      '--notify <URL>',
      'post the summary there at the end, for a chat tool; the address is a secret, hence env: GROUP_ONBOARD_NOTIFY, or …_FILE (as a flag: this machine alone)',
    ).helpGroup(FILES),
  },
};

/** Options for reporting the end to the caller of the command. */
export const ENDING_OPTIONS = {
  okCodes: value(
    '--ok-codes <LIST>',
    'exit codes that end as 0, like 4,75; summary, metrics and log have the real one',
    SAFETY,
    okCodes,
  ),
};

export const SAFETY_OPTIONS = {
  breaker: value(
    '--breaker <N>',
    'stop after N asks in a row without a clear answer, or throttled by WhatsApp (default: 5)',
    SAFETY,
    people,
  ),
  maxErrors: value(
    '--max-errors <N-or-N%>',
    'stop when more rows than this are failed or unknown',
    SAFETY,
    parseTolerance,
  ),
  deadline: value(
    '--deadline <DURATION>',
    'stop in good order after this long; run again to go on',
    SAFETY,
    parseDuration,
  ),
  ...ENDING_OPTIONS,
};

/** Log options of commands without a progress bar. */
export const LOG_OPTIONS = {
  logLevel: choiceOr(
    '--log-level <LEVEL>',
    'how much is logged',
    OUTPUT,
    ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
    'info',
  ),
  logFormat: choice(
    '--log-format <FORMAT>',
    'text on a terminal, else json; asked for by name, json makes JSON lines of all of stderr',
    OUTPUT,
    ['text', 'json'],
  ),
  quiet: toggle('-q, --quiet', 'no log below errors, no progress and no summary', OUTPUT),
};

/** Options of commands that print text to standard output. */
export const JSON_OPTIONS = {
  json: toggle(
    '--json',
    'the summary as JSON (fixtures/summary.schema.json) on stdout, and nothing else',
    OUTPUT,
  ),
};

export const PROGRESS_OPTIONS = {
  progress: choiceOr(
    '--progress <WHEN>',
    'a bar on a terminal, else a log line every 10 s',
    OUTPUT,
    ['auto', 'on', 'off'],
    'auto',
  ),
};

export const FOLLOW_UP_OWN_OPTIONS = {
  output: text(
    '-o, --output <FILE>',
    'where the results go (default: back to where they came from); - is stdout',
    FILES,
  ),
  ledger: text(
    '--ledger <FILE>',
    'the record of those results (default: <results>.ledger.jsonl, if it is there)',
    FILES,
  ),
  list: toggle('--list', 'name the rows of everybody who is still out', OUTPUT),
  olderThan: value(
    '--older-than <DURATION>',
    'name the rows of invites older than this, like 3d',
    OUTPUT,
    parseDuration,
  ),
};

export const GROUPS_OWN_OPTIONS = {
  output: text('-o, --output <FILE>', 'a CSV of the groups, which --groups takes; - is stdout', FILES),
  excel: FILE_OPTIONS.excel,
};

export const MERGE_OWN_OPTIONS = {
  output: text('-o, --output <FILE>', 'the results CSV to make; - is stdout', FILES),
  cohort: text(
    '--cohort <FILE>',
    'the cohort: rows without a result are found, and written as not_attempted',
    FILES,
  ),
};
