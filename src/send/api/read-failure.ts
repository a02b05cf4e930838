import { accountStop, redirectStop, statusRule, subjectOf } from '../classify/refusal.ts';
import type { StopReason } from '../run-control.ts';
import type { Answer } from './answer.ts';
import { serverWords } from './body.ts';

/** A failed read. Reads may always be repeated. */
export type ReadFailure =
  | {
      readonly kind: 'unavailable';
      /** `lost`: timeout, broken connection, 5xx. */
      readonly why: 'throttled' | 'unavailable' | 'unreachable' | 'lost';
      readonly message: string;
    }
  | {
      readonly kind: 'key_rejected' | 'payment' | 'forbidden' | 'not_found' | 'redirected' | 'nonsense';
      readonly message: string;
      readonly httpStatus: number;
    };

export function bodyOf(answer: Answer): string {
  return answer.kind === 'answer' ? answer.body : '';
}

export function nonsense(answer: Answer): ReadFailure {
  const httpStatus = (answer.kind === 'not_sent' ? undefined : answer.httpStatus) ?? 0;
  return { kind: 'nonsense', message: serverWords(bodyOf(answer)) || 'an empty body', httpStatus };
}

/** Failure of a read; undefined for a 2xx. */
export function failureOf(answer: Answer): ReadFailure | undefined {
  if (answer.kind === 'not_sent') return unavailable('unreachable', answer.message);
  const { httpStatus } = answer;
  const meaning = httpStatus === undefined ? 'answered' : statusRule(httpStatus).meaning;
  if (httpStatus === undefined || meaning === 'answered') {
    return answer.kind === 'lost' ? unavailable('lost', answer.message) : undefined;
  }
  const message = serverWords(bodyOf(answer)) || `HTTP ${httpStatus} without a message`;
  if (isThrottled(answer)) return unavailable('throttled', message);
  switch (meaning) {
    case 'moved':
    case 'moved_after':
      return { kind: 'redirected', message, httpStatus };
    case 'key':
      return { kind: 'key_rejected', message, httpStatus };
    case 'payment':
    case 'forbidden':
    case 'not_found':
      return { kind: meaning, message, httpStatus };
    case 'unavailable':
      return unavailable('unavailable', message);
    case 'broken':
      return unavailable('lost', message);
    default:
      return { kind: 'nonsense', message, httpStatus };
  }
}

/** Whether the API refused for now (429, 503, …): nothing was done, and a later try may succeed. */
export function isRefusedForNow(answer: Answer): boolean {
  if (answer.kind === 'not_sent' || answer.httpStatus === undefined) return false;
  return statusRule(answer.httpStatus).meaning === 'unavailable' || isThrottled(answer);
}

/** Whether an answer is a 429, or another status that says so in words or with a Retry-After. */
function isThrottled(answer: Answer): boolean {
  if (answer.kind === 'not_sent' || answer.httpStatus === undefined) return false;
  const { httpStatus } = answer;
  const { meaning, byWords } = statusRule(httpStatus);
  if (!byWords) return meaning === 'throttled';
  return subjectOf({ ...answer, httpStatus, body: bodyOf(answer) }) === 'throttled';
}

/** Reason to stop the run after a failure that any read would meet; undefined: go on. */
export function stopOf(failure: ReadFailure): StopReason | undefined {
  switch (failure.kind) {
    case 'key_rejected':
      return accountStop('key_rejected', failure);
    case 'payment':
      return accountStop('payment_required', failure);
    case 'redirected':
      return redirectStop(failure.httpStatus);
    default:
      return undefined;
  }
}

function unavailable(
  why: Extract<ReadFailure, { kind: 'unavailable' }>['why'],
  message: string,
): ReadFailure {
  return { kind: 'unavailable', why, message };
}
