/** The summary on one line: the last record of a log that is JSON lines, and what `--json` prints. */
import type { Ending } from './ending.ts';
import { summaryOf } from './summary-json.ts';

/** For standard output. */
export function summaryLine(ending: Ending): string {
  return `${JSON.stringify(summaryOf(ending))}\n`;
}

/** For the log. */
export function summaryRecord(ending: Ending): string {
  const time = new Date(ending.endedAt).toISOString();
  return `${JSON.stringify({ level: 'info', time, msg: 'summary', ...summaryOf(ending) })}\n`;
}
