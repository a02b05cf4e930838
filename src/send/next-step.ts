/**
 * Next step after an answer to an ask, as data: one pure decision, which the dispatcher carries out. It does not depend
 * on the ledger, the limiter or the clock.
 */
import { EXIT } from '../domain/errors.ts';
import type { ReasonCode } from '../domain/reasons.ts';
import type { Outcome, Participant } from '../domain/words.ts';
import { oneLine } from './api/redact.ts';
import type { AskOutcome, AskResult, Remark } from './classify/classifier.ts';
import type { Effect } from './classify/evidence.ts';
import { accountStop, redirectStop, whatAnswered } from './classify/refusal.ts';
import type { StopReason } from './run-control.ts';
import type { Sent } from './settler.ts';

/** Rounds of refusals (429, 503) of one request before it is left for the next run. */
export const NOT_DONE_TRIES = 6;
/** Asks in a row left for the next run before the run stops for now. */
const LEFT_IN_ROW = 3;
/** WhatsApp throttlings of one ask, each with a cool-down, before it is left for another run. */
const WHATSAPP_TRIES = 3;

/** Facts about an ask besides its result. */
export interface Tries extends Omit<Sent, 'id'> {
  /** Rounds of refusals of this ask, this one included. */
  readonly refusals: number;
  /** Another ask of the same round was left for the next run. A round counts once, so the others try on. */
  readonly roundIsOver: boolean;
  /** Earlier asks left for the next run since the last clear answer. */
  readonly leftInRow: number;
  /** Most asks at a time that got through, where the API refused more. */
  readonly ceiling: number | undefined;
  /** Earlier throttlings of this ask by WhatsApp. */
  readonly throttlings: number;
  /** State by `GET /phones` since the answer. */
  readonly phone: 'not_read' | 'well' | 'silent';
  readonly groupIsClosed: boolean;
  readonly stopped: boolean;
}

/** A failure that the circuit breaker counts. */
export interface Trouble {
  /** Continues a number: “5 asks in a row …”. */
  readonly what: string;
  /** Reason of the stop when this failure reaches the limit. */
  readonly code: Extract<ReasonCode, 'breaker' | 'whatsapp_throttled'>;
  /** The phone's state may be the cause, and was not read. */
  readonly suspectsPhone: boolean;
}

/** `look_at_phone`: read the phone's state, and decide again. */
export type NextStep = { readonly kind: 'look_at_phone' } | Undone | Answered;

/** Nothing was done. */
export type Undone =
  /** Ask the same people again, after the pause. */
  | { readonly kind: 'retry' }
  /** Leave them for another run. `gaveUp`: the message of the last try. */
  | { readonly kind: 'leave'; readonly gaveUp?: string; readonly stop?: StopReason }
  /** Ask for each alone. */
  | { readonly kind: 'split' }
  /** End the run. */
  | { readonly kind: 'stop'; readonly stop: StopReason };

export type Answered =
  | {
      readonly kind: 'settle';
      readonly outcomes: readonly AskOutcome[];
      /** A clear answer, which ends every row of failures, or a failure for the breaker; undefined: neither. */
      readonly sign: 'clear' | Trouble | undefined;
      /** Write the outcomes only after a clear answer shows that they are about the person or the group. */
      readonly held: boolean;
    }
  /** Perhaps done: the membership decides for these people. */
  | {
      readonly kind: 'in_doubt';
      /** Outcomes of other people of the same ask. */
      readonly outcomes: readonly AskOutcome[];
      readonly doubts: readonly Remark[];
      readonly httpStatus: number | undefined;
      readonly traceId: string;
      readonly sign: Trouble;
      readonly stop?: StopReason;
    }
  /** WhatsApp throttles the phone: wait long, and ask `again`. `last`: in another run. */
  | {
      readonly kind: 'cool_down';
      readonly outcomes: readonly AskOutcome[];
      readonly again: readonly Participant[];
      readonly sign: Trouble;
      readonly last: boolean;
    };

type Result<K extends AskResult['kind']> = Extract<AskResult, { kind: K }>;

/** Decides the next step. Pure; never throws. After `look_at_phone` it is called again, with the phone's state. */
export function nextStep(result: AskResult, tries: Tries): NextStep {
  switch (result.kind) {
    case 'not_done':
      return notDone(result, tries);
    case 'outcomes':
      return afterOutcomes(result, tries);
    case 'in_doubt':
      return inDoubt(result, tries);
    case 'refused':
      return tries.phone === 'not_read' ? { kind: 'look_at_phone' } : refused(result, tries);
    case 'group_closed':
      return tries.phone === 'not_read' ? { kind: 'look_at_phone' } : groupClosed(result, tries);
    case 'key_rejected':
      return { kind: 'stop', stop: accountStop('key_rejected', result) };
    case 'account':
      // The phone's own state is the better reason, if it explains the refusal.
      return result.reasonCode === 'sender_refused' && tries.phone === 'not_read'
        ? { kind: 'look_at_phone' }
        : { kind: 'stop', stop: accountStop(result.reasonCode, result) };
    case 'redirected': {
      const stop = redirectStop(result.httpStatus);
      return result.perhapsDone ? inDoubt(result, tries, stop) : { kind: 'stop', stop };
    }
  }
}

