/**
 * One limiter for several phones, or one for each: whatever the server counts (see scope.ts). Each phone gets a lane,
 * which is a limiter to whoever uses it; behind the lanes stand the real ones.
 *
 * While it is open how the server counts, asks wait here and go out one at a time; after that they wait in their
 * limiter, as in a run with one phone.
 */
import type { Clock } from '../../domain/words.ts';
import {
  type AskKind,
  type Limiter,
  type LimiterSnapshot,
  LimiterStopped,
  type Observation,
  type TaskResult,
  type WaitReason,
} from '../limiter.ts';
import { readFacts, toldToWaitMs } from '../pacing/headers.ts';
import type { OwnPaceSettings } from '../rate-limit.ts';
import { Gate } from './gate.ts';
import { OneByOne } from './one-by-one.ts';
import { ScopeJudge } from './scope.ts';
import { addedUp } from './snapshot.ts';
import { type Wait, WaitBoard } from './wait-board.ts';

/** A pause that a server asks for is believed up to this length, ms. */
const LONGEST_PAUSE = 3_600_000;

export interface LimiterParts {
  readonly maxConcurrent: number;
  readonly onWait: (wait: Wait) => void;
  readonly onWaitEnd: () => void;
}

export interface RouterOptions {
  readonly clock: Clock;
  readonly random?: (() => number) | undefined;
  /** Makes a real limiter, without a gap: that is kept here, for each phone. */
  readonly makeLimiter: (parts: LimiterParts) => Limiter;
  readonly gap: OwnPaceSettings['gap'];
  /** Ceiling on exchanges in flight, over all phones. */
  readonly maxConcurrent: number;
  /** Phones that have asks to make. */
  readonly phones: number;
  /** False: never a limiter for each, as something else is shared (`--max-rate`, or other processes). */
  readonly mayPart: boolean;
  readonly onWait?: ((wait: Wait) => void) | undefined;
  readonly onWaitEnd?: (() => void) | undefined;
  /** Called when the limiters are parted, or put together again. */
  readonly onScope?: ((scope: 'shared' | 'apart') => void) | undefined;
}

export interface Router {
  /** The limiter of one phone. `pause` and `stopAsks` are for this phone; `stop` and what was queued are, too. */
  lane(sender: string): Limiter;
  /** Starts nothing through any phone before that instant (monotonic ms). */
  pause(untilMonotonic: number, why?: WaitReason): void;
  readonly snapshot: LimiterSnapshot;
  stopAsks(): void;
  stop(): Promise<void>;
}

type Task<T> = (sent: () => void) => Promise<TaskResult<T>>;

