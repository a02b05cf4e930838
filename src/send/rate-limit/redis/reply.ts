/** What the script of `scripts.ts` answers, and whether Redis's clock goes on as ours does. */
import type { WaitReason } from '../policy/policy.ts';

export interface Reply {
  readonly epoch: string;
  /** Redis's clock. */
  readonly now: number;
  /** Redis has lost what it knew, and nothing of what it was told was taken in. */
  readonly isLost: boolean;
  /** This process learns, or waits for another that does; neither: all go by the log. */
  readonly role: 'learns' | 'waits' | '';
  readonly limit: number | undefined;
  readonly windowMs: number | undefined;
  /** How long until more may go; undefined: until somebody's answer. */
  readonly waitMs: number | undefined;
  readonly why: WaitReason;
  /** Processes that want more than they have got, of late. */
  readonly waiting: number;
  /** So many of the places are for reads: the first. */
  readonly reads: number;
  /** When each place that was given may be used, ms from now. */
  readonly delays: readonly number[];
}

export function replyOf(words: readonly string[]): Reply {
  const [epoch = '', now = '', mode = '', role, limit, window, wait, why, waiting, reads, ...delays] = words;
  return {
    epoch,
    now: Number(now),
    isLost: mode === 'lost',
    role: role === 'learns' || role === 'waits' ? role : '',
    limit: limit ? Number(limit) : undefined,
    windowMs: window ? Number(window) : undefined,
    waitMs: Number(wait ?? -1) < 0 ? undefined : Number(wait),
    why: (why ?? 'window') as WaitReason,
    waiting: Number(waiting ?? 0),
    reads: Number(reads ?? 0),
    delays: delays.map(Number),
  };
}

/** A contradiction of this much is a clock that was set; less is one that is being slewed. Milliseconds. */
const SET_MS = 50;
/** Two clocks drift apart, milliseconds per millisecond. */
const DRIFT = 1e-3;

export class RedisTime {
  #last: { readonly sentAt: number; readonly receivedAt: number; readonly remote: number } | undefined;

  /** Redis's clock showed `remote` between the two instants. True when it was set since the time before. */
  add(sentAt: number, receivedAt: number, remote: number): boolean {
    const last = this.#last;
    this.#last = { sentAt, receivedAt, remote };
    if (last === undefined) return false;
    const went = remote - last.remote;
    const most = receivedAt - last.sentAt;
    const off = SET_MS + most * DRIFT;
    return went < sentAt - last.receivedAt - off || went > most + off;
  }
}