function notDone(result: Result<'not_done'>, tries: Tries): NextStep {
  const { refusals, roundIsOver, leftInRow, ceiling } = tries;
  if (refusals < NOT_DONE_TRIES || roundIsOver) return { kind: 'retry' };
  const gaveUp = oneLine(result.message);
  if (leftInRow + 1 < LEFT_IN_ROW) return { kind: 'leave', gaveUp };
  // The API may take fewer at a time than it says.
  const advice = ceiling && `; at most ${ceiling} at a time got through: --concurrency ${ceiling}`;
  const message = `the API keeps refusing (${gaveUp})${advice ?? ''}`;
  return { kind: 'leave', gaveUp, stop: { exit: EXIT.again, code: 'throttled', message } };
}

function afterOutcomes(result: Result<'outcomes'>, { throttlings }: Tries): NextStep {
  const { outcomes, inDoubt, throttled, httpStatus, traceId } = result;
  if (inDoubt.length > 0) {
    // An ask is done or not done as a whole, so throttled people are in doubt, too, if others are.
    const doubts = [...inDoubt, ...throttled];
    return { kind: 'in_doubt', doubts, httpStatus, traceId, outcomes, sign: NO_ANSWER };
  }
  if (throttled.length > 0) {
    const again = throttled.map(({ participant }) => participant);
    const last = throttlings + 1 >= WHATSAPP_TRIES;
    return { kind: 'cool_down', again, outcomes, sign: THROTTLED, last };
  }
  const [first] = outcomes;
  const unexplained = first !== undefined && outcomes.every(({ outcome }) => outcome.reasonCode === 'other');
  // An unexplained failure may be the same for everybody.
  const sign = unexplained ? failing(first.outcome.message, true) : 'clear';
  return { kind: 'settle', outcomes, sign, held: false };
}

function inDoubt(result: Result<'in_doubt' | 'redirected'>, { people }: Tries, stop?: StopReason): NextStep {
  const { message, httpStatus, traceId } = result;
  const doubts = people.map((participant) => ({ participant, message }));
  const rest = { httpStatus, traceId, outcomes: [], sign: NO_ANSWER };
  return { kind: 'in_doubt', doubts, ...rest, ...(stop && { stop }) };
}

/** A refused batch did nothing: its people are asked one by one, so that only the bad one fails. */
function refused(result: Result<'refused'>, { people, stopped }: Tries): NextStep {
  if (stopped) return { kind: 'leave' };
  if (people.length > 1) return { kind: 'split' };
  const outcomes = failed(people, 'bad_request', result);
  const sign = failing(result.message, false);
  return { kind: 'settle', outcomes, sign, held: !result.named };
}

/** Closes a group only while the API still answers other asks; otherwise the group is not the cause. */
function groupClosed(result: Result<'group_closed'>, tries: Tries): NextStep {
  const { people, answer, phone, stopped, groupIsClosed } = tries;
  const { reasonCode, message, httpStatus } = result;
  if (stopped) return { kind: 'leave' };
  if (phone !== 'well') {
    if (answer.kind !== 'answer') return { kind: 'leave' };
    const said = `${whatAnswered({ ...answer, httpStatus })}, and GET /phones does not tell the phone’s state`;
    return { kind: 'stop', stop: accountStop('not_the_api', { message: said, httpStatus }) };
  }
  const outcomes = failed(people, reasonCode, result);
  // This many groups in a row are hardly all at fault, so the closing is held until another group answers.
  const what = `groups in a row refused (${oneLine(message)})`;
  const sign = groupIsClosed ? undefined : trouble(what, false);
  return { kind: 'settle', outcomes, sign, held: true };
}

function trouble(what: string, suspectsPhone: boolean, code: Trouble['code'] = 'breaker'): Trouble {
  return { what, code, suspectsPhone };
}

const NO_ANSWER = trouble('asks in a row without a clear answer', true);
const THROTTLED = trouble('asks in a row throttled by WhatsApp', false, 'whatsapp_throttled');

function failing(words: string, suspectsPhone: boolean): Trouble {
  return trouble(`asks in a row failed without a known reason (${oneLine(words)})`, suspectsPhone);
}

function failed(
  people: readonly Participant[],
  reasonCode: 'bad_request' | Effect,
  { message, httpStatus, traceId }: Omit<Outcome, 'status' | 'reasonCode'>,
): AskOutcome[] {
  const outcome = { status: 'failed', reasonCode, message, httpStatus, traceId } as const;
  const effect = reasonCode === 'bad_request' ? undefined : reasonCode;
  return people.map((participant) => ({ participant, outcome, effect }));
}
