/**
 * Limiter: carries out the policy with Bottleneck, which holds the queue, the asks in flight and the permits (its
 * reservoir); the policy decides when to add permits.
 * A permit is given only when the policy lets an ask go, ahead by the task's preparation time, so that no permit is
 * left over and used later. A throttled ask goes back to its caller: nothing is sent twice here.
 */
import { setTimeout as delay } from 'node:timers/promises';
import Bottleneck from 'bottleneck/light.js';
import type { Clock } from '../../domain/words.ts';
import { createLane } from './lane.ts';
import { localPacer, type MakePacer, type Permit, type Wait } from './pacer.ts';
import type { Allowance, AskKind, Observation, OwnPaceSettings, WaitReason } from './policy/policy.ts';

export type { AskKind, Observation, WaitReason } from './policy/policy.ts';

export interface LimiterOptions extends OwnPaceSettings {
  readonly clock: Clock;
  /** In [0, 1); draws the gaps. */
  readonly random?: () => number;
  /** Most exchanges in flight. */
  readonly maxConcurrent: number;
  /** People of an ask. */
  readonly batchSize?: number;
  /** Called when a wait begins, or its end or reason changes. Monotonic milliseconds. */
  readonly onWait?: (info: { readonly untilMonotonic: number; readonly why: WaitReason }) => void;
  /** Called when nothing waits any more. */
  readonly onWaitEnd?: () => void;
  /** Called once, when the API refused asks although its headers showed room; at most `atOnce` got through. */
  readonly onCeiling?: (atOnce: number) => void;
  /** Keeper of the policy's state; undefined: this process alone. */
  readonly pacer?: MakePacer | undefined;
}

/**
 * Lead of a permit before its instant: the time that a task needs until it could send, so that its preparation (the
 * ledger record is durable before the bytes go out) costs nothing of the window. The shortest covers Bottleneck's turns
 * of the event loop, the longest a slow disk; milliseconds. It falls slowly, because lateness costs more than waiting.
 */
const SHORTEST_LEAD = 2;
const LONGEST_LEAD = 50;
const KEPT_LEAD = 0.95;

/** Lead after an ask that took `took` from its permit until it was ready. */
export function leadAfter(lead: number, took: number): number {
  return Math.min(LONGEST_LEAD, Math.max(SHORTEST_LEAD, took, lead * KEPT_LEAD));
}

/** Smallest change of a wait's end that is reported, milliseconds. */
const WORTH_SAYING_MS = 1000;

/** Result of a task: its value, and the observation; undefined when nothing was sent. */
export interface TaskResult<T> {
  readonly value: T;
  readonly observation: Observation | undefined;
}

/** Handed to a task, which prepares at once, and sends when it is due. */
export interface Start {
  /**
   * Resolves when the bytes may go out. False: they may not, because of a pause since, or because the permit has
   * lapsed. The task then sends nothing, and is scheduled again.
   */
  due(): Promise<boolean>;
  /** Must be called right before the bytes go out. */
  sent(): void;
}

/** Unit of work; returns undefined if it was not due after all, and is to be run again. */
export type Task<T> = (start: Start) => Promise<TaskResult<T> | undefined>;

export interface LimiterSnapshot extends Partial<Allowance> {
  readonly ratePerSecond?: number;
  readonly inFlight: number;
  readonly queued: number;
  /** Answers 429 so far. */
  readonly throttled: number;
  /** Monotonic milliseconds, during a wait. */
  readonly waitingUntil?: number;
  readonly waitingWhy?: WaitReason;
}

export interface Limiter {
  /**
   * Runs `task` when it is nearly due; resolves with its value. A `read` (GET) counts in the server's allowance, but
   * not in gap and maxRate. Rejects with the task's error, or with `LimiterStopped`.
   */
  schedule<T>(kind: AskKind, task: Task<T>): Promise<T>;
  /** Starts nothing before that instant (monotonic milliseconds). Never shortens a wait. */
  pause(untilMonotonic: number, why?: WaitReason): void;
  readonly snapshot: LimiterSnapshot;
  /**
   * Starts no more asks; queued ones reject with `LimiterStopped`. Reads go on, because asks in doubt are still looked
   * up.
   */
  stopAsks(): void;
  /** Starts nothing more; queued tasks reject with `LimiterStopped`; resolves when the running ones have ended. */
  stop(): Promise<void>;
}

/** The limiter was stopped before the task started: nothing was sent. */
export class LimiterStopped extends Error {
  constructor() {
    super('stopped before this could start');
    this.name = 'LimiterStopped';
  }
}

/** A permit that no task has taken yet. */
interface Given {
  readonly permit: Permit;
  readonly givenAt: number;
}

