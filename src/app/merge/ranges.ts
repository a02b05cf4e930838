/** Ranges shown; beyond them they are counted. */
const SHOWN = 20;

/** Line numbers that rise, kept as ranges: `3, 7–9`. Memory grows with the ranges that are shown, not with the lines. */
export class Ranges {
  readonly #ranges: [from: number, to: number][] = [];
  #last = Number.NEGATIVE_INFINITY;
  #more = 0;
  lines = 0;

  /** @param to inclusive */
  add(from: number, to = from): void {
    this.lines += to - from + 1;
    const open = this.#ranges.at(-1);
    if (this.#last === from - 1) {
      if (open && this.#more === 0) open[1] = to;
    } else if (this.#ranges.length < SHOWN) this.#ranges.push([from, to]);
    else this.#more++;
    this.#last = to;
  }

  toString(): string {
    const shown = this.#ranges.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(', ');
    return this.#more > 0 ? `${shown} and ${this.#more} more places` : shown;
  }
}
