/** Flags of more than one command, and of the pace: spelling, description, parser and type of each. */
import { Option } from 'commander';
import type { CountryCode } from 'libphonenumber-js/max';
import { parseShard } from '../domain/shard.ts';
import {
  parseCount,
  parseDayHours,
  parseDuration,
  parseGap,
  parseRate,
  parseTimeZone,
} from '../lib/units.ts';
import {
  batchSize,
  chatId,
  choice,
  country,
  LARGEST_BATCH,
  okCodes,
  or,
  type Typed,
  text,
  toggle,
  under,
  value,
} from './typed-option.ts';

/** Headings of the help that several tables stand under. */
export const FILES = 'Files:';
export const API = 'The API:';
export const WHAT = 'Who is asked:';
export const SAFETY = 'Stopping:';
export const OUTPUT = 'What you see:';

/** Options for reading a cohort, shared by every command that reads one. */
export const COHORT_OPTIONS = under('The cohort:', {
  chatId: value(
    '--chat-id <ID>',
    'every row goes to this group (for a cohort without a chat_id column)',
    chatId,
  ),
  chatColumn: text(
    '--chat-column <NAME>',
    'header of the column that holds the chat_id, or the group’s name',
  ),
  groups: text(
    '--groups <FILE>',
    'a CSV of name,chat_id (groups -o makes it), where the column holds names of groups',
  ),
  phoneColumn: text('--phone-column <NAME>', 'header of the column that holds the phone'),
  senderColumn: text('--sender-column <NAME>', 'header of the column that holds the sending phone, if any'),
  countryColumn: text(
    '--country-column <NAME>',
    'header of the column that says the country of each phone (code, letters or name); none: no column does',
  ),
  defaultCountry: value<CountryCode>(
    '--default-country <CC>',
    'country of numbers written without a country code, like IN; without it such numbers are invalid',
    country,
  ),
  delimiter: text('--delimiter <CHAR>', 'what separates the fields (found by itself)'),
  encoding: text('--encoding <NAME>', 'utf-8, utf-16le, windows-1252, … (found by itself)'),
});

/** Options for summaries for machines; none of these holds a phone number. */
export const SUMMARY_OPTIONS = under(FILES, {
  summaryJson: text('--summary-json <FILE>', 'the summary for machines (fixtures/summary.schema.json)'),
  junit: text('--junit <FILE>', 'JUnit XML: one test case per group'),
  metricsFile: text(
    '--metrics-file <FILE>',
    'Prometheus text format, for node-exporter’s textfile collector',
  ),
});

export const FILE_OPTIONS = under(FILES, {
  output: text('-o, --output <FILE>', 'results CSV; - is stdout (run: <cohort>.results.csv)'),
  ledger: text(
    '--ledger <FILE>',
    'the record of what was asked; run resumes from it (default: <output>.ledger.jsonl)',
  ),
  excel: toggle('--excel', 'results for a double click in Excel: long numbers stay numbers as written'),
  report: text('--report <FILE>', 'an HTML page for people (report: <results>.html)'),
  toDo: text(
    '--to-do <FILE>',
    'a CSV of who needs something from somebody: what, the group’s invite link, a wa.me link',
  ),
  ...SUMMARY_OPTIONS,
});

const PHONE: Typed<string | undefined> = {
  option: new Option(
    '--phone <NUMBER>',
    'the sending phone of rows that name none: country code + number, or phone-…',
  ).env('PERISKOPE_PHONE'),
};
export const DEFAULT_BASE_URL = 'https://api.periskope.app/v1';
const BASE_URL: Typed<string> = {
  option: new Option('--base-url <URL>', 'https only, loopback excepted')
    .env('PERISKOPE_BASE_URL')
    .default(DEFAULT_BASE_URL),
};
/** Has no `.env()`, because the source of the URL decides whether it may hold a password. */
const REDIS_URL: Typed<string | undefined> = {
  option: new Option(
    '--redis-url <URL>',
    'share the allowance and the pace with every run of this key at this Redis; also redis+sentinel://host,host/name and redis+cluster://host,host (env: GROUP_ONBOARD_REDIS_URL, or …_FILE; a password only there)',
  ),
};
export const REACH_OPTIONS = under(API, {
  phone: PHONE,
  baseUrl: BASE_URL,
  sandbox: toggle('--sandbox', 'run against the built-in stand-in: no key, nobody is contacted'),
  requestTimeout: or(
    value('--request-timeout <DURATION>', 'longest wait for one answer', parseDuration),
    60_000,
    '60s',
  ),
  limitPer: or(
    choice('--limit-per <WHAT>', 'what the API’s rate limit counts by, where several phones send', [
      'key',
      'phone',
    ]),
    'key',
  ),
  redisUrl: REDIS_URL,
});

