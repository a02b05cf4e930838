/**
 * Glossary: the words of the design, as types. Imports nothing that acts.
 *
 * cohort       the input CSV
 * row          one record of the cohort, with the number that a spreadsheet shows for it
 * chat_id      the group, `120363371308389685@g.us` or the legacy `905301234567-1574073754@g.us`
 * participant  a phone number in country code + number form, digits only: `919537851844`
 * pair         (chat_id, participant): the identity of one onboarding
 * sender       the phone that an ask is sent through: the `x-phone` header
 * ask          one `POST /chats/{chat_id}/add`, for one or more participants of one group
 * outcome      result of an ask for a pair: status, reason code, the server's message
 * ledger       the append-only file of asks and outcomes: the only truth about what was done
 * results CSV  the cohort joined with the ledger: a projection, rebuilt whole
 * in doubt     asked, outcome unknown
 * window, allowance  the server's rate limit: a number of asks per window
 */
import type { ReasonCode } from './reasons.ts';

declare const brand: unique symbol;

/** A group's id, made only by `parseChatId`. */
export type ChatId = string & { readonly [brand]: 'ChatId' };

/** Phone number in country code + number form, 7 to 15 digits, made only by the normalizer. */
export type Participant = string & { readonly [brand]: 'Participant' };

/** Sending phone, as `x-phone` has it: digits, or `phone-…`. Made only by `parseSender`. */
export type Sender = string & { readonly [brand]: 'Sender' };

/** Identity of one onboarding. Never the row number. */
export interface Pair {
  readonly chatId: ChatId;
  readonly participant: Participant;
}

/** Every status of the results CSV, in the order of summaries. */
export const STATUSES = [
  'added',
  'invited',
  'joined',
  'left',
  'already_member',
  'duplicate',
  'invalid',
  'failed',
  'unknown',
  'not_attempted',
  'planned',
] as const;
export type Status = (typeof STATUSES)[number];

/** Statuses that the ledger keeps: results of an ask or of the group's membership. */
export const SETTLED_STATUSES = [
  'added',
  'invited',
  'joined',
  'left',
  'already_member',
  'failed',
  'unknown',
] as const;
export type SettledStatus = (typeof SETTLED_STATUSES)[number];

/** Statuses after which nothing is left to do. Exit code 0 means that every row has one of these. */
export const ACCEPTED_STATUSES = ['added', 'invited', 'joined', 'already_member', 'duplicate'] as const;

export interface Outcome {
  readonly status: SettledStatus;
  readonly reasonCode: ReasonCode | '';
  /** The server's own words, raw and untrusted: escape on every output. */
  readonly message: string;
  /** HTTP status of the answer; undefined: no answer, or no ask. */
  readonly httpStatus: number | undefined;
  readonly traceId: string;
}

export interface Settlement {
  readonly pair: Pair;
  readonly outcome: Outcome;
}

/** Reason why a row cannot be used, with the place and the remedy in words. */
export interface Problem {
  readonly code: ReasonCode;
  readonly message: string;
  readonly column?: string;
  /** The cell at fault as it was read, if any. */
  readonly value?: string;
}

export interface Row extends Place {
  readonly fields: readonly string[];
  /** Structural problem (too few or too many fields, unreadable record): the row is `invalid`. */
  readonly problem?: Problem;
}

/** Row after normalization: a pair, or the problem that makes the row `invalid`. */
export type Reading =
  | {
      readonly kind: 'pair';
      readonly row: Row;
      readonly pair: Pair;
      /** The row's own sending phone; absent or undefined: the run's. */
      readonly sender?: Sender | undefined;
      /** Of a corrected row of a results CSV: the pair that its results are about. */
      readonly corrected?: Pair | undefined;
    }
  | { readonly kind: 'invalid'; readonly row: Row; readonly problem: Problem };

/** Wall clock for records, monotonic clock for intervals. Injected for tests. */
export interface Clock {
  /** Milliseconds since the epoch. May jump. */
  now(): number;
  /** Milliseconds from an arbitrary origin. Never jumps. */
  monotonic(): number;
}

/** Columns that the results add to the cohort's own, in order. */
export const RESULT_COLUMNS = [
  'row',
  'chat_id',
  'participant',
  'status',
  'reason_code',
  'message',
  'http_status',
  'attempts',
  'trace_id',
  'asked_at',
  'settled_at',
] as const;
export type ResultColumn = (typeof RESULT_COLUMNS)[number];
export type ResultCells = Readonly<Record<ResultColumn, string>>;

export interface Place {
  /** Line of the file on which the row starts (1-based). */
  readonly line: number;
  /** Row number in a spreadsheet, where it differs from the line: a cell of several lines is in one row. */
  readonly number?: number | undefined;
}

export function rowNumber({ line, number }: Place): number {
  return number ?? line;
}

/** `row 24`, or `row 21 (line 24)` where the two differ. */
export function rowText(place: Place): string {
  return `row ${numberText(place)}`;
}

/** Row number without the word: `24`, or `21 (line 24)`. */
export function numberText({ line, number }: Place): string {
  return number === undefined ? `${line}` : `${number} (line ${line})`;
}

/** A group that the phone is in, or was, as the API lists it. Texts are raw and untrusted. */
export interface ListedGroup {
  /** In any of the API's forms. */
  readonly chatId: string;
  /** '' if it has none. */
  readonly name: string;
  /** undefined: not in the list. */
  readonly members: number | undefined;
  readonly placesLeft: number | undefined;
  readonly isAdmin: boolean | undefined;
  readonly isExited: boolean;
  readonly inviteLink: string;
}
