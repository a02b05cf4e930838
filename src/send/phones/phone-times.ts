import type { Clock, Pair, Participant } from '../../domain/words.ts';
import { DAY_MS } from '../../lib/units.ts';
import type { Ask } from '../../plan/batches.ts';
import type { AskLedger } from '../ports.ts';
import type { Room, SharedCap } from '../rate-limit/redis/shared-cap.ts';
import { pairsOf } from '../settler.ts';

/** Hours at which a participant may be asked. */
export interface Times {
  /** Epoch ms of the next opening; `now` or earlier if it is open. */
  opensAt(participant: Participant, now: number): number;
}

interface PhoneTimesParts {
  readonly clock: Clock;
  /** undefined: people are asked at any hour. */
  readonly hours: Times | undefined;
  /** Instant at which a full daily cap has room again, as far as known. undefined: the run stops at the cap. */
  readonly roomAt: (() => number | undefined) | undefined;
  /** Called with the pairs put off to later in this run. */
  readonly later: (pair: Pair) => void;
}

/** Interval between looks at a shared cap, whose other users are unknown, ms. */
const LOOK_AGAIN_MS = 600_000;

/** Times at which one phone may ask: the person's hours, and room under its daily cap. */
export class PhoneTimes {
  readonly #parts: PhoneTimesParts;
  /** Epoch ms. */
  #cappedUntil = Number.NEGATIVE_INFINITY;

  constructor(parts: PhoneTimesParts) {
    this.#parts = parts;
  }

  opensAt(participant: Participant): number {
    const now = this.#parts.clock.now();
    return Math.max(this.#parts.hours?.opensAt(participant, now) ?? now, this.#cappedUntil);
  }

  isOpen(participant: Participant): boolean {
    return this.opensAt(participant) <= this.#parts.clock.now();
  }

  areOpen(people: readonly Participant[]): boolean {
    return people.every((one) => this.isOpen(one));
  }

  get isCapped(): boolean {
    return this.#cappedUntil > this.#parts.clock.now();
  }

  later(pair: Pair): void {
    this.#parts.later(pair);
  }

  /** Whether the run waits for room under the full daily cap; false: it stops. */
  waitsForCap(): boolean {
    const { roomAt, clock } = this.#parts;
    if (roomAt === undefined) return false;
    this.#cappedUntil = roomAt() ?? clock.now() + LOOK_AGAIN_MS;
    return true;
  }
}

export type CapKeeper = Pick<SharedCap, 'reserve' | 'recorded' | 'giveBack' | 'notDone'>;

/**
 * Ledger within `--daily-cap`: participants asked by this sender in any 24 h, across runs. The ledger counts an ask
 * once it is durable; close to the cap, new asks wait for the records under way, so that the cap is neither exceeded
 * nor left unused.
 */
export class CappedLedger {
  readonly #ledger: AskLedger;
  readonly #sender: string;
  readonly #cap: number | undefined;
  readonly #recording = new Set<Promise<unknown>>();
  /** People granted whom the ledger may not count yet. */
  #reserved = 0;
  readonly #shared: CapKeeper | undefined;
  /** Unused room reserved in the shared cap; any ask may take any of it. */
  readonly #rooms: Room[] = [];
  /** People of recorded asks, by ask, for the shared cap in case one was not done. */
  readonly #people = new Map<number, number>();

  /** @param shared keeps the cap together with other processes; without it only this ledger counts */
  constructor(ledger: AskLedger, sender: string, cap: number | undefined, shared?: CapKeeper) {
    this.#ledger = ledger;
    this.#sender = sender;
    this.#cap = cap;
    this.#shared = cap === undefined ? undefined : shared;
  }

  /**
   * Reserves room for `people`; returns how many may be asked now: fewer near the cap, 0 at it. The room is taken at
   * once, so that no other ask gets it; `asked` for exactly that many must follow.
   */
  async reserve(people: number): Promise<number> {
    const cap = this.#cap;
    if (cap === undefined) return people;
    if (this.#shared !== undefined) {
      const room = await this.#shared.reserve(people, cap);
      if (room.people > 0) this.#rooms.push(room);
      return room.people;
    }
    const room = () => cap - this.#ledger.askedInLast(DAY_MS, this.#sender) - this.#reserved;
    while (room() < people && this.#recording.size > 0) await Promise.race(this.#recording);
    const granted = Math.min(people, Math.max(0, room()));
    this.#reserved += granted;
    return granted;
  }

  /** Resolves with the ask's number when the record is durable. */
  async asked(ask: Ask, people: readonly Participant[]): Promise<number> {
    if (this.#shared !== undefined) return this.#asked(this.#shared, ask, people);
    const record = this.#ledger.asked(pairsOf(ask, people), this.#sender);
    if (this.#cap === undefined) return record;
    const recorded = record.finally(() => {
      this.#reserved -= people.length;
      this.#recording.delete(recorded);
    });
    this.#recording.add(recorded);
    return recorded;
  }

  async notDone(ask: number): Promise<void> {
    await this.#ledger.notDone(ask);
    const people = this.#people.get(ask);
    if (people !== undefined) this.#shared?.notDone(ask, people);
    this.#people.delete(ask);
  }

  async #asked(shared: CapKeeper, ask: Ask, people: readonly Participant[]): Promise<number> {
    const room = this.#rooms.find((one) => one.people === people.length);
    if (room === undefined) throw new Error('an ask was made without room under the daily cap');
    this.#rooms.splice(this.#rooms.indexOf(room), 1);
    try {
      const number = await this.#ledger.asked(pairsOf(ask, people), this.#sender);
      this.#people.set(number, people.length);
      shared.recorded(room, number);
      return number;
    } catch (error) {
      shared.giveBack(room);
      throw error;
    }
  }
}
