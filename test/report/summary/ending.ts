import type { ReasonCode } from '../../../src/domain/reasons.ts';
import type { Status } from '../../../src/domain/words.ts';
import { type Ending, TallyMaker } from '../../../src/report/summary/tally.ts';

export const MODERN = '120363371308389685@g.us';
/** Begins with the number of whoever made the group. */
export const LEGACY = '905301234567-1574073754@g.us';

type Rows = readonly (readonly [
  chatId: string,
  status: Status,
  reasonCode: ReasonCode | '',
  rows?: number,
])[];

export const ROWS: Rows = [
  [MODERN, 'added', '', 3],
  [MODERN, 'invited', '', 2],
  [MODERN, 'failed', 'not_on_whatsapp', 2],
  [MODERN, 'unknown', 'no_answer'],
  [LEGACY, 'added', '', 4],
  ['120363402715563921@g.us', 'added', ''],
  ['120363402715563921@g.us', 'not_attempted', 'deadline', 5],
  ['', 'invalid', 'phone_missing', 2],
];

export function tallyOf(rows: Rows): TallyMaker {
  const tally = new TallyMaker();
  for (const [chatId, status, reasonCode, times = 1] of rows) {
    for (let i = 0; i < times; i++) {
      const number = tally.rows + 2;
      tally.add(chatId, status, reasonCode, () => ({ number, name: 'Asha Rao' }));
    }
  }
  return tally;
}

export function endingOf(over: Partial<Ending> = {}): Ending {
  return {
    command: 'run',
    cohort: 'data/cohort.csv',
    results: 'data/cohort.results.csv',
    ledger: 'data/cohort.results.csv.ledger.jsonl',
    sandbox: false,
    dryRun: false,
    tally: tallyOf(ROWS),
    groupName: (id) => (id === MODERN ? 'Spring <cohort> | 1' : ''),
    exit: 4,
    stopped: undefined,
    next: 'group-onboard run data/cohort.csv --phone 919876543210 --retry failed',
    asks: 14,
    throttled: 1,
    waitedMs: new Map([
      ['window', 2_500],
      ['gap', 60_000],
    ]),
    startedAt: Date.parse('2025-01-26T17:14:27.000Z'),
    endedAt: Date.parse('2025-01-26T17:15:37.500Z'),
    elapsedMs: 70_500,
    ...over,
  };
}