export function createRouter(options: RouterOptions): Router {
  const { clock, random = Math.random } = options;
  const each = Math.floor(options.maxConcurrent / options.phones);
  const judge = new ScopeJudge();
  if (!options.mayPart || options.phones < 2 || each < 1) judge.settle();
  const board = new WaitBoard(
    (wait) => options.onWait?.(wait),
    () => options.onWaitEnd?.(),
  );
  const gates = new Map<string, Gate>();
  const stopped: Record<AskKind, Set<string> | 'all'> = { ask: new Set(), read: new Set() };
  let shared: Limiter = make(options.maxConcurrent);
  const own = new Map<string, Limiter>();
  /** Answers 429, in whatever limiter. */
  let throttled = 0;
  const oneByOne = new OneByOne({ judge, clock, onWait: (wait) => board.set(judge, wait) });
  let pausedUntil = Number.NEGATIVE_INFINITY;

  function make(maxConcurrent: number): Limiter {
    const who = {};
    return options.makeLimiter({
      maxConcurrent,
      onWait: (wait) => board.set(who, wait),
      onWaitEnd: () => board.set(who, undefined),
    });
  }

  function limiters(): readonly Limiter[] {
    return judge.scope === 'apart' ? [...own.values()] : [shared];
  }

  function limiterOf(sender: string): Limiter {
    if (judge.scope !== 'apart') return shared;
    const known = own.get(sender);
    if (known) return known;
    const made = make(each);
    own.set(sender, made);
    made.pause(Math.max(judge.freshAt(sender), pausedUntil));
    return made;
  }

  const isStopped = (sender: string, kind: AskKind): boolean => {
    const set = stopped[kind];
    return set === 'all' || set.has(sender);
  };

  function gateOf(sender: string): Gate {
    const known = gates.get(sender);
    if (known) return known;
    const gate = new Gate({ clock, random, gap: options.gap, onWait: (wait) => board.set(gate, wait) });
    gates.set(sender, gate);
    return gate;
  }

  /** Hands a task to its limiter, and again to the next one when the limiters were changed under it. */
  async function hand<T>(sender: string, kind: AskKind, task: Task<T>): Promise<T> {
    for (;;) {
      if (isStopped(sender, kind)) throw new LimiterStopped();
      const limiter = limiterOf(sender);
      try {
        return await limiter.schedule(kind, (sent) => watched(sender, task, sent));
      } catch (error) {
        if (!(error instanceof LimiterStopped) || limiters().includes(limiter)) throw error;
      }
    }
  }

  /** Runs a task, and has the judge see what came of it. */
  async function watched<T>(sender: string, task: Task<T>, sent: () => void): Promise<TaskResult<T>> {
    const counted = judge.scope === 'apart' ? judge.sent(sender) : undefined;
    let went = false;
    let observation: Observation | undefined;
    try {
      const result = await task(() => {
        went = true;
        sent();
      });
      observation = result.observation;
      if (observation?.httpStatus === 429) throttled++;
      return result;
    } finally {
      if (counted) {
        judge.answered(counted, observation);
        if (judge.scope !== 'apart') together(observation);
      } else if (judge.scope === 'open' && went) {
        if (oneByOne.isMixed) judge.disturbed();
        else judge.alone(sender, observation);
        if (judge.scope !== 'open') decided();
      }
    }
  }

  function decided(): void {
    if (judge.scope === 'apart') {
      void shared.stop();
      options.onScope?.('apart');
    }
    oneByOne.startAll();
  }

  /** Back to one limiter, for good. It begins when the window in which too much was asked is over. */
  function together(observation: Observation | undefined): void {
    if (own.size === 0) return;
    const before = [...own.values()];
    const windowMs = Math.max(1_000, ...before.map(({ snapshot }) => snapshot.windowMs ?? 0));
    own.clear();
    shared = make(options.maxConcurrent);
    const told = (observation && toldToWaitMs(readFacts(observation))) ?? 0;
    shared.pause(clock.monotonic() + Math.min(Math.max(windowMs, told), LONGEST_PAUSE), 'throttled');
    if (stopped.ask === 'all') shared.stopAsks();
    for (const limiter of before) void limiter.stop();
    options.onScope?.('shared');
  }

  function schedule<T>(sender: string, kind: AskKind, task: Task<T>): Promise<T> {
    const start = () => hand(sender, kind, task);
    return judge.scope === 'open' ? oneByOne.add(sender, kind, start) : start();
  }

  /** An ask waits at its phone's gate, and for the rate limit; and again, if the phone was paused meanwhile. */
  async function ask<T>(sender: string, task: Task<T>): Promise<T> {
    const gate = gateOf(sender);
    for (;;) {
      let ran = false;
      const value = await gate.pass((passed) =>
        schedule<T | undefined>(sender, 'ask', async (sent) => {
          if (gate.isPaused) return { value: undefined, observation: undefined };
          ran = true;
          return task(() => {
            sent();
            passed();
          });
        }),
      );
      if (ran) return value as T;
    }
  }

  function stopLane(sender: string, kind: AskKind): void {
    if (isStopped(sender, kind)) return;
    (stopped[kind] as Set<string>).add(sender);
    if (kind === 'ask') {
      gateOf(sender).close();
      own.get(sender)?.stopAsks();
    }
    oneByOne.stop(isStopped);
  }

  function snapshot(): LimiterSnapshot {
    const behind = [...gates.values()].reduce((total, gate) => total + gate.queued, 0);
    const all = limiters().map((limiter) => limiter.snapshot);
    return addedUp(all, { queued: oneByOne.length + behind, throttled, waiting: board.shown });
  }

  return {
    lane: (sender) => ({
      schedule: (kind, task) => {
        return kind === 'read' ? schedule(sender, kind, task) : ask(sender, task);
      },
      pause: (untilMonotonic) => gateOf(sender).pause(untilMonotonic),
      get snapshot() {
        return snapshot();
      },
      stopAsks: () => stopLane(sender, 'ask'),
      stop: async () => {
        stopLane(sender, 'ask');
        stopLane(sender, 'read');
        await own.get(sender)?.stop();
      },
    }),
    pause(untilMonotonic, why) {
      pausedUntil = Math.max(pausedUntil, untilMonotonic);
      for (const limiter of limiters()) limiter.pause(untilMonotonic, why);
    },
    get snapshot() {
      return snapshot();
    },
    stopAsks() {
      stopped.ask = 'all';
      for (const gate of gates.values()) gate.close();
      for (const limiter of limiters()) limiter.stopAsks();
      oneByOne.stop(isStopped);
    },
    async stop() {
      stopped.ask = 'all';
      stopped.read = 'all';
      for (const gate of gates.values()) gate.close();
      oneByOne.stop(isStopped);
      await Promise.all(limiters().map((limiter) => limiter.stop()));
    },
  };
}
