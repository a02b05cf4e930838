/** Bottleneck as the limiter uses it: a queue, a ceiling on what is in flight, and a reservoir of permits. */
import Bottleneck from 'bottleneck';

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
 * whether anybody listens or not: a fifth of what the limiter cost. Those that nobody listens to are left out. Private as
 * well; were it gone, asks would only cost more.
 */
function skipUnheardEvents(lane: Bottleneck): void {
  const events: unknown = Reflect.get(lane, 'Events');
  if (typeof events !== 'object' || events === null || !('trigger' in events && '_events' in events)) return;
  const { trigger } = events;
  if (typeof trigger !== 'function') return;
  const unheard = Promise.resolve(undefined);
  events.trigger = (name: string, ...args: unknown[]) => {
    const heard = Reflect.get(Object(events._events), name) !== undefined;
    return heard ? trigger.call(events, name, ...args) : unheard;
  };
}
