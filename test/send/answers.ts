import type { Participant } from '../../src/domain/words.ts';
import type { Answer } from '../../src/send/api/answer.ts';

export const ANNA = '919537851844' as Participant;
export const BORIS = '14155550100' as Participant;
export const CARLA = '4915112345678' as Participant;

/** A complete answer. A body that is no string is sent as JSON. */
export function answered(
  httpStatus: number,
  body: unknown = '',
  headers: Record<string, string> = {},
): Answer {
  return {
    kind: 'answer',
    httpStatus,
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    traceId: 'trace-1',
    sentAt: 1,
    answeredAt: 2,
  };
}

export function broken(httpStatus?: number, headers: Record<string, string> = {}): Answer {
  return {
    kind: 'lost',
    cause: 'timeout',
    message: 'no answer in time',
    httpStatus,
    headers,
    traceId: httpStatus === undefined ? '' : 'trace-1',
    sentAt: 1,
    answeredAt: 2,
  };
}

export const UNSENT: Answer = {
  kind: 'not_sent',
  cause: 'refused',
  message: 'the connection was refused',
  sentAt: 1,
  answeredAt: 1,
};
