/**
 * What this process knows of the shared state: its copy, whether a newer one is there, and what becomes of it when Redis
 * has lost it or its clock was set.
 */
import type { Clock } from '../../domain/words.ts';
import { LONGEST_BACKOFF } from '../pacing/state.ts';
import { marginOf, type RateSettings, type RateState, windowOf } from '../rate-limit.ts';
import { decode, encode } from './codec.ts';
import type { Link, Store, Stored } from './link.ts';
import { LEASE_MS } from './presence.ts';
import { freshState, type SharedState, type Version, versionIn, versionOf } from './shared-state.ts';
import type { Hint } from './shared-turn.ts';

/** A state that lies further ahead was written by another clock. */
const AHEAD_MS = 5000;
/** So long all who live need at most until they have found a new state, and brought what they have in flight. */
const GATHER_MS = LEASE_MS + 600;

export interface ReplicaParts {
  readonly store: Store;
  readonly link: Link;
  readonly clock: Clock;
  readonly settings: RateSettings;
  readonly newEpoch: () => string;
}

/** What every process remembers of a state that is lost. */
export type Kept = Pick<RateState, 'pace' | 'paused'>;

export class Replica {
  readonly #parts: ReplicaParts;
  #shared: SharedState | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #stale = true;
  /** The version that is there, as far as we know; '' for none. */
  #expected = '';
  /** The newest version that we heard of. */
  #newest: Version | undefined;
  /** The state that we last put there: its epoch is the one of our permits. */
  #own: { readonly epoch: string; readonly state: RateState } | undefined;
  /** Where the shared clock stood then: against ours, and by `Link.timeline`. */
  #offset = 0;
  #timeline = 0;
  /** How long an exchange with Redis takes, on the average of late. */
  #trip = 1;

  constructor(parts: ReplicaParts) {
    this.#parts = parts;
  }

  /** The copy; undefined before the first. */
  get shared(): SharedState | undefined {
    return this.#shared;
  }

  /** When it was the newest. Monotonic milliseconds. */
  get readAt(): number {
    return this.#readAt;
  }

  get tripMs(): number {
    return this.#trip;
  }

  /** It is not the state that our permits were granted by. */
  get isNew(): boolean {
    return this.#shared?.epoch !== this.#own?.epoch;
  }

  /** Something newer may be there. */
  distrust(): void {
    this.#stale = true;
  }

  /** Somebody put that version there: whether it is news. */
  heard(name: string): boolean {
    const version = versionIn(name);
    const known = this.#shared;
    if (known !== undefined && version.epoch === known.epoch && version.n <= known.n) return false;
    this.#newest = version;
    this.#stale = true;
    return true;
  }

  /** The state as it is there. */
  async current(): Promise<SharedState> {
    if (!this.#stale && this.#shared !== undefined) return this.#shared;
    const started = this.#parts.clock.monotonic();
    const stored = await this.#parts.store.read();
    this.#measured(started);
    return this.#see(stored);
  }

  /** Puts `next` in the place of the copy. False: somebody was quicker, and what is there now is the copy. */
  async swap(next: SharedState, hint: Hint): Promise<boolean> {
    const { store, clock, link } = this.#parts;
    const started = clock.monotonic();
    const version = versionOf(next);
    const found = await store.swap(this.#expected, { version, text: encode(next) }, hint);
    this.#measured(started);
    if (found !== 'done') {
      await this.#see(found);
      return false;
    }
    this.#know(next, version);
    this.#own = next;
    this.#offset = this.#offsetNow();
    this.#timeline = link.timeline;
    return true;
  }

  /** What we knew of our pace, on the shared clock as it stands now. */
  get kept(): Kept | undefined {
    if (this.#own === undefined) return undefined;
    const { pace, paused } = this.#own.state;
    const moved = this.#offsetNow() - this.#offset;
    return {
      pace: {
        sends: pace.sends.map(({ id, at }) => ({ id, at: at + moved })),
        dueAt: pace.dueAt + moved,
        pauseMs: pace.pauseMs,
      },
      paused: paused && { ...paused, until: paused.until + moved },
    };
  }

  /** Takes in what is there. What cannot be used is as good as nothing. */
  async #see(stored: Stored | undefined): Promise<SharedState> {
    const { link, clock, settings } = this.#parts;
    const seen = stored && decode(stored.text, settings);
    const ahead = () => seen !== undefined && seen.at > link.clock.latest(clock.monotonic()) + AHEAD_MS;
    const own = this.#own?.epoch;
    // Another epoch, or another time: before anything is concluded, where Redis's clock stands.
    if (ahead() || (seen !== undefined && own !== undefined && seen.epoch !== own)) await link.measure();
    const outOfTime = seen?.epoch === own && link.timeline !== this.#timeline;
    const isUsable = seen !== undefined && !outOfTime && !ahead();
    return this.#know(isUsable ? seen : this.#begun(stored), stored?.version ?? '');
  }

  #know(shared: SharedState, version: string): SharedState {
    this.#shared = shared;
    this.#expected = version;
    this.#readAt = this.#parts.clock.monotonic();
    this.#stale = this.#newest?.epoch === shared.epoch && this.#newest.n > shared.n;
    return shared;
  }

  /**
   * A new state. Where one was lost, it begins with a pause, until those who live have brought what they have in flight,
   * and the server has forgotten what nobody remembers.
   */
  #begun(stored: Stored | undefined): SharedState {
    const { link, clock, settings, newEpoch } = this.#parts;
    const now = link.clock.earliest(clock.monotonic());
    const fresh = freshState(newEpoch(), now, settings);
    if (this.#own === undefined && stored === undefined) return fresh;
    const window = (this.#own && windowOf(this.#own.state)) ?? 0;
    const hold = Math.max(GATHER_MS, Math.min(window + marginOf(fresh.state, window), LONGEST_BACKOFF));
    return { ...fresh, state: { ...fresh.state, paused: { until: now + hold, why: 'paused' } } };
  }

  #offsetNow(): number {
    const local = this.#parts.clock.monotonic();
    return this.#parts.link.clock.earliest(local) - local;
  }

  #measured(started: number): void {
    this.#trip += (this.#parts.clock.monotonic() - started - this.#trip) / 8;
  }
}