export const PACE_OPTIONS = under('Pace (the server’s rate limit is always kept; these go below it):', {
  careful: toggle(
    '--careful',
    'what the vendor advises: --gap 30s..60s --daily-cap 20 --breaker 3; one of these beside it wins',
  ),
  maxRate: value(
    '--max-rate <N/UNIT>',
    'at most so many asks, of all phones together: 5/s, 20/min, 100/h',
    parseRate,
  ),
  gap: value('--gap <MIN..MAX>', 'pause of random length between asks: 30s..60s', parseGap),
  dailyCap: value(
    '--daily-cap <N>',
    'at most N people asked per sender in any 24 h, across runs (of each shard)',
    parseCount,
  ),
  hours: value(
    '--hours <HH:MM-HH:MM>',
    'send only then, in the recipient’s time zone (of a country with several: in all of them); else wait',
    parseDayHours,
  ),
  timeZone: value(
    '--time-zone <ZONE>',
    'for --hours: the zone of numbers that tell none, and of its own country (default: this machine’s)',
    parseTimeZone,
  ),
  untilDone: toggle('--until-done', 'wait over the --daily-cap instead of stopping'),
  batchSize: or(
    value(
      '--batch-size <N>',
      `people per ask, at most ${LARGEST_BATCH}: spares requests, not the account`,
      batchSize,
    ),
    1,
  ),
  concurrency: value(
    '--concurrency <N>',
    'ceiling on asks in flight (by itself: what the allowance needs)',
    parseCount,
  ),
  coolDown: or(
    value('--cool-down <DURATION>', 'pause after WhatsApp itself throttles the phone', parseDuration),
    300_000,
    '5m',
  ),
});

export const SHARD_OPTIONS = under(WHAT, {
  shard: value(
    '--shard <I/N>',
    'just the groups of this shard, 1/4 to 4/4, in files of its own; see merge (in an Indexed Job: GROUP_ONBOARD_SHARDS=4)',
    parseShard,
  ),
});

/** Has no `.env()`, like the URL of Redis: the source decides which values are allowed. */
export const NOTIFY_OPTIONS: { readonly notify: Typed<string | undefined> } = under(FILES, {
  notify: {
    option: new Option(
      '--notify <URL>',
      'post the summary there at the end, for a chat tool; the address is a secret, hence env: GROUP_ONBOARD_NOTIFY, or …_FILE (as a flag: this machine alone)',
    ),
  },
});

/** Options for reporting the end to the caller of the command. */
export const ENDING_OPTIONS = under(SAFETY, {
  okCodes: value(
    '--ok-codes <LIST>',
    'exit codes that end as 0, like 4,75; summary, metrics and log have the real one',
    okCodes,
  ),
});

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

export const LOG_OPTIONS = under(OUTPUT, {
  logLevel: or(choice('--log-level <LEVEL>', 'how much is logged', LEVELS), 'info'),
  logFormat: choice(
    '--log-format <FORMAT>',
    'text on a terminal, else json; asked for by name, json makes JSON lines of all of stderr',
    ['text', 'json'],
  ),
  quiet: toggle('-q, --quiet', 'no log below errors, no progress and no summary'),
});

export const JSON_OPTIONS = under(OUTPUT, {
  json: toggle('--json', 'the summary as JSON (fixtures/summary.schema.json) on stdout, and nothing else'),
});
