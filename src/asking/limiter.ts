/**
 * Carries out the policy of `rate-limit.ts` with Bottleneck: the queue, the asks in flight and the permits
 * (its reservoir) are Bottleneck's; the policy says when to put how many permits into the reservoir.
 *
 * A permit is given only when the policy lets an ask start now, so that none lies about and is used later. The
 * limiter never runs a task twice: a throttled ask goes back to whoever scheduled it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import Bottleneck from 'bottleneck';
import type { Clock } from '../domain/words.ts';
import { createLane } from './pacing/lane.ts';
import {
  type AskKind,
  advance,
  decide,
  initial,
  type Observation,
  type OwnPaceSettings,
  type RateEvent,
  type RateState,
  type WaitReason,
  windowOf,
} from './rate-limit.ts';

export type { AskKind, Observation, WaitReason } from './rate-limit.ts';

export interface LimiterOptions extends OwnPaceSettings {
  readonly clock: Clock;
  /** In [0, 1); draws the gaps. */
  readonly random?: () => number;
  /** Ceiling on exchanges in flight. */
  readonly maxConcurrent: number;
  /** Called when a wait begins, or when its end or its reason changes. Monotonic milliseconds. */
  readonly onWait?: (info: { readonly untilMonotonic: number; readonly why: WaitReason }) => void;
  /** Called when nothing waits any more. */
  readonly onWaitEnd?: () => void;
}

/** What a task gives back: its value, and what was observed; undefined when nothing was sent. */
export interface TaskResult<T> {
  readonly value: T;
  readonly observation: Observation | undefined;
}

export interface LimiterSnapshot {
  /** Asks per window, by the server's last word. */
  readonly limit?: number;
  /** Length of the window as it is known now, milliseconds. */
  readonly windowMs?: number;
  readonly ratePerSecond?: number;
  /** Asks that the server will surely take now. */
  readonly remaining?: number;
  readonly inFlight: number;
  readonly queued: number;
  /** Answers 429 so far. */
  readonly throttled: number;
  /** Monotonic milliseconds, while waiting. */
  readonly waitingUntil?: number;
  readonly waitingWhy?: WaitReason;
}

export interface Limiter {
  /**
   * Runs `task` when it may start. The task calls `sent()` right before the bytes go out, and resolves with its value
   * and what was observed. A `read` (GET) counts in the server's allowance, but not in gap and maxRate.
   * Rejects with what the task throws, or with `LimiterStopped`.
   */
  schedule<T>(kind: AskKind, task: (sent: () => void) => Promise<TaskResult<T>>): Promise<T>;
  /** Starts nothing before that instant (monotonic milliseconds). Never shortens a wait. */
  pause(untilMonotonic: number, why?: WaitReason): void;
  readonly snapshot: LimiterSnapshot;
  /** Starts no more asks; queued ones reject with `LimiterStopped`. Reads go on: what is in doubt is still looked up. */
  stopAsks(): void;
  /** Starts nothing more; queued tasks reject with `LimiterStopped`; resolves when the running ones have ended. */
  stop(): Promise<void>;
}

/** The limiter was stopped before the task could start: nothing was sent. */
export class LimiterStopped extends Error {
  constructor() {
    super('stopped before this could start');
    this.name = 'LimiterStopped';
  }
}

/**
 * Bottleneck takes some turns of the event loop from a permit to the start: permits are put in this much ahead of
 * their time (milliseconds), and the task waits for the rest of it in its own slot.
 */
