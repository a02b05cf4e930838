import type { Clock, Pair, Participant } from '../../domain/words.ts';
import type { Ask } from '../../plan/batches.ts';
import type { AskLedger } from '../ports.ts';
import type { Room, SharedCap } from '../rate-limit/redis/shared-cap.ts';
import { pairsOf } from '../settler.ts';

/** When somebody may be asked. */
export interface Times {
  /** Epoch ms: `now` or before it where it is now. */
  opensAt(participant: Participant, now: number): number;
}

interface PhoneTimesParts {
  readonly clock: Clock;
  /** undefined: people are asked at any hour. */
  readonly hours: Times | undefined;
  /** Where a full daily cap is waited for: when it has room again, as far as is known. undefined: the run stops at the cap. */
  readonly roomAt: (() => number | undefined) | undefined;
  /** Takes the pairs that are not asked now, for later in this run. */
  readonly later: (pair: Pair) => void;
}

/** Who else uses up a shared cap is not known: room is looked for again after this long, ms. */
const LOOK_AGAIN_MS = 600_000;

/** The times at which one phone may ask: the hours of the person, and room under its daily cap. */
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

  /** The daily cap is full. True: it is waited for, and false: the run stops. */
  waitsForCap(): boolean {
    const { roomAt, clock } = this.#parts;
    if (roomAt === undefined) return false;
    this.#cappedUntil = roomAt() ?? clock.now() + LOOK_AGAIN_MS;
    return true;
  }
}

/** The part of the shared cap that a ledger needs. */
export type CapKeeper = Pick<SharedCap, 'reserve' | 'recorded' | 'giveBack' | 'notDone'>;

const DAY_MS = 86_400_000;

/**
 * Has the ledger remember asks, within `--daily-cap`: participants asked by this sender in any 24 h, across runs. The
 * ledger counts an ask once it is durable, so those on their way there are waited for when it is close: the cap is
 * neither passed nor left unused.
 */
export class CappedLedger {
  readonly #ledger: AskLedger;
  readonly #sender: string;
  readonly #cap: number | undefined;
  readonly #recording = new Set<Promise<unknown>>();
  /** People granted whom the ledger may not count yet. */
  #reserved = 0;
  readonly #shared: CapKeeper | undefined;
  /** Room set aside with others and not used yet: whose ask takes which is the same. */
  readonly #rooms: Room[] = [];
  /** People of asks recorded by this run, while the shared cap may have to be told that one was not done. */
  readonly #people = new Map<number, number>();

  /** @param shared keeps the cap together with other processes; without, this ledger alone counts. */
  constructor(ledger: AskLedger, sender: string, cap: number | undefined, shared?: CapKeeper) {
    this.#ledger = ledger;
    this.#sender = sender;
    this.#cap = cap;
    this.#shared = cap === undefined ? undefined : shared;
  }

  /**
   * How many of so many people may be asked now: fewer when the cap is near, none when it is reached. They are set aside
   * at once, so that no other ask takes the same room; `asked` for just so many must follow.
   */
  async reserve(people: number): Promise<number> {
    const cap = this.#cap ?? Number.POSITIVE_INFINITY;
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

  /** Resolves with the ask's number once the record is durable. */
  async asked(ask: Ask, people: readonly Participant[]): Promise<number> {
    if (this.#shared !== undefined) return this.#asked(this.#shared, ask, people);
    const record = this.#ledger.asked(pairsOf(ask, people), this.#sender);
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