export function createLimiter(options: LimiterOptions): Limiter {
  const { clock, random = Math.random, maxConcurrent, maxRate, gap } = options;
  const lanes: Readonly<Record<AskKind, Bottleneck>> = {
    ask: createLane(),
    read: createLane(),
  };
  /** Tasks not started, and their permits, oldest first. */
  const waiting: Record<AskKind, number> = { ask: 0, read: 0 };
  const permits: Record<AskKind, Given[]> = { ask: [], read: [] };
  let lead = SHORTEST_LEAD;
  /** Permits still in use. */
  let inFlight = 0;
  let throttled = 0;
  let hasCeiling = false;
  let waitingFor: Wait | undefined;
  const stopping: Partial<Record<AskKind, Promise<void>>> = {};
  const pacer = (options.pacer ?? localPacer)({
    clock,
    random,
    settings: {
      maxInFlight: maxConcurrent,
      ...(options.batchSize === undefined ? {} : { batchSize: options.batchSize }),
      ...(maxRate === undefined ? {} : { maxRate }),
      ...(gap === undefined ? {} : { gap }),
    },
    hooks: {
      demand: () => ({ ask: demand('ask'), read: demand('read') }),
      lead: () => lead,
      grant,
      waits,
    },
  });

  // The first start sets Bottleneck's own clock back (NO_MIN_TIME). A limiter stopped earlier drops it.
  for (const lane of Object.values(lanes)) {
    lane.schedule({ weight: 0 }, async () => undefined).catch(() => undefined);
  }

  function demand(kind: AskKind): number {
    return stopping[kind] === undefined ? Math.max(0, waiting[kind] - permits[kind].length) : 0;
  }

  function grant(given: readonly Permit[]): void {
    const added: Record<AskKind, number> = { ask: 0, read: 0 };
    for (const permit of given) {
      inFlight++;
      if (stopping[permit.kind] !== undefined) giveBack(permit);
      else {
        permits[permit.kind].push({ permit, givenAt: clock.monotonic() });
        added[permit.kind]++;
      }
    }
    for (const kind of ['read', 'ask'] as const) {
      if (added[kind] > 0) void lanes[kind].incrementReservoir(added[kind]);
    }
  }

  function giveBack({ id }: Permit): void {
    inFlight--;
    pacer.tell({ type: 'withdrawn', id });
  }

  function waits(next: Wait | undefined): void {
    const before = waitingFor;
    waitingFor = next;
    if (next === undefined) {
      if (before !== undefined) options.onWaitEnd?.();
    } else if (before?.why !== next.why || Math.abs(before.until - next.until) >= WORTH_SAYING_MS) {
      options.onWait?.({ untilMonotonic: next.until, why: next.why });
    }
  }

  /** Waits for the instant of a permit. */
  async function due({ permit, givenAt }: Given): Promise<boolean> {
    const readyAt = clock.monotonic();
    if (permit.kind === 'ask') lead = leadAfter(lead, readyAt - givenAt);
    for (let early = permit.from - readyAt; early > 0; early = permit.from - clock.monotonic()) {
      await delay(early);
    }
    return pacer.holds(permit);
  }

  async function run<T>(kind: AskKind, task: Task<T>): Promise<TaskResult<T> | undefined> {
    waiting[kind]--;
    const given = permits[kind].shift();
    if (given === undefined) {
      if (stopping[kind] !== undefined) throw new LimiterStopped();
      throw new Error('a task was started without a permit');
    }
    const { id } = given.permit;
    let sentAt: number | undefined;
    let observation: Observation | undefined;
    try {
      const result = await task({
        due: () => due(given),
        sent() {
          sentAt = clock.monotonic();
          pacer.tell({ type: 'sent', id });
        },
      });
      observation = result?.observation;
      return result;
    } finally {
      if (observation === undefined && sentAt !== undefined) {
        observation = { sentAt, answeredAt: clock.monotonic(), httpStatus: undefined, headers: {} };
      }
      if (observation?.httpStatus === 429) throttled++;
      inFlight--;
      pacer.tell(
        observation === undefined ? { type: 'withdrawn', id } : { type: 'answered', id, observation },
      );
      noteCeiling();
      pacer.look();
    }
  }

  function noteCeiling(): void {
    const { ceiling } = pacer.allowance;
    if (hasCeiling || ceiling === undefined) return;
    hasCeiling = true;
    options.onCeiling?.(ceiling);
  }

  /** Stops a queue, and gives back its unused permits, which never reached the server. */
  function stopLane(kind: AskKind): Promise<void> {
    const stopped = stopping[kind] ?? lanes[kind].stop().then(() => undefined);
    stopping[kind] = stopped;
    for (const { permit } of permits[kind].splice(0)) giveBack(permit);
    pacer.look();
    return stopped;
  }

  return {
    async schedule(kind, task) {
      for (;;) {
        if (stopping[kind] !== undefined) throw new LimiterStopped();
        waiting[kind]++;
        const done = lanes[kind].schedule(() => run(kind, task));
        pacer.look();
        try {
          const ended = await done;
          if (ended !== undefined) return ended.value;
        } catch (error) {
          if (!(error instanceof Bottleneck.BottleneckError)) throw error;
          waiting[kind]--;
          throw new LimiterStopped();
        }
      }
    },
    pause(untilMonotonic, why = 'paused') {
      pacer.tell({ type: 'paused', until: untilMonotonic, why });
      pacer.look();
    },
    get snapshot() {
      const queued = waiting.ask + waiting.read;
      return snapshotOf(pacer.allowance, { inFlight, queued, throttled }, waitingFor);
    },
    stopAsks() {
      void stopLane('ask');
    },
    async stop() {
      await Promise.all([stopLane('ask'), stopLane('read')]);
      await pacer.close();
    },
  };
}

function snapshotOf(
  allowance: Allowance,
  own: Pick<LimiterSnapshot, 'inFlight' | 'queued' | 'throttled'>,
  waitingFor: Wait | undefined,
): LimiterSnapshot {
  const { limit, windowMs } = allowance;
  return {
    ...allowance,
    ...(limit === undefined || windowMs === undefined ? {} : { ratePerSecond: (limit / windowMs) * 1000 }),
    ...own,
    ...(waitingFor === undefined ? {} : { waitingUntil: waitingFor.until, waitingWhy: waitingFor.why }),
  };
}