const LEAD = 2;
/** Longest delay that a Node timer takes, milliseconds. */
const LONGEST_TIMER = 2_147_483_647;
export function createLimiter(options: LimiterOptions): Limiter {
  const { clock, random = Math.random, maxConcurrent, maxRate, gap } = options;
  const lanes: Readonly<Record<AskKind, Bottleneck>> = {
    ask: createLane(maxConcurrent),
    read: createLane(maxConcurrent),
  };
  /** Tasks that have not started, and the permits given to them, oldest first. */
  const waiting: Record<AskKind, number> = { ask: 0, read: 0 };
  const permits: Record<AskKind, { readonly id: number; readonly from: number }[]> = { ask: [], read: [] };
  let state: RateState = initial({
    maxInFlight: maxConcurrent,
    ...(maxRate === undefined ? {} : { maxRate }),
    ...(gap === undefined ? {} : { gap }),
  });
  let timer: NodeJS.Timeout | undefined;
  let waitingFor: { readonly untilMonotonic: number; readonly why: WaitReason } | undefined;
  const stopping: Partial<Record<AskKind, Promise<void>>> = {};

  // The first start dates Bottleneck's own clock back: see NO_MIN_TIME. A limiter stopped before that drops it.
  for (const lane of Object.values(lanes)) {
    lane.schedule({ weight: 0 }, async () => undefined).catch(() => undefined);
  }

  function tell(event: RateEvent): void {
    state = advance(state, event, clock.monotonic());
  }

  /** Gives what the policy lets go now, and sets the timer for the rest. */
  function pump(): void {
    clearTimeout(timer);
    timer = undefined;
    const open = (['read', 'ask'] as const).filter((kind) => stopping[kind] === undefined);
    const waits = open.map(give).filter((wait) => wait !== undefined);
    const next = waits.sort((a, b) => a.untilMonotonic - b.untilMonotonic)[0];
    if (next === undefined) {
      if (waitingFor !== undefined) options.onWaitEnd?.();
      waitingFor = undefined;
      return;
    }
    const ahead = Math.ceil(next.untilMonotonic - LEAD - clock.monotonic());
    timer = setTimeout(pump, Math.min(Math.max(ahead, 1), LONGEST_TIMER));
    const changed = waitingFor?.untilMonotonic !== next.untilMonotonic || waitingFor.why !== next.why;
    waitingFor = next;
    if (changed) options.onWait?.(next);
  }

  function give(kind: AskKind): { readonly untilMonotonic: number; readonly why: WaitReason } | undefined {
    let given = 0;
    let wait: { readonly untilMonotonic: number; readonly why: WaitReason } | undefined;
    while (waiting[kind] > permits[kind].length) {
      const now = clock.monotonic();
      let from = now;
      let verdict = decide(state, kind, now);
      if (!verdict.go && verdict.until !== undefined && verdict.until <= now + LEAD) {
        from = verdict.until;
        verdict = decide(state, kind, from);
      }
      if (!verdict.go) {
        if (verdict.until !== undefined) wait = { untilMonotonic: verdict.until, why: verdict.why };
        break;
      }
      permits[kind].push({ id: state.nextId, from });
      state = advance(state, { type: 'granted', kind, solo: verdict.solo, random: random() }, from);
      given++;
    }
    if (given > 0) void lanes[kind].incrementReservoir(given);
    return wait;
  }

  async function run<T>(kind: AskKind, task: (sent: () => void) => Promise<TaskResult<T>>): Promise<T> {
    waiting[kind]--;
    const permit = permits[kind].shift();
    if (permit === undefined) {
      if (stopping[kind] !== undefined) throw new LimiterStopped();
      throw new Error('a task was started without a permit');
    }
    const { id, from } = permit;
    for (let early = from - clock.monotonic(); early > 0; early = from - clock.monotonic()) {
      await delay(early);
    }
    let sentAt: number | undefined;
    let observation: Observation | undefined;
    try {
      const result = await task(() => {
        sentAt = clock.monotonic();
        tell({ type: 'sent', id });
      });
      observation = result.observation;
      return result.value;
    } finally {
      if (observation === undefined && sentAt !== undefined) {
        observation = { sentAt, answeredAt: clock.monotonic(), httpStatus: undefined, headers: {} };
      }
      tell(observation === undefined ? { type: 'withdrawn', id } : { type: 'answered', id, observation });
      pump();
    }
  }

  /** What was granted and did not start is given back: it never reached the server. */
  function stopLane(kind: AskKind): Promise<void> {
    const stopped = stopping[kind] ?? lanes[kind].stop().then(() => undefined);
    stopping[kind] = stopped;
    for (const { id } of permits[kind].splice(0)) tell({ type: 'withdrawn', id });
    pump();
    return stopped;
  }

  return {
    async schedule(kind, task) {
      if (stopping[kind] !== undefined) throw new LimiterStopped();
      waiting[kind]++;
      const done = lanes[kind].schedule(() => run(kind, task));
      pump();
      try {
        return await done;
      } catch (error) {
        if (!(error instanceof Bottleneck.BottleneckError)) throw error;
        waiting[kind]--;
        throw new LimiterStopped();
      }
    },
    pause(untilMonotonic, why = 'paused') {
      tell({ type: 'paused', until: untilMonotonic, why });
      pump();
    },
    get snapshot() {
      return snapshotOf(state, waiting.ask + waiting.read, waitingFor);
    },
    stopAsks() {
      void stopLane('ask');
    },
    async stop() {
      await Promise.all([stopLane('ask'), stopLane('read')]);
    },
  };
}

function snapshotOf(
  state: RateState,
  queued: number,
  waitingFor: { readonly untilMonotonic: number; readonly why: WaitReason } | undefined,
): LimiterSnapshot {
  const windowMs = windowOf(state);
  const { limit } = state;
  return {
    ...(limit === undefined ? {} : { limit, remaining: state.credit }),
    ...(windowMs === undefined ? {} : { windowMs }),
    ...(limit === undefined || windowMs === undefined ? {} : { ratePerSecond: (limit / windowMs) * 1000 }),
    inFlight: state.asks.filter((ask) => ask.answeredAt === undefined).length,
    queued,
    throttled: state.throttled,
    ...(waitingFor === undefined
      ? {}
      : { waitingUntil: waitingFor.untilMonotonic, waitingWhy: waitingFor.why }),
  };
}
