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
      readonly kind: 'key_rejected' | 'forbidden' | 'not_found' | 'redirected' | 'nonsense';
      readonly message: string;
    };

export function bodyOf(answer: Answer): string {
  return answer.kind === 'answer' ? answer.body : '';
}

export function nonsense(answer: Answer): ReadFailure {
  return { kind: 'nonsense', message: serverWords(bodyOf(answer)) || 'an empty body' };
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
  if (status >= 300 && status <= 399) return { kind: 'redirected', message };
  switch (status) {
    case 401:
    case 402:
      return { kind: 'key_rejected', message };
    case 403:
      return { kind: 'forbidden', message };
    case 404:
      return { kind: 'not_found', message };
    case 429:
      return unavailable('throttled', message);
    case 503:
      return unavailable('unavailable', message);
    default:
      return status >= 400 && status <= 499 ? { kind: 'nonsense', message } : unavailable('lost', message);
  }
}

function unavailable(
  why: Extract<ReadFailure, { kind: 'unavailable' }>['why'],
  message: string,
): ReadFailure {
  return { kind: 'unavailable', why, message };
}
