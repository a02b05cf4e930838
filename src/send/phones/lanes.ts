/**
 * Limiters of the sending phones, by name: one for all of them if the server counts by the key, one for each if it
 * counts by the phone (`--limit-per`). A run with one phone has a map of one.
 * Each phone has its gap, its pause and its stop in either case: kept by its own limiter, or by a gate in front of a
 * shared one.
 */
import type { Clock } from '../../domain/words.ts';
import {
  type AskKind,
  type Limiter,
  type LimiterSnapshot,
  LimiterStopped,
  type Task,
  type WaitReason,
} from '../rate-limit/limiter.ts';
import type { OwnPaceSettings } from '../rate-limit/policy/policy.ts';
import { Gate, type Wait, WaitBoard } from './gate.ts';

export interface LimiterParts {
  /** Most exchanges in flight. */
  readonly maxConcurrent: number;
  readonly gap: OwnPaceSettings['gap'];
  /** Phone of the limiter, under the same name in other processes; undefined: all phones. */
  readonly sender: string | undefined;
  readonly onWait: (wait: Wait) => void;
  readonly onWaitEnd: () => void;
}

export interface LanesOptions {
  readonly clock: Clock;
  readonly random?: (() => number) | undefined;
  readonly makeLimiter: (parts: LimiterParts) => Limiter;
  /** Scope of the server's allowance. */
  readonly per: 'key' | 'phone';
  /** Phones of the run, which share the ceiling if each has a limiter. */
  readonly phones: number;
  /** Most exchanges in flight, over all phones. */
  readonly maxConcurrent: number;
  readonly gap: OwnPaceSettings['gap'];
  /** Other processes share the gap, so the limiter keeps it in either case. */
  readonly gapIsShared: boolean;
  readonly onWait: (wait: Wait) => void;
  readonly onWaitEnd: () => void;
}

export type Lanes = ReturnType<typeof createLanes>;

export function createLanes(options: LanesOptions) {
  const { per, phones } = options;
  const board = new WaitBoard(options.onWait, options.onWaitEnd);
  const limiters: Limiter[] = [];
  const gates: Gate[] = [];
  const lanes = new Map<string, Limiter>();
  const isOwn = per === 'phone' || phones < 2;
  const common = isOwn ? undefined : make(undefined, options.gapIsShared);

  function make(sender: string | undefined, keepsGap: boolean): Limiter {
    const who = {};
    const share = isOwn ? Math.max(1, Math.floor(options.maxConcurrent / phones)) : options.maxConcurrent;
    const limiter = options.makeLimiter({
      maxConcurrent: share,
      gap: keepsGap ? options.gap : undefined,
      sender: per === 'phone' ? sender : undefined,
      onWait: (wait) => board.set(who, wait),
      onWaitEnd: () => board.set(who, undefined),
    });
    limiters.push(limiter);
    return limiter;
  }

  function laneOf(sender: string): Limiter {
    if (common === undefined) return make(sender, true);
    const { clock, random = Math.random } = options;
    const gap = options.gapIsShared ? undefined : options.gap;
    const gate = new Gate({ clock, random, gap, onWait: (wait) => board.set(gate, wait) });
    gates.push(gate);
    return gated(common, gate, () => snapshot());
  }

  function snapshot(): LimiterSnapshot {
    const waiting = board.shown;
    return {
      ...addedUp(
        limiters.map((limiter) => limiter.snapshot),
        gates.reduce((total, gate) => total + gate.queued, 0),
      ),
      ...(waiting && { waitingUntil: waiting.untilMonotonic, waitingWhy: waiting.why }),
    };
  }

  return {
    /** Limiter of one phone. Its `pause`, `stopAsks` and `stop` affect only this phone. */
    lane(sender: string): Limiter {
      const known = lanes.get(sender) ?? laneOf(sender);
      lanes.set(sender, known);
      return known;
    },
    /** Starts nothing through any phone before that instant (monotonic ms). */
    pause(untilMonotonic: number, why?: WaitReason): void {
      for (const limiter of limiters) limiter.pause(untilMonotonic, why);
    },
    get snapshot() {
      return snapshot();
    },
    stopAsks(): void {
      for (const gate of gates) gate.close();
      for (const limiter of limiters) limiter.stopAsks();
    },
    async stop(): Promise<void> {
      for (const gate of gates) gate.close();
      await Promise.all(limiters.map((limiter) => limiter.stop()));
    },
  };
}

/** Limiter of one phone: a gate in front of a shared limiter. */
function gated(limiter: Limiter, gate: Gate, snapshot: () => LimiterSnapshot): Limiter {
  const stopped = new Set<AskKind>();
  return {
    async schedule<T>(kind: AskKind, task: Task<T>): Promise<T> {
      for (;;) {
        if (stopped.has(kind)) throw new LimiterStopped();
        if (kind === 'read') return limiter.schedule(kind, task);
        let ran = false;
        const value = await gate.pass((passed) =>
          limiter.schedule<T | undefined>(kind, async (start) => {
            // Closed or paused during the wait for the allowance: the grant goes back unsent.
            ran = gate.isOpen;
            if (!ran) return { value: undefined, observation: undefined };
            return task({
              due: async () => (await start.due()) && !gate.isPaused,
              sent() {
                start.sent();
                passed();
              },
            });
          }),
        );
        if (ran) return value as T;
      }
    },
    pause: (untilMonotonic, why) => gate.pause(untilMonotonic, why),
    get snapshot() {
      return snapshot();
    },
    stopAsks() {
      stopped.add('ask');
      gate.close();
    },
    async stop() {
      stopped.add('ask').add('read');
      gate.close();
    },
  };
}

/** Sum of the limiters' snapshots; `queued` tasks wait in front of them. */
function addedUp(all: readonly LimiterSnapshot[], queued: number): LimiterSnapshot {
  const sum = (of: (one: LimiterSnapshot) => number | undefined): number | undefined => {
    const known = all.map(of).filter((value) => value !== undefined);
    return known.length === 0 ? undefined : known.reduce((a, b) => a + b, 0);
  };
  const limit = sum((one) => one.limit);
  const remaining = sum((one) => one.remaining);
  const ratePerSecond = sum((one) => one.ratePerSecond);
  const ceiling = sum((one) => one.ceiling);
  const windows = all.map((one) => one.windowMs).filter((value) => value !== undefined);
  return {
    ...(limit === undefined ? {} : { limit }),
    ...(remaining === undefined ? {} : { remaining }),
    ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
    ...(ceiling === undefined ? {} : { ceiling }),
    ...(windows.length === 0 ? {} : { windowMs: Math.max(...windows) }),
    inFlight: sum((one) => one.inFlight) ?? 0,
    queued: (sum((one) => one.queued) ?? 0) + queued,
    throttled: sum((one) => one.throttled) ?? 0,
  };
}
