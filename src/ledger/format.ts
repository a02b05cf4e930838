/**
 * The ledger's format, version 2: JSON lines, UTF-8, each ended by `\n`, only ever appended to.
 *
 * Line 1, the header:
 *   {"ledger":"group-onboard","version":2,"origin":"https://api.periskope.app",
 *    "created":"2025-01-26T17:14:27.000Z","crc":"…"}
 * Every later line is a record. `n` is its line number, which reveals a lost, doubled or moved line.
 *   {"n":2,"is":"asked","at":"…","from":"919837000000","chat":"120363371308389685@g.us",
 *    "who":["919537851844"],"crc":"…"}
 *     the phone `from` is about to send one ask, for one or more participants of one group; the ask's id is its `n`
 *   {"n":3,"is":"not_done","at":"…","ask":2,"crc":"…"}
 *     the server certainly did nothing for ask 2: its participants are as if it had never been sent. With ask 0, which
 *     does not exist, it only records the time: earlier asks were dated later, by a clock that was ahead
 *   {"n":4,"is":"outcome","at":"…","ask":2,"asked":"…","chat":"…","who":"919537851844","status":"invited",
 *    "reason":"","http":200,"trace":"…","message":"Invite sent to participant","crc":"…"}
 *     the outcome of one pair from now on. Without `ask` it was settled without one (precheck, the rest of a closed
 *     group, membership read later). `asked` is the time of the pair's last ask; absent if there was none. `http` is
 *     absent if there was no answer.
 *   {"n":5,"is":"outcome","as":4,"who":"919837000001","crc":"…"}
 *     the same outcome of another pair: all but `who` is as in line 4, the last full outcome, with only lines of this
 *     kind between. Most people of a batch share an outcome, and this line is a fifth of its length.
 *
 * `crc` is always the last member: CRC-32 (zlib's) of the record's JSON text without that member, 8 hex digits.
 * Times are ISO 8601 UTC with milliseconds.
 *
 * Version 1 had no `as`. Such a ledger is read, and stays version 1.
 */
import { crc32 } from 'node:zlib';
import { isReasonCode, type ReasonCode } from '../domain/reasons.ts';
import { type ChatId, type Participant, SETTLED_STATUSES, type SettledStatus } from '../domain/words.ts';

export const FORMAT_VERSION = 2;

/** First version with `as`. */
export const BRIEF_SINCE = 2;

/** First bytes of every ledger, in any version. */
export const MAGIC = '{"ledger":"group-onboard","version":';

/** Longest line written or read, in bytes. It bounds the memory of opening a file that is not a ledger. */
export const MAX_LINE_BYTES = 8 * 1024 * 1024;

/** Size limit of one write, in bytes, unless a single call has more. It bounds the loss in a crash. */
export const MOST_WRITE_BYTES = 64 * 1024;

/** Longest server message kept, in UTF-16 units: the server's text is untrusted, and so is its length. */
export const MAX_MESSAGE = 10_000;

export interface Header {
  readonly ledger: 'group-onboard';
  readonly version: number;
  /** Target of the asks: the API's origin, or `sandbox`. */
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

/** A record of the ledger, complete in itself. */
export type LedgerRecord = AskedRecord | NotDoneRecord | OutcomeEntry;

/** The same outcome as in line `as`, of another pair of the same group. */
export interface LikeOutcome {
  readonly n: number;
  readonly is: 'outcome';
  readonly as: number;
  readonly who: Participant;
}

type LedgerLine = LedgerRecord | LikeOutcome;

/** End of every line: `,"crc":"xxxxxxxx"}`. */
const SUFFIX = /^,"crc":"([0-9a-f]{8})"\}$/;
const SUFFIX_BYTES = 18;
const BRACE = 0x7d;
const COMMA = 0x2c;

/** One line of the file, with checksum and newline, to be written as UTF-8. */
export function encode(record: Header | LedgerLine): string {
  const json = JSON.stringify(record);
  const crc = crc32(json).toString(16).padStart(8, '0');
  return `${json.slice(0, -1)},"crc":"${crc}"}\n`;
}

/** JSON value of a line (given without its newline), or undefined if its checksum does not match. */
export function decodeLine(line: Buffer): unknown {
  const cut = line.length - SUFFIX_BYTES;
  if (cut < 2) return undefined;
  const written = SUFFIX.exec(line.toString('latin1', cut))?.[1];
  if (written === undefined) return undefined;
  // The checked text differs from these bytes in one place: it has `}` instead of the comma.
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

/** Header of any version in a decoded line 1, or undefined if it is not one. */
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
 * Record in a decoded line, or undefined if it is not valid. The checksum already covers the bytes, so this detects
 * only lines of another program, or of another version.
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

/** Expands outcomes with `as` to full records, line by line. */
export class WrittenOut {
  /** Byte offset of the line with the full text of the last record. */
  offset = 0;
  /** Outcome that the next line may refer to. */
  #outcome: OutcomeEntry | undefined;

  /** Record of a line; undefined if there is none, or its `as` does not fit the outcome before it. */
  record(line: LedgerLine | undefined, offset: number): LedgerRecord | undefined {
    if (line === undefined) return undefined;
    if ('as' in line) {
      const { as, n, who } = line;
      return this.#outcome?.n === as ? { ...this.#outcome, n, who } : undefined;
    }
    this.#outcome = line.is === 'outcome' ? line : undefined;
    this.offset = offset;
    return line;
  }
}

/** Reason code read from a file; one that this version does not know becomes `other`. */
export function knownReason(reason: unknown): ReasonCode | '' {
  if (reason === '' || reason === undefined) return '';
  return isReasonCode(reason) ? reason : 'other';
}
