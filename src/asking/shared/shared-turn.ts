/**
 * One turn on a shared state, by one process: what happened to its asks is taken in, what may go now is let go. Pure, and
 * made to be thrown away: where another process was quicker, it is taken again on the state that came back.
 */
import { advance, decide, type Observation, type RateState } from '../rate-limit.ts';
import { type Dated, type Demand, type Permit, takeTurn, type Wait } from '../turn.ts';
import type { SharedState } from './shared-state.ts';

/** An exchange that this process began under a state that is lost. Instants of the shared clock. */
export interface Brought {
  readonly ticket: number;
  readonly kind: 'ask' | 'read';
  readonly grantedAt: number;
  readonly sentAt: number | undefined;
}

export interface SharedTurnInput {
  /** The process that takes the turn. */
  readonly me: string;
  /** Of the asks of this process, by their ids in this epoch. One that is no longer in flight is passed over. */
  readonly events: readonly Dated[];
  /** Ids that this process knows to be its own: what else is in flight in its name never came back to it. */
  readonly known: ReadonlySet<number>;
  /** Processes that are gone: their asks end without an answer. */
  readonly gone: readonly string[];
  readonly brought: readonly Brought[];
  /** What this process knew of a state that is lost. */
  readonly kept: Pick<RateState, 'pace' | 'paused'> | undefined;
  readonly demand: Demand;
  /** False: this process has just taken some, and lets others go first. */
  readonly mayTake: boolean;
  /** The earliest and the latest that it can be. */
  readonly now: number;
  readonly latest: number;
  readonly lead: number;
  readonly random: () => number;
}

export interface SharedTurn {
  readonly next: SharedState;
  /** Nothing is to be written when nothing but `sent` was taken in. */
  readonly changed: boolean;
  readonly permits: readonly Permit[];
  readonly wait: Wait | undefined;
  readonly short: boolean;
  /** New ids of what was brought, by ticket. */
  readonly adopted: ReadonlyMap<number, number>;
  /** For those who wait: when there may be something for them. */
  readonly hint: Hint;
}

/** `answer`: not before somebody's answer. An instant of the shared clock otherwise; 0: now. */
export type Hint = number | 'answer';

export function takeSharedTurn(shared: SharedState, input: SharedTurnInput): SharedTurn {
  const { me, now, latest, lead, random } = input;
  const flights = new Map(shared.flights);
  const waiters = new Set(shared.waiters);
  // `advance` uses a state up, and this one may be needed again.
  let state: RateState = { ...shared.state, asks: [...shared.state.asks] };
  let changed = false;

  if (input.kept !== undefined) {
    state = withKept(state, input.kept);
    changed = true;
  }
  const adopted = new Map<number, number>();
  for (const { ticket, kind, grantedAt, sentAt } of input.brought) {
    const id = state.nextId;
    const { pace } = state;
    state = advance(state, { type: 'granted', kind, solo: false, random: 0 }, grantedAt);
    if (sentAt !== undefined) state = advance(state, { type: 'sent', id }, sentAt);
    state = { ...state, pace };
    flights.set(id, me);
    adopted.set(ticket, id);
    changed = true;
  }
  for (const { event, at } of input.events) {
    if (event.type === 'paused') changed = true;
    else if (event.type !== 'granted') {
      if (flights.get(event.id) !== me) continue;
      if (event.type !== 'sent') {
        flights.delete(event.id);
        changed = true;
      }
    }
    state = advance(state, event, at);
  }
  for (const [id, owner] of flights) {
    const isMine = owner === me && !input.known.has(id) && ![...adopted.values()].includes(id);
    if (isMine) state = advance(state, { type: 'withdrawn', id }, now);
    else if (input.gone.includes(owner)) state = advance(state, lost(state, id, latest), latest);
    else continue;
    flights.delete(id);
    changed = true;
  }
  for (const owner of input.gone) if (waiters.delete(owner)) changed = true;

  const wasWaiting = waiters.delete(me);
  const fair = waiters.size === 0 ? Number.POSITIVE_INFINITY : share(state, waiters.size + 1);
  const most = input.mayTake ? fair : 0;
  const turn = takeTurn(state, [], input.demand, { now, lead, random, most });
  for (const { id } of turn.permits) flights.set(id, me);
  if (turn.short) waiters.add(me);
  const next = {
    ...shared,
    n: shared.n + 1,
    at: Math.max(now, shared.at),
    state: turn.state,
    flights,
    waiters,
  };
  return {
    next,
    changed: changed || turn.permits.length > 0 || turn.short !== wasWaiting,
    permits: turn.permits,
    wait: turn.wait,
    short: turn.short,
    adopted,
    hint: waiters.size > (turn.short ? 1 : 0) ? hintOf(turn.state, now) : 'answer',
  };
}

/** So much at once for each of those who wait: the one that is the quickest must not take all of every window. */
function share(state: RateState, waiting: number): number {
  return Math.max(1, Math.ceil((state.limit ?? 1) / waiting));
}

/** The end of an ask whose owner is gone: as of a connection that was lost. It may have arrived at any time until now. */
function lost(state: RateState, id: number, at: number) {
  const ask = state.asks.find((one) => one.id === id);
  const sentAt = ask?.sentAt ?? ask?.grantedAt ?? at;
  const observation: Observation = { sentAt, answeredAt: at, httpStatus: undefined, headers: {} };
  return { type: 'answered', id, observation } as const;
}

function hintOf(state: RateState, now: number): Hint {
  const untils = (['read', 'ask'] as const).map((kind) => {
    const verdict = decide(state, kind, now);
    return verdict.go ? 0 : (verdict.until ?? Number.POSITIVE_INFINITY);
  });
  const first = Math.min(...untils);
  return Number.isFinite(first) ? first : 'answer';
}

/** The state was lost, but not what each process remembers of its pace: the longest wait of all holds. */
function withKept(state: RateState, kept: Pick<RateState, 'pace' | 'paused'>): RateState {
  const { pace } = state;
  const sends = [...pace.sends, ...kept.pace.sends.map(({ at }) => ({ id: 0, at }))];
  const longest = Math.max(pace.sends.length, kept.pace.sends.length);
  const merged = {
    sends: sends.sort((a, b) => a.at - b.at).slice(sends.length - longest),
    dueAt: Math.max(pace.dueAt, kept.pace.dueAt),
    pauseMs: Math.max(pace.pauseMs, kept.pace.pauseMs),
  };
  const after = { ...state, pace: merged };
  if (kept.paused === undefined) return after;
  return advance(after, { type: 'paused', ...kept.paused }, 0);
}
