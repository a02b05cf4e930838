/** The sandbox's own record of its requests, which the end-to-end tests check. */
import { appendFileSync, closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import type { Effect } from './outcomes.ts';
import type { Deed } from './world.ts';

export type Endpoint = 'add' | 'chat' | 'chats' | 'notifications' | 'phones' | 'other';

interface PairCount {
  /** Number of add requests with the pair in the body, refused or not. */
  received: number;
  /**
   * Number of asks of the pair from the client's point of view: requests that were processed, or may have been by their
   * answer (reset, 500, 502, …). Not counted: requests certainly refused (limiter, 3xx, 4xx, 503) and WhatsApp-level
   * throttling. More than 1 is a second ask, which must not happen.
   */
  asked: number;
  /** Number of times that the person was actually added or invited. */
  done: number;
  /** Last effect on the pair; `untouched` while every request was refused or lost. */
  status: Effect | 'untouched';
}

interface TimelineEntry {
  /**
   * Time at which the limiter (or an earlier refusal) saw the request: milliseconds since the epoch, with fractions.
   */
  readonly at: number;
  readonly endpoint: Endpoint;
  /** HTTP status; 0 when the connection was reset. */
  readonly status: number;
  /** Whether the limiter refused it: a 429 that is not a fault's. */
  readonly throttled: boolean;
}

interface WindowCount {
  /** End of the window, milliseconds since the epoch, true clock. */
  readonly endsAt: number;
  allowed: number;
  throttled: number;
}

export interface SandboxCounts {
  /** Number of add requests that the client must count as asks: see `PairCount.asked`. */
  readonly asks: number;
  /** Number of requests by endpoint, then by HTTP status (`0`: connection reset). */
  readonly requests: Readonly<Record<Endpoint, Readonly<Record<string, number>>>>;
  /** Number of 429s from the limiter, without those of faults and of `force429`. */
  readonly throttled: number;
  /** Counts of pairs by `<chat_id> <participant>`. */
  readonly pairs: Readonly<Record<string, Readonly<PairCount>>>;
  /** Fixed windows with a request in them, oldest first; at most the last 10,000. */
  readonly windows: readonly WindowCount[];
  /** Requests, oldest first; at most the last 50,000. */
  readonly timeline: readonly TimelineEntry[];
  /** Most concurrent requests. */
  readonly maxInFlight: number;
  /** Number of participants asked, by `x-phone`. */
  readonly senders: Readonly<Record<string, number>>;
  /** Port that redirects point to: number of its requests, and whether any contained the key. */
  readonly decoy: { readonly requests: number; readonly keySeen: boolean };
}

/** A line of the record file: one valid add request, and its result. */
export interface RecordLine {
  /** ISO 8601. */
  readonly at: string;
  readonly chat_id: string;
  readonly participants: readonly string[];
  /** HTTP status; 0 when the connection was reset. */
  readonly http: number;
  readonly asked: boolean;
  readonly effects: Readonly<Record<string, Effect>>;
  /** Ending of the fault that struck, or ''. */
  readonly fault: string;
  readonly sender: string;
}

const TIMELINE_MAX = 50_000;
const WINDOWS_MAX = 10_000;

export class Counts {
  inFlight = 0;
  decoy = { requests: 0, keySeen: false };
  #asks = 0;
  #throttled = 0;
  #maxInFlight = 0;
  #requests: Record<Endpoint, Record<string, number>> = emptyRequests();
  readonly #pairs = new Map<string, PairCount>();
  readonly #windows = new Map<number, WindowCount>();
  #timeline: TimelineEntry[] = [];
  readonly #senders = new Map<string, number>();
  readonly #file: number | undefined;

  constructor(recordFile?: string) {
    this.#file = recordFile === undefined ? undefined : openSync(recordFile, 'a', 0o600);
  }

  reset(): void {
    this.#asks = 0;
    this.#throttled = 0;
    this.#maxInFlight = this.inFlight;
    this.#requests = emptyRequests();
    this.#pairs.clear();
    this.#windows.clear();
    this.#timeline = [];
    this.#senders.clear();
    this.decoy = { requests: 0, keySeen: false };
  }

  arrived(): void {
    this.inFlight++;
    this.#maxInFlight = Math.max(this.#maxInFlight, this.inFlight);
  }

  received(chatId: string, participants: readonly string[]): void {
    for (const participant of participants) this.#pair(chatId, participant).received++;
  }

  /** Writes the record before the answer is sent, so that every visible answer is recorded. */
  acted(chatId: string, participants: readonly string[], sender: string, http: number, deed: Deed): void {
    const { asked, effects, fault } = deed;
    const line: RecordLine = {
      at: new Date().toISOString(),
      chat_id: chatId,
      participants,
      http,
      asked,
      effects,
      fault,
      sender,
    };
    if (this.#file !== undefined) appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
    this.#count(line);
  }

  /** Counts a request that an earlier process of the sandbox recorded. */
  replay(line: RecordLine): void {
    this.received(line.chat_id, line.participants);
    this.#count(line);
  }

  onVerdict(allowed: boolean, resetAt: number): void {
    if (!allowed) this.#throttled++;
    let window = this.#windows.get(resetAt);
    if (!window) {
      window = { endsAt: resetAt, allowed: 0, throttled: 0 };
      this.#windows.set(resetAt, window);
      const [oldest] = this.#windows.keys();
      if (this.#windows.size > WINDOWS_MAX && oldest !== undefined) this.#windows.delete(oldest);
    }
    if (allowed) window.allowed++;
    else window.throttled++;
  }

  answered(endpoint: Endpoint, status: number, at: number, throttled: boolean): void {
    const statuses = this.#requests[endpoint];
    statuses[status] = (statuses[status] ?? 0) + 1;
    this.#timeline.push({ at, endpoint, status, throttled });
    // Cut in large steps, because a shift of the array for every request costs more than the request.
    if (this.#timeline.length >= 2 * TIMELINE_MAX) this.#timeline.splice(0, TIMELINE_MAX);
  }

  snapshot(): SandboxCounts {
    return structuredClone({
      asks: this.#asks,
      requests: this.#requests,
      throttled: this.#throttled,
      pairs: Object.fromEntries(this.#pairs),
      windows: [...this.#windows.values()],
      timeline: this.#timeline.slice(-TIMELINE_MAX),
      maxInFlight: this.#maxInFlight,
      senders: Object.fromEntries(this.#senders),
      decoy: this.decoy,
    });
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }

  #count(line: RecordLine): void {
    if (line.asked) this.#asks++;
    for (const participant of line.participants) {
      const effect = line.effects[participant];
      const pair = this.#pair(line.chat_id, participant);
      if (line.asked && effect !== 'throttled') {
        pair.asked++;
        this.#senders.set(line.sender, (this.#senders.get(line.sender) ?? 0) + 1);
      }
      if (effect === 'added' || effect === 'invited') pair.done++;
      if (effect) pair.status = effect;
    }
  }

  #pair(chatId: string, participant: string): PairCount {
    const name = `${chatId} ${participant}`;
    const known = this.#pairs.get(name);
    if (known) return known;
    const pair: PairCount = { received: 0, asked: 0, done: 0, status: 'untouched' };
    this.#pairs.set(name, pair);
    return pair;
  }
}

const emptyRequests = (): Record<Endpoint, Record<string, number>> => ({
  add: {},
  chat: {},
  chats: {},
  notifications: {},
  phones: {},
  other: {},
});

/** Milliseconds since the epoch with the monotonic clock's resolution, to measure rates. */
export const preciseNow = (): number => performance.timeOrigin + performance.now();

/** Lines of a record file; none if it does not exist. A torn last line (the sandbox was killed) is left out. */
export function readRecord(recordFile: string): RecordLine[] {
  if (!existsSync(recordFile)) return [];
  return readFileSync(recordFile, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as RecordLine);
}
