/**
 * Compact set of pairs with one number each: open addressing on typed arrays, about 30 bytes a pair where a Map of
 * strings takes 150. Keyed by group and person: a number and its known variant are one person (`personKey`).
 */
import { personKey } from '../domain/ids.ts';
import type { ChatId, Pair } from '../domain/words.ts';

/** Smallest table; every table size is a power of two. */
const FIRST_SLOTS = 64;

/** Hash that spreads neighbouring numbers, because phone blocks are sequences. (Finalizer of MurmurHash3.) */
function hash(group: number, person: number): number {
  // A person key has up to 15 digits, so up to 50 bits: both halves count.
  let h =
    Math.imul(group + 1, 0x9e3779b1) ^ (person >>> 0) ^ Math.imul((person / 0x1_0000_0000) | 0, 0x85ebca6b);
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Typed array with room for at least `length` elements and the contents of `old`. */
export function grown<T extends Float64Array | Uint32Array | Uint16Array | Uint8Array>(
  old: T,
  length: number,
): T {
  if (old.length >= length) return old;
  const bigger = new (old.constructor as new (length: number) => T)(Math.max(length, old.length * 2));
  bigger.set(old);
  return bigger;
}

export class PairIndex {
  readonly #groups = new Map<ChatId, number>();
  readonly #chatIds: ChatId[] = [];
  /** Slot → entry + 1; 0 is empty. At most half full, which keeps probes short. */
  #slots = new Uint32Array(FIRST_SLOTS);
  #group = new Uint32Array(FIRST_SLOTS / 2);
  #person = new Float64Array(FIRST_SLOTS / 2);
  #value = new Float64Array(FIRST_SLOTS / 2);
  #size = 0;
  /** The pair found last, cached: callers ask for several values of the same pair in a row. */
  #found: Pair | undefined;
  #foundEntry = -1;

  /** Number of pairs, and the entry that the next new pair gets. */
  get size(): number {
    return this.#size;
  }

  get(pair: Pair): number | undefined {
    const entry = this.find(pair);
    return entry === -1 ? undefined : this.#value[entry];
  }

  set(pair: Pair, value: number): void {
    // Insert first: it may replace the array.
    const entry = this.insert(pair);
    this.#value[entry] = value;
  }

  add(pair: Pair): boolean {
    const before = this.#size;
    return this.insert(pair) === before;
  }

  /** The pair's entry, in order of insertion from 0; -1: not in the index. Never changes. */
  find(pair: Pair): number {
    if (pair === this.#found) return this.#foundEntry;
    const group = this.#groups.get(pair.chatId);
    if (group === undefined) return -1;
    const entry = (this.#slots[this.#probe(group, Number(personKey(pair.participant)))] as number) - 1;
    // Only hits are cached: a missing pair may be inserted later, an entry never moves.
    if (entry !== -1) [this.#found, this.#foundEntry] = [pair, entry];
    return entry;
  }

  /** The pair's entry; created with value 0 when missing. */
  insert(pair: Pair): number {
    let group = this.#groups.get(pair.chatId);
    if (group === undefined) {
      group = this.#groups.size;
      this.#groups.set(pair.chatId, group);
      this.#chatIds.push(pair.chatId);
    }
    const person = Number(personKey(pair.participant));
    let slot = this.#probe(group, person);
    const found = this.#slots[slot] as number;
    if (found !== 0) return found - 1;

    if ((this.#size + 1) * 2 > this.#slots.length) {
      this.#enlarge();
      slot = this.#probe(group, person);
    }
    const entry = this.#size++;
    this.#slots[slot] = entry + 1;
    this.#group[entry] = group;
    this.#person[entry] = person;
    return entry;
  }

  chatAt(entry: number): ChatId {
    return this.#chatIds[this.#group[entry] as number] as ChatId;
  }

  valueAt(entry: number): number {
    return this.#value[entry] as number;
  }

  setAt(entry: number, value: number): void {
    this.#value[entry] = value;
  }

  /** The slot of this key, or the empty slot where it belongs. */
  #probe(group: number, person: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash(group, person) & mask; ; slot = (slot + 1) & mask) {
      const entry = (this.#slots[slot] as number) - 1;
      if (entry === -1 || (this.#person[entry] === person && this.#group[entry] === group)) return slot;
    }
  }

  #enlarge(): void {
    const entries = this.#slots.length;
    this.#group = grown(this.#group, entries);
    this.#person = grown(this.#person, entries);
    this.#value = grown(this.#value, entries);
    this.#slots = new Uint32Array(entries * 2);
    for (let entry = 0; entry < this.#size; entry++) {
      this.#slots[this.#probe(this.#group[entry] as number, this.#person[entry] as number)] = entry + 1;
    }
  }
}
