/**
 * Bottleneck as the limiter uses it: a queue, a ceiling on what is in flight, and a reservoir of permits.
 *
 * It is the build that its package ships for engines with async functions (ES2017, without the clustering, which is not
 * used here). What `import 'bottleneck'` gives walks generators instead: an ask cost 0.065 ms of CPU more with it.
 */
import Bottleneck from 'bottleneck/light.js';

/**
 * Bottleneck keeps the wall-clock time before which it starts nothing, and adds `minTime` to it with every start. With
 * a negative one that time is always long past, so that a wall clock set back does not hold anything up.
 */
const NO_MIN_TIME = -100 * 365 * 24 * 3600 * 1000;

/** The one place where a Bottleneck is made. It starts without permits. */
export function createLane(maxConcurrent: number): Bottleneck {
  const lane = new Bottleneck({ maxConcurrent, reservoir: 0, minTime: NO_MIN_TIME });
  yieldAtOnce(lane);
  skipUnheardEvents(lane);
  skipVainDrains(lane);
  return lane;
}

/**
 * Bottleneck's local store gives way to the event loop before each of its steps with `setTimeout(0)`, which in Node is a
 * millisecond at least, one step after the other: 400 asks a second at most. An immediate gives way as well, and costs
 * none (measured: 3000 tasks of 10 ms, 100 in flight, 7.3 s before and 1.0 s after). The member is private, the library
 * frozen at 2.19.5 and pinned; were it gone, asks would only be slower.
 */
function yieldAtOnce(lane: Bottleneck): void {
  const store: unknown = Reflect.get(lane, '_store');
  if (typeof store !== 'object' || store === null || !('yieldLoop' in store)) return;
  store.yieldLoop = () => new Promise<void>((resolve) => setImmediate(resolve));
}

/**
 * Bottleneck triggers some fifteen events with every task, each of them two async calls and one more event for `debug`,
 * whether anybody listens or not: a third of what the limiter cost. Those that nobody listens to are left out; so are
 * those of its queue, whose one listener keeps a heartbeat running that a lane does not have. Private as well; were it
 * gone, asks would only cost more.
 */
function skipUnheardEvents(lane: Bottleneck): void {
  const unheard = Promise.resolve(undefined);
  const events: unknown = Reflect.get(lane, 'Events');
  if (hasMethod(events, 'trigger')) {
    const { trigger } = events;
    events.trigger = (name, ...args) => {
      const heard = Reflect.get(Object(Reflect.get(events, '_events')), String(name)) !== undefined;
      return heard ? trigger.call(events, name, ...args) : unheard;
    };
  }
  const ofQueue: unknown = Reflect.get(Object(Reflect.get(lane, '_queues')), 'Events');
  const heartbeat: unknown = Reflect.get(Object(Reflect.get(lane, '_store')), 'heartbeat');
  if (hasMethod(ofQueue, 'trigger') && heartbeat === undefined) ofQueue.trigger = () => unheard;
}

/**
 * Bottleneck looks for a job to start after every submission, permit and end, and takes a lock and a turn of the event
 * loop each time, though there is no permit: four looks for every ask, three of them in vain. Its own check, made
 * first, spares those; whatever adds a permit or frees a slot looks again. Private; were it gone, asks would only cost
 * more (measured, with 100 in flight: 0.065 ms of CPU a job instead of 0.082).
 */
function skipVainDrains(lane: Bottleneck): void {
  const drainOne: unknown = Reflect.get(lane, '_drainOne');
  const store: unknown = Reflect.get(lane, '_store');
  const queues: unknown = Reflect.get(lane, '_queues');
  if (typeof drainOne !== 'function' || !hasMethod(store, 'conditionsCheck')) return;
  if (!hasMethod(queues, 'getFirst')) return;
  const nothing = Promise.resolve(null);
  const instead = (capacity?: number) => {
    const first: unknown = queues.getFirst();
    const next: unknown = hasMethod(first, 'first') ? first.first() : undefined;
    const weight: unknown = Reflect.get(Object(Reflect.get(Object(next), 'options')), 'weight');
    if (typeof weight !== 'number' || !store.conditionsCheck(weight)) return nothing;
    return drainOne.call(lane, capacity);
  };
  Reflect.set(lane, '_drainOne', instead);
}

function hasMethod<Name extends string>(
  value: unknown,
  name: Name,
): value is Record<Name, (...args: unknown[]) => unknown> {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === 'function';
}
