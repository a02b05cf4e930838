/** Another client of the same key: its asks, as far as the server's own count shows them. */
import { type Ask, latestArrival } from './ask-log.ts';
import { OTHERS_WINDOWS, type RateState, spanOf, type Told } from './state.ts';
import { UNKNOWN_WINDOW } from './window.ts';

/** A count of the server's, once it has said something about it. */
export interface Seen {
  readonly asks: readonly Ask[];
  readonly mode: Told;
}

/** Asks of others that this answer shows: more is counted than all of ours that may be. */
export function beside(
  state: RateState,
  { asks, mode }: Seen,
  before: Told,
  ask: Ask,
  shown: { readonly remaining: number; readonly byProbe: number },
): Seen {
  const span = spanOf(mode);
  const latest = latestArrival(ask, state.way, ask.answeredAt ?? 0);
  const settled = ask.sentAt > mode.changedAt + 2 * span;
  const possible = asks.filter((other) => {
    if (other.refused) return false;
    return other.sentAt <= latest && latestArrival(other, state.way, ask.answeredAt ?? 0) + span > ask.sentAt;
  }).length;
  const { remaining, byProbe } = shown;
  const fell = before.credit - remaining;
  const surplus =
    mode.name === 'learning' ? Math.max(fell, byProbe) : Math.max(fell, mode.limit - remaining - possible);
  if (!settled || surplus <= 0) return { asks, mode: alone(mode, ask.answeredAt ?? 0) };
  return withOthers(state, { asks, mode }, before, ask, Math.min(surplus, mode.limit));
}

/** So many asks of others came between the last word and this answer's ask. */
export function withOthers(
  state: RateState,
  { asks, mode }: Seen,
  before: Told,
  ask: Ask,
  count: number,
): Seen {
  const othersAt = ask.answeredAt ?? 0;
  const others = Array.from(
    { length: count },
    (): Ask => ({
      id: ask.id,
      kind: 'other',
      sentAt: before.heardAt,
      answeredAt: latestArrival(ask, state.way, othersAt),
      usual: 0,
      level: 0,
      refused: false,
      solo: false,
      promised: false,
    }),
  );
  const place = asks.findLastIndex((one) => one.id === ask.id);
  const next = noticed(mode, before.othersAt);
  return { asks: [...asks.slice(0, place), ...others, ...asks.slice(place)], mode: { ...next, othersAt } };
}

/** Lengths that were ruled out before others were noticed may have been ruled out by their asks. */
function noticed(mode: Told, before: number): Told {
  if (!Number.isFinite(before) && mode.window.above > 0)
    return { ...mode, name: 'learning', window: UNKNOWN_WINDOW };
  return mode.name === 'learning' ? mode : { ...mode, name: 'shared' };
}

/** Others that gave no sign for some windows are gone. */
function alone(mode: Told, now: number): Told {
  if (mode.name !== 'shared' || now - mode.othersAt < OTHERS_WINDOWS * mode.windowMs) return mode;
  return { ...mode, name: 'known' };
}
