/** Lease on the shared state: the rights of its holder, and the events that others send it. All functions are pure. */

import { statusRule } from '../../classify/refusal.ts';
import { readFacts } from '../headers.ts';
import { notBefore } from '../not-before.ts';
import type { Demand, PacerEvent } from '../pacer.ts';
import { advance, type Observation, type RateSettings } from '../policy/policy.ts';
import { isTold } from '../policy/state.ts';
import { countsPeople, forgottenAfter, type Handover, takenOver, withLost } from './handover.ts';
import type { Reply } from './scripts.ts';

/** Length of a lease, ms; after it another process may take it. */
export const LEASE_MS = 2000;
/** A permit is not used in this last part of the lease, milliseconds. */
export const LEASE_MARGIN_MS = 400;
/** Longest turn of a holder while others want the lease, milliseconds. */
export const TURN_MS = 1000;
/** The same where the server counts people: a holder with other batches learns the limit again. */
const PEOPLE_TURN_MS = 10_000;

/** Lease of this process, with the state. `until` and `since` are monotonic, the rest is on Redis's clock. */
export interface Lease extends Handover {
  readonly token: number;
  readonly until: number;
  readonly since: number;
  readonly grants: number;
}

/** Event of an ask or a pause for the holder, on Redis's clock. */
export interface Told {
  readonly event: PacerEvent;
  readonly at: number;
  readonly by: string;
}

/** Lease after an event of any process. An ask that the state does not list for that process is ignored. */
export function takenIn(lease: Lease, { event, at, by }: Told): Lease {
  if (event.type === 'paused') return { ...lease, state: advance(lease.state, event, at) };
  if (lease.owners.get(event.id) !== by) return lease;
  const owners = new Map(lease.owners);
  if (event.type !== 'sent') owners.delete(event.id);
  return { ...lease, owners, state: advance(lease.state, event, at) };
}

/** Process that got a reply. */
interface Holder {
  readonly settings: RateSettings;
  readonly me: string;
  /** Beginning of the exchange, and now, monotonic ms; `at` is now on Redis's clock. */
  readonly sentAt: number;
  readonly now: number;
  readonly at: number;
  readonly slackMs: number;
}

/** Lease by Redis's reply: the earlier one or a new one, with the events of others and of this process. */
export function leaseBy(
  reply: Reply,
  before: Lease | undefined,
  own: readonly Told[],
  { settings, me, sentAt, now, at, slackMs }: Holder,
): Lease | undefined {
  const { token, told, living, holdUntil, crashed, begun } = reply;
  if (token === undefined) return undefined;
  const until = sentAt + LEASE_MS;
  let lease: Lease;
  if (before?.token === token) {
    lease = { ...before, until, ...(isOver(before, 0, now) && { since: now, grants: 0 }) };
  } else {
    const taker = { settings, slackMs, now: at, leaseMs: LEASE_MS, crashed, begun };
    lease = { ...takenOver(reply.state, taker), token, until, since: now, grants: 0 };
  }
  for (const text of told.values()) lease = takenIn(lease, JSON.parse(text));
  for (const mine of own) lease = takenIn(lease, mine);
  const hasLost = lease.begun !== begun;
  const isGone = (one: string) => hasLost || (one !== me && !living.has(one));
  lease = { ...lease, ...withLost(lease, isGone, at), begun };
  // Without the lost answers the server's count is unknown until it has forgotten their asks.
  const pausedUntil = Math.max(holdUntil, hasLost ? at + forgottenAfter(lease.state) : 0);
  if (pausedUntil <= at) return lease;
  return takenIn(lease, { event: { type: 'paused', until: pausedUntil, why: 'paused' }, at, by: me });
}

/** Event of an ask, with its instants converted to Redis's clock. */
export function translated<E extends PacerEvent>(event: E, toRedis: (monotonic: number) => number): E {
  if (event.type !== 'answered') return event;
  const { sentAt, answeredAt } = event.observation;
  const instants = { sentAt: toRedis(sentAt), answeredAt: toRedis(answeredAt) };
  return { ...event, observation: { ...event.observation, ...instants } };
}

/** Wait until another day that an answer requires, ms; undefined: none. */
export function putOffBy(observation: Observation): number | undefined {
  const { httpStatus } = observation;
  if (httpStatus === undefined) return undefined;
  const facts = readFacts(observation);
  if (!facts.throttled && statusRule(httpStatus).meaning !== 'unavailable') return undefined;
  const when = notBefore(facts, 1, () => 1);
  return when.kind === 'another_run' ? when.ms : undefined;
}

/** Number of asks left of a turn: while `wanting` others want the lease, each gets a share of a window. */
export function asksLeft({ state, grants }: Lease, wanting: number): number {
  const { mode } = state.counters.ask;
  if (wanting === 0 || !isTold(mode) || countsPeople(state)) return Number.POSITIVE_INFINITY;
  return Math.ceil(mode.limit / (wanting + 1)) - grants;
}

/** Whether the holder's turn is over. */
export function isOver(lease: Lease, wanting: number, now: number): boolean {
  const longest = countsPeople(lease.state) ? PEOPLE_TURN_MS : TURN_MS;
  return now >= lease.since + longest || asksLeft(lease, wanting) <= 0;
}

/** Demand of at most that many; reads first. */
export function atMost({ read, ask }: Demand, most: number): Demand {
  const reads = Math.min(read, most);
  return { read: reads, ask: Math.min(ask, most - reads) };
}
