/** State of the policy as it passes from process to process: plain data, with instants on Redis's clock. */
import type { Ask } from '../policy/arrivals.ts';
import { advance, initial, marginOf, type RateSettings, type RateState } from '../policy/policy.ts';
import { isTold, pausedUntil, spanOf } from '../policy/state.ts';

export interface Handover {
  readonly state: RateState;
  /** Process of each ask in flight, by the ask's number. */
  readonly owners: ReadonlyMap<number, string>;
  /** People per ask of the last holder. */
  readonly batchSize: number;
  /** Most people of an ask that the server counted as one ask. */
  readonly people: number;
  /** Beginning of Redis's data: with a new one, earlier answers are lost. */
  readonly begun: string;
  /** Largest error of an instant in the state, milliseconds. */
  readonly slackMs: number;
}

/** The next holder. */
export interface Taker {
  readonly settings: RateSettings;
  readonly slackMs: number;
  /** On Redis's clock. */
  readonly now: number;
  readonly leaseMs: number;
  /** The last holder did not give the lease up: the state lacks its last asks. */
  readonly crashed: boolean;
  readonly begun: string;
}

/**
 * Gap in the numbers of asks after a crash: more than one lease makes, so that no missing ask's number is used
 * again.
 */
const LACKING = 100_000;

/** Writes a handover as text. Counters that are one and the same stay so. */
export function packed({ state, owners, ...more }: Handover): string {
  const { settings: _, counters, ...rest } = state;
  const read = counters.read === counters.ask ? undefined : counters.read;
  const plain = { ...more, owners: [...owners], state: { ...rest, counters: { ask: counters.ask, read } } };
  return JSON.stringify(plain, (_key, value) => (Math.abs(value) === Infinity ? String(value) : value));
}

/** Reads a handover; undefined for an empty text. */
function unpacked(text: string, settings: RateSettings): Handover | undefined {
  if (text === '') return undefined;
  const plain = JSON.parse(text, (_key, value) =>
    value === 'Infinity' || value === '-Infinity' ? Number(value) : value,
  );
  const { ask, read = ask } = plain.state.counters;
  return {
    ...plain,
    owners: new Map(plain.owners),
    state: { ...initial(settings), ...plain.state, settings, counters: { ask, read } },
  };
}

/** State with which the next holder goes on. */
export function takenOver(text: string, taker: Taker): Handover {
  const { settings, slackMs, now, leaseMs, crashed, begun } = taker;
  const { batchSize = 1 } = settings;
  const fresh = { state: initial(settings), owners: new Map(), batchSize, people: 0, begun, slackMs: 0 };
  const before = unpacked(text, settings) ?? fresh;
  const most = Math.max(slackMs, before.slackMs);
  const state: RateState = { ...before.state, settings: { ...settings, slackMs: slackMs + most } };
  const given = { ...before, state, batchSize, slackMs: most };
  const handover = crashed ? afterCrash(given, now, leaseMs) : given;
  const isOfPeople = countsPeople(state);
  const isOther = isOfPeople ? batchSize !== before.batchSize : batchSize > before.people;
  return isOther && text !== '' ? relearning(handover, now) : handover;
}

/** State after a crash: paused until the server has forgotten the missing asks, whose answers then come too late. */
function afterCrash(handover: Handover, now: number, leaseMs: number): Handover {
  const { state } = handover;
  const gap = state.settings.gap?.maxMs ?? 0;
  const paused = pausedUntil(state, now + Math.max(leaseMs, gap, forgottenAfter(state)), 'paused');
  const after = { ...handover, state: { ...paused, nextId: state.nextId + LACKING } };
  return withLost(after, () => true, now);
}

/** State for asks of another size: the unit of the limit is another or unknown, and the next holder learns it. */
function relearning(handover: Handover, now: number): Handover {
  const { state, batchSize } = handover;
  if (state.counters.ask.mode.name === 'unknown') return handover;
  const cost = countsPeople(state) ? batchSize : 1;
  const counter = { asks: [], mode: { name: 'unknown' }, cost, left: undefined } as const;
  const after: RateState = {
    ...pausedUntil(state, now + forgottenAfter(state), 'window'),
    counters: { ask: counter, read: counter },
    told: { ask: undefined, read: undefined },
  };
  return { ...handover, state: after, owners: new Map() };
}

export function countsPeople({ counters: { ask } }: RateState): boolean {
  return ask.cost > 1;
}

/** Most people per ask that the server counted as one, after this holder. */
export function peopleAfter({ state, people, batchSize }: Handover): number {
  const { mode, cost } = state.counters.ask;
  return isTold(mode) && cost === 1 ? Math.max(people, batchSize) : people;
}

/** Time after which the server has forgotten every ask, milliseconds. */
export function forgottenAfter(state: RateState): number {
  const { ask, read } = state.counters;
  const lengths = [ask, read].map(({ mode }) => (isTold(mode) ? spanOf(mode) : 0));
  const longest = Math.max(...lengths);
  const spread = Number.isFinite(state.way.spread) ? state.way.spread : 0;
  return longest + marginOf(state, longest) + spread;
}

/** State after the loss of asks in flight whose process is gone. They count from `now`. */
export function withLost(handover: Handover, isGone: (process: string) => boolean, now: number): Handover {
  let { state } = handover;
  const owners = new Map(handover.owners);
  for (const [id, owner] of owners) {
    if (!isGone(owner)) continue;
    const sentAt = askIn(state, id)?.sentAt ?? now;
    const observation = { sentAt, answeredAt: now, httpStatus: undefined, headers: {} };
    state = advance(state, { type: 'answered', id, observation }, now);
    owners.delete(id);
  }
  return { ...handover, state, owners };
}

function askIn({ counters: { ask, read } }: RateState, id: number): Ask | undefined {
  return [...ask.asks, ...read.asks].find((one) => one.id === id);
}
