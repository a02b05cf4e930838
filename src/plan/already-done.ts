import { STATUSES, type Status } from '../domain/words.ts';
import { count } from '../lib/text.ts';
import { formatDuration } from '../lib/units.ts';
import type { Survey } from './survey.ts';

const DAY_MS = 86_400_000;

/** The part of the ledger with the times of asks. */
interface AskTimes {
  askedInLast(ms: number, sender: string): number;
  lastAskedAt(): number | undefined;
  roomAt(ms: number, sender: string, cap: number): number | undefined;
}

export interface Done {
  readonly facts: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/**
 * Summary of former runs, for the first lines of the log: it shows that a container restarted in the night continues
 * and does not start over. undefined: no outcome is known.
 * @param now epoch ms
 */
export function alreadyDone(
  plan: Survey,
  ledger: AskTimes,
  { dailyCap, sender }: { readonly dailyCap: number | undefined; readonly sender: string | undefined },
  now: number,
): Done | undefined {
  const last = ledger.lastAskedAt();
  if (plan.known === 0 && last === undefined) return undefined;
  const order: readonly (Status | 'in_doubt')[] = [...STATUSES, 'in_doubt'];
  const counts = order.flatMap((status) => {
    const n = plan.knownByStatus.get(status);
    return n === undefined ? [] : [[status, n] as const];
  });
  const listed = counts.map(([status, n]) => `${n} ${status.replace('_doubt', ' doubt')}`).join(', ');
  const parts = [
    `already done: ${plan.known} of ${count(plan.rows, 'row')}${listed && ` (${listed})`}`,
    `${plan.toAsk} to ask`,
  ];
  const facts: Record<string, unknown> = {
    done: plan.known,
    rows: plan.rows,
    by_status: Object.fromEntries(counts),
    to_ask: plan.toAsk,
  };
  if (last !== undefined) {
    // The wall clock may have been set back since.
    const ago = Math.max(0, now - last);
    parts.push(`last asked ${formatDuration(ago)} ago`);
    facts['last_asked_at'] = new Date(last).toISOString();
  }
  if (dailyCap !== undefined && sender !== undefined && plan.toAsk > 0) {
    const asked = ledger.askedInLast(DAY_MS, sender);
    if (asked > 0) {
      parts.push(`${asked} of ${dailyCap} asked in the last 24 h`);
      facts['asked_in_24_h'] = asked;
    }
    const roomAt = ledger.roomAt(DAY_MS, sender, dailyCap);
    if (roomAt !== undefined) {
      parts.push(`--daily-cap has room again in ${formatDuration(roomAt - now)}`);
      facts['room_at'] = new Date(roomAt).toISOString();
    }
  }
  return { facts, message: parts.join('; ') };
}
