import { subjectOf } from '../classify/refusal.ts';
import { accountStop, redirectStop } from '../classify/stops.ts';
import type { StopReason } from '../run-control.ts';
import type { Answer } from './answer.ts';
import { serverWords } from './body.ts';

/** A read that brought nothing. Reads may be repeated, whatever happened to them. */
export type ReadFailure =
  | {
      readonly kind: 'unavailable';
      /** `lost`: timeout, broken connection, 5xx. */
      readonly why: 'throttled' | 'unavailable' | 'unreachable' | 'lost';
      /** The header as it came. */
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

/** Why an answer to a read is of no use; undefined for a 2xx. */
export function failureOf(answer: Answer): ReadFailure | undefined {
  if (answer.kind === 'not_sent') return unavailable('unreachable', answer.message);
  const { httpStatus } = answer;
  if (answer.kind === 'lost' && (httpStatus === undefined || httpStatus < 300)) {
    return unavailable('lost', answer.message);
  }
  const status = httpStatus ?? 0;
  const message = serverWords(bodyOf(answer)) || `HTTP ${status} without a message`;
  if (status >= 200 && status <= 299) return undefined;
  if (status >= 300 && status <= 399) return { kind: 'redirected', message, httpStatus: status };
  if (isThrottled(answer)) return unavailable('throttled', message);
  switch (status) {
    case 401:
      return { kind: 'key_rejected', message, httpStatus: status };
    case 402:
      return { kind: 'payment', message, httpStatus: status };
    case 403:
      return { kind: 'forbidden', message, httpStatus: status };
    case 404:
      return { kind: 'not_found', message, httpStatus: status };
    case 503:
      return unavailable('unavailable', message);
    default:
      return status >= 400 && status <= 499
        ? { kind: 'nonsense', message, httpStatus: status }
        : unavailable('lost', message);
  }
}

/** 429, and whatever other status says so in words or with a Retry-After. */
export function isThrottled(answer: Answer): boolean {
  const status = answer.kind === 'not_sent' ? undefined : answer.httpStatus;
  if (answer.kind === 'not_sent' || status === undefined || status < 400 || status > 499) return false;
  return subjectOf({ ...answer, httpStatus: status, body: bodyOf(answer) }) === 'throttled';
}

/** Why a run ends whose reads come back like this, whatever is read. */
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
