/**
 * The permits of this process, and what happens to them until it is written. The limiter knows a permit by its ticket,
 * which stays; the shared state knows it by an id, which is another one in another epoch. Instants here are monotonic
 * milliseconds of this process, so that they mean the same whatever becomes of the shared clock.
 */
import type { PacerEvent } from '../pacer.ts';
import type { Dated, Permit } from '../turn.ts';
import type { SharedClock } from './clock.ts';
import type { Brought } from './shared-turn.ts';

/** A permit that has not come to its end. */
interface Mine {
  id: number | undefined;
  readonly kind: 'ask' | 'read';
  readonly grantedAt: number;
  sentAt: number | undefined;
}

/** What happened, and what it happened to: that may be over by the time this is written. */
export interface Pending {
  readonly event: PacerEvent;
  readonly at: number;
  readonly mine: Mine | undefined;
}

export interface Carried extends Brought {
  readonly mine: Mine;
}

export class Tickets {
  readonly #mine = new Map<number, Mine>();
  #last = 0;
  #pending: readonly Pending[] = [];

  /** @param from monotonic milliseconds of this process. */
  issue({ id, kind }: Permit, from: number): Permit {
    const ticket = ++this.#last;
    this.#mine.set(ticket, { id, kind, grantedAt: from, sentAt: undefined });
    return { id: ticket, kind, from };
  }

  /** False: the ticket is over. */
  note(event: PacerEvent, at: number): boolean {
    const mine = event.type === 'paused' ? undefined : this.#mine.get(event.id);
    if (event.type !== 'paused' && mine === undefined) return false;
    if (mine !== undefined && event.type === 'sent') mine.sentAt = at;
    else if (event.type === 'answered' || event.type === 'withdrawn') this.#mine.delete(event.id);
    this.#pending = [...this.#pending, { event, at, mine }];
    return true;
  }

  get pending(): readonly Pending[] {
    return this.#pending;
  }

  /** What is about to be written; what happens from now on goes with the next. */
  take(): readonly Pending[] {
    const taken = this.#pending;
    this.#pending = [];
    return taken;
  }

  /** It was not written. */
  putBack(taken: readonly Pending[]): void {
    this.#pending = [...taken, ...this.#pending];
  }

  /** The ids that are known to be ours, those of `taken` included. */
  known(taken: readonly Pending[]): ReadonlySet<number> {
    const known = new Set<number>();
    for (const { id } of this.#mine.values()) if (id !== undefined) known.add(id);
    for (const { mine } of taken) if (mine?.id !== undefined) known.add(mine.id);
    return known;
  }

  /** What is in flight under a state that is lost. */
  carried(clock: SharedClock): readonly Carried[] {
    return [...this.#mine].map(([ticket, mine]) => ({
      ticket,
      mine,
      kind: mine.kind,
      grantedAt: clock.earliest(mine.grantedAt),
      sentAt: mine.sentAt === undefined ? undefined : clock.earliest(mine.sentAt),
    }));
  }

  /** They have new ids; those that ended meanwhile, too: their end is told by it. */
  adopted(carried: readonly Carried[], ids: ReadonlyMap<number, number>): void {
    for (const { ticket, mine } of carried) mine.id = ids.get(ticket);
  }
}

/** An event on the shared clock, by the end of what it can be that is the more careful. */
export function dated({ event, at, mine }: Pending, clock: SharedClock): Dated[] {
  if (event.type === 'paused') {
    return [{ event: { ...event, until: clock.latest(event.until) }, at: clock.earliest(at) }];
  }
  if (mine?.id === undefined) return [];
  const { id } = mine;
  if (event.type !== 'answered') return [{ event: { type: event.type, id }, at: clock.earliest(at) }];
  const { sentAt, answeredAt } = event.observation;
  const observation = {
    ...event.observation,
    sentAt: clock.earliest(sentAt),
    answeredAt: clock.latest(answeredAt),
    tripMs: answeredAt - sentAt,
  };
  return [{ event: { type: 'answered', id, observation }, at: observation.answeredAt }];
}
