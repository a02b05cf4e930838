import { numberText, type Place } from '../../domain/words.ts';

/** Tally of lines or rows in ascending order: the first few, and the total. */
export class Lines {
  #count = 0;
  readonly #first: Place[] = [];
  readonly #word: string;

  constructor(word: 'line' | 'row') {
    this.#word = word;
  }

  add(place: Place): void {
    if (place.line === this.#first.at(-1)?.line) return;
    this.#count++;
    if (this.#first.length < 3) this.#first.push(place);
  }

  get count(): number {
    return this.#count;
  }

  get first(): number | undefined {
    return this.#first[0]?.line;
  }

  /** `line 3`, `lines 3 and 9`, `lines 3, 9, 12 and 5 more`. */
  toString(): string {
    const shown = this.#first.map(numberText);
    const more = this.#count - shown.length;
    const last = more > 0 ? `${more} more` : (shown.pop() ?? '');
    return shown.length === 0 ? `${this.#word} ${last}` : `${this.#word}s ${shown.join(', ')} and ${last}`;
  }
}
