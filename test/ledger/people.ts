/** People to ask, for tests and benches. */
import type { ChatId, Outcome, Pair, Participant, SettledStatus } from '../../src/domain/words.ts';

export const SENDER = '919837000000';

export function pair(person: number, group = 1): Pair {
  return {
    chatId: `1203633713083${String(group).padStart(5, '0')}@g.us` as ChatId,
    participant: String(919_000_000_000 + person) as Participant,
  };
}

export function outcome(status: SettledStatus = 'invited', extra: Partial<Outcome> = {}): Outcome {
  return {
    status,
    reasonCode: '',
    message: 'Invite sent to participant',
    httpStatus: 200,
    traceId: 'ff85c2a0-dc08-11ef-b2dd-f36c1b4f3634',
    ...extra,
  };
}
