/**
 * The ledger's format, version 2: JSON lines, UTF-8, each ended by `\n`, only ever appended to.
 *
 * Line 1, the header:
 *   {"ledger":"group-onboard","version":2,"origin":"https://api.periskope.app","created":"2025-01-26T17:14:27.000Z","crc":"…"}
 * Every later line is a record. `n` is its line number: a line that was lost, doubled or moved shows.
 *   {"n":2,"is":"asked","at":"…","from":"919837000000","chat":"120363371308389685@g.us","who":["919537851844"],"crc":"…"}
 *     one ask, for one or more participants of one group, is about to be sent by the phone `from`; the ask's id is its `n`
 *   {"n":3,"is":"not_done","at":"…","ask":2,"crc":"…"}
 *     the server certainly did nothing for ask 2: as far as its participants go, it never was. Of ask 0, which is none, it says
 *     only what time it was: asks before it were dated later, by a clock that was ahead
 *   {"n":4,"is":"outcome","at":"…","ask":2,"asked":"…","chat":"…","who":"919537851844","status":"invited",
 *    "reason":"","http":200,"trace":"…","message":"Invite sent to participant","crc":"…"}
 *     what is known about one pair from now on. Without `ask` it was settled without one (precheck, the rest of a closed
 *     group, membership read later). `asked` is when the pair was last asked; absent when it never was. `http` is absent
 *     when there was no answer.
 *   {"n":5,"is":"outcome","as":4,"who":"919837000001","crc":"…"}
 *     the same of another pair: all but `who` is as in line 4, the last outcome before it that is written out, with none
 *     but its like in between. Most people of a batch have an outcome in common, and this is a fifth of its text.
 *
 * `crc` is always the last member: CRC-32 (zlib's) of the record's JSON text without that member, 8 hex digits.
 * Times are ISO 8601 UTC with milliseconds.
 *
 * Version 1 had no `as`. Such a ledger is read, and goes on as what it is.
 */
import { crc32 } from 'node:zlib';
import { REASONS, type ReasonCode } from '../domain/reasons.ts';
import { type ChatId, type Participant, SETTLED_STATUSES, type SettledStatus } from '../domain/words.ts';

export const FORMAT_VERSION = 2;

/** The first version that knows `as`. */
export const BRIEF_SINCE = 2;

/** How every ledger of any version begins. */
export const MAGIC = '{"ledger":"group-onboard","version":';

/** Longest line that is written or read, in bytes: what bounds the memory of opening a file that is no ledger. */
export const MAX_LINE_BYTES = 8 * 1024 * 1024;

/** Size limit of one write, bytes, unless a single call has more. It bounds how much a crash can tear off. */
export const MOST_WRITE_BYTES = 64 * 1024;

/** Longest server message kept, in UTF-16 units: the server's words are untrusted, and so is their length. */
export const MAX_MESSAGE = 10_000;

export interface Header {
  readonly ledger: 'group-onboard';
  readonly version: number;
  /** Whom the asks went to: the API's origin, or `sandbox`. */
  readonly origin: string;
  readonly created: string;
}

export interface AskedRecord {
  readonly n: number;
  readonly is: 'asked';
  readonly at: string;
  readonly from: string;
  readonly chat: ChatId;
  readonly who: readonly Participant[];
}

export interface NotDoneRecord {
  readonly n: number;
  readonly is: 'not_done';
  readonly at: string;
  readonly ask: number;
}

export interface OutcomeEntry {
  readonly n: number;
  readonly is: 'outcome';
  readonly at: string;
  readonly ask?: number | undefined;
  readonly asked?: string | undefined;
  readonly chat: ChatId;
  readonly who: Participant;
  readonly status: SettledStatus;
  readonly reason: ReasonCode | '';
  readonly http?: number | undefined;
  readonly trace: string;
  readonly message: string;
}

/** What the ledger knows, record by record. */
export type LedgerRecord = AskedRecord | NotDoneRecord | OutcomeEntry;

/** The outcome of line `as`, of another pair of the same group. */
export interface LikeOutcome {
  readonly n: number;
  readonly is: 'outcome';
  readonly as: number;
  readonly who: Participant;
}

/** What a line can hold. */
export type LedgerLine = LedgerRecord | LikeOutcome;

/** What ends every line: `,"crc":"xxxxxxxx"}`. */
const SUFFIX = /^,"crc":"([0-9a-f]{8})"\}$/;
const SUFFIX_BYTES = 18;
const BRACE = 0x7d;
const COMMA = 0x2c;

/** One line of the file, checksum and newline included: well-formed text, to be written as UTF-8. */
export function encode(record: Header | LedgerLine): string {
  const json = JSON.stringify(record);
  const crc = crc32(json).toString(16).padStart(8, '0');
  return `${json.slice(0, -1)},"crc":"${crc}"}\n`;
}

/** The JSON value of a line (given without its newline), or undefined when its checksum does not fit. */
export function decodeLine(line: Buffer): unknown {
  const cut = line.length - SUFFIX_BYTES;
  if (cut < 2) return undefined;
  const written = SUFFIX.exec(line.toString('latin1', cut))?.[1];
  if (written === undefined) return undefined;
  // The record's text without its checksum differs from these bytes in one place only: `}` where the comma is.
  line[cut] = BRACE;
  const body = line.subarray(0, cut + 1);
  const value = crc32(body) === Number.parseInt(written, 16) ? parse(body.toString()) : undefined;
  line[cut] = COMMA;
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The header in a decoded line 1, of whatever version, or undefined when it is none. */
export function asHeader(value: unknown): Header | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const it = value as Partial<Header>;
  const sound =
    it.ledger === 'group-onboard' &&
    typeof it.version === 'number' &&
    typeof it.origin === 'string' &&
    typeof it.created === 'string';
  return sound ? (it as Header) : undefined;
}

const statuses = new Set<string>(SETTLED_STATUSES);

/**
 * What a decoded line holds, or undefined when it is nothing of ours. The checksum has vouched for the bytes, so this looks
 * only for what another program, or another version of this one, could have written.
 */
export function asLine(value: unknown, n: number): LedgerLine | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const it = value as Record<string, unknown>;
  if (it['n'] !== n) return undefined;
  if (it['is'] === 'outcome' && typeof it['as'] === 'number') {
    return typeof it['who'] === 'string' ? (value as LikeOutcome) : undefined;
  }
  if (typeof it['at'] !== 'string') return undefined;
  switch (it['is']) {
    case 'asked': {
      const sound = typeof it['from'] === 'string' && typeof it['chat'] === 'string' && isTextList(it['who']);
      return sound ? (value as AskedRecord) : undefined;
    }
    case 'not_done':
      return typeof it['ask'] === 'number' ? (value as NotDoneRecord) : undefined;
    case 'outcome': {
      const sound =
        typeof it['chat'] === 'string' &&
        typeof it['who'] === 'string' &&
        typeof it['message'] === 'string' &&
        typeof it['trace'] === 'string' &&
        statuses.has(it['status'] as string);
      return sound ? (value as OutcomeEntry) : undefined;
    }
    default:
      return undefined;
  }
}

function isTextList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string');
}

/** A reason code read from a file: one that this version does not know any more reads as `other`. */
export function knownReason(reason: unknown): ReasonCode | '' {
  if (reason === '' || reason === undefined) return '';
  return typeof reason === 'string' && Object.hasOwn(REASONS, reason) ? (reason as ReasonCode) : 'other';
}
